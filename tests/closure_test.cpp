#include "analyzer/closure.h"

#include <gtest/gtest.h>

#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;

TEST(Closure, WhatIsALayerHereAndAManifestThereIsLookedInto) {
  StoreBuilder store;
  store.repo("a").untagged({layer("app", 40)}, "image").missing("app");
  const std::string image = store.digest_of("image");
  const std::string size = std::to_string(store.size_of("image"));
  const std::string descriptor = R"({"digest":")" + image + R"(","size":)" + size + '}';
  // An image that holds the manifest as its layer, and an index that names both.
  store.manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                 R"("config":)" +
                     descriptor + R"(,"layers":[)" + descriptor + "]}",
                 "", "wrapper");
  store.index("multi", {"wrapper", "image"});
  const Survey survey = tests::survey_of(store);
  const auto opened = tests::open_store(store);
  storage::Digest digest;
  ASSERT_EQ(parse_digest(store.digest_of("a:multi"), digest), storage::DigestError::kNone);
  const Closure closure = Closures(*opened, survey).of(digest);
  ASSERT_EQ(closure.lacks.size(), 1U);
  EXPECT_EQ(closure.lacks[0].digest.text(), store.digest_of("app"));
}

}  // namespace
}  // namespace regsweep::analyzer
