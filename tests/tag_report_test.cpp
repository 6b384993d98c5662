#include "reports/tag_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::reports {
namespace {

using Json = nlohmann::ordered_json;

TEST(TagReport, OfManyTagsOnOneDigestTheFirstAreNamedAndAllAreCounted) {
  tests::StoreBuilder store;
  for (char tag = 'a'; tag < 'a' + 24; ++tag) {
    store.repo("r").image(std::string(1, tag), {tests::layer("app", 40)});
  }
  store.repo("s").image("alone", {tests::layer("other", 40)});
  const analyzer::Audit audit = tests::audit_of(store);
  const auto read = tests::open_store(store);
  TagReport report;
  report.tags = analyzer::list_tags(audit.survey, audit.damage, {});
  analyzer::add_details(*read, audit.survey, report.tags);
  std::ostringstream json;
  write_tags_json(audit.survey, report, json);
  const Json tags = Json::parse(json.str())["tags"];
  ASSERT_EQ(tags.size(), 25u);
  for (std::size_t t = 0; t < 24; ++t) {
    EXPECT_EQ(tags[t]["same_digest_tags"], 23);
    ASSERT_EQ(tags[t]["same_digest"].size(), analyzer::kMostSameDigest);
    EXPECT_EQ(tags[t]["same_digest"][0], t == 0 ? "r:b" : "r:a");
  }
  EXPECT_EQ(tags[24]["same_digest_tags"], 0);
  EXPECT_EQ(tags[24]["same_digest"], Json::array());
  std::ostringstream text;
  TextOptions options;
  options.verbose = true;
  write_tags_text(audit.survey, report, options, text);
  EXPECT_NE(text.str().find("= … and 3 more"), std::string::npos) << text.str();
}

}  // namespace
}  // namespace regsweep::reports
