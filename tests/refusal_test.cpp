// Why no blob may be swept.
#include "analyzer/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A store with an image, and a symbolic link at `path` in it.
Audit audit_with_link(const std::string& path) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)});
  store.symlink(path, "elsewhere");
  return tests::audit_of(store);
}

TEST(Refusal, WhatALinkAmongRepositoriesHidesIsUnknown) {
  for (const char* path : {"repositories/b", "repositories/a/b"}) {
    EXPECT_THAT(audit_with_link(path).refusals, ElementsAre(HasSubstr(path))) << path;
  }
}

TEST(Refusal, NoRegistryLooksBesideRepositories) {
  EXPECT_THAT(audit_with_link("repositories.bak").refusals, IsEmpty());
}

}  // namespace
}  // namespace regsweep::analyzer
