#include "analyzer/survey_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;

// Union and network file systems may list a name twice.
TEST(SurveyBuilder, ABlobThatIsMetTwiceIsOneBlob) {
  StoreBuilder builder;
  builder.repo("app")
      .image("1.0", {layer("base", 10), layer("top", 20)})
      .orphan(layer("orphan", 30));
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

// There may be tens of millions, met in any order.
TEST(SurveyBuilder, OfStrayFilesTheFirstAreNamedAndAllCounted) {
  StoreBuilder builder;
  builder.repo("app").image("1.0", {layer("base", 10)});
  const auto store = tests::open_store(builder);
  std::vector<int> order(1000);
  std::iota(order.begin(), order.end(), 1000);
  std::vector<std::string> wanted;
  for (int i = 0; i < 100; ++i) wanted.push_back("stray" + std::to_string(1000 + i));
  for (const unsigned seed : {1U, 2U}) {
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    SurveyBuilder met(*store);
    for (const int i : order) {
      storage::Event event;
      event.path = "stray" + std::to_string(i);
      event.facts.size_bytes = 3;
      event.facts.allocated_bytes = 512;
      met.event(std::move(event));
    }
    met.seal_blobs();
    Survey survey;
    tests::with_threads(2, [&] { survey = met.finish(); });
    EXPECT_EQ(survey.stray_files.objects, 1000U);
    EXPECT_EQ(survey.stray_files.bytes, (Bytes{3000, 512'000}));
    EXPECT_EQ(survey.stray_files.paths, wanted);
    EXPECT_TRUE(survey.events.empty());
    EXPECT_EQ(survey.stray_directories.objects, 0U);
  }
}

// 40 documents of this kind would else be 500 MB, and a line of 2 MB on a terminal.
TEST(SurveyBuilder, OfALongTextInADocumentOnlyABeginningIsKept) {
  const std::string type(100'000, 't');
  const std::string digest = "sha256:" + std::string(100'000, 'd');
  StoreBuilder builder;
  builder.repo("app").manifest(R"({"schemaVersion":2,"mediaType":")" + type +
                                   R"(","layers":[{"digest":")" + digest + R"("}]})",
                               "1.0");
  const Survey survey = tests::survey_of(builder);
  ASSERT_EQ(survey.graph.oddities.size(), 1U);
  EXPECT_LT(survey.graph.oddities[0].error_3.size(), 1100U);
  EXPECT_TRUE(survey.graph.oddities[0].error_3.ends_with("tt…"));
  ASSERT_EQ(survey.graph.invalid_texts.size(), 1U);
  EXPECT_LT(survey.graph.invalid_texts[0].size(), 1100U);
  // What repeats a registry's output needs all of it.
  const Survey names = tests::names_of(builder);
  EXPECT_TRUE(names.graph.oddities[0].error_3.ends_with(type));
  EXPECT_EQ(names.graph.invalid_texts[0], digest);
}

}  // namespace
}  // namespace regsweep::analyzer
