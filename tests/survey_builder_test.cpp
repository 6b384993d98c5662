#include "analyzer/survey_builder.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;

// Union and network file systems may list a name twice.
TEST(SurveyBuilder, ABlobThatIsMetTwiceIsOneBlob) {
  StoreBuilder builder;
  builder.repo("app").image("1.0", {layer("base", 10), layer("top", 20)}).orphan(layer("orphan", 30));
  builder.link("blobs/sha512/ab/ab" + std::string(126, '0') + "/data", "other");
  const auto store = tests::open_store(builder);
  const Survey once = tests::survey_of(builder);

  SurveyBuilder twice(*store);
  const storage::ScanOptions options;
  tests::with_threads(2, [&] {
    ASSERT_TRUE(store->scan_blobs(twice, options));
    ASSERT_TRUE(store->scan_blobs(twice, options));
    twice.seal_blobs();
    ASSERT_TRUE(store->scan_repositories(twice, options));
  });
  const Survey survey = twice.finish();
  ASSERT_EQ(survey.graph.digests.size(), once.graph.digests.size());
  for (std::size_t i = 0; i < survey.graph.digests.size(); ++i) {
    const DigestId id = digest_id(i);
    EXPECT_EQ(survey.graph.digests[id], once.graph.digests[id]);
    EXPECT_EQ(survey.graph.size_bytes[i], once.graph.size_bytes[i]);
    EXPECT_EQ(survey.graph.flags[i], once.graph.flags[i]);
  }
}

}  // namespace
}  // namespace regsweep::analyzer
