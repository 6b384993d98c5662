#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "reports/json_values.h"
#include "reports/plan_report.h"
#include "storage/content_hash.h"

namespace regsweep::reports {
namespace {

/// The file of a plan with one removal.
Json plan_file() {
  analyzer::Plan plan;
  plan.root = "/srv";
  plan.v2 = "/srv/docker/registry/v2";
  storage::Removal removal;
  removal.path = "blobs/sha256/aa/" + std::string(64, 'a');
  removal.identity = {7, 8, -9};
  plan.removals.push_back(removal);
  std::ostringstream out;
  write_plan_json(plan, out);
  return Json::parse(out.str());
}

/// Why a plan with this change is refused, with a checksum that fits; empty if it is taken.
std::string refusal_of(Json json) {
  json.erase("checksum");
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
  hash.add(json.dump());
  json["checksum"] = hash.finish().hex();
  const auto plan = read_plan_json(json.dump());
  return plan ? "" : plan.error().message;
}

TEST(PlanFile, NumbersAreTakenOnlyAsTheyAreWritten) {
  EXPECT_EQ(refusal_of(plan_file()), "");
  for (const char* name : {"inode", "size_bytes", "apparent_bytes", "allocated_bytes"}) {
    for (const Json& number : {Json(1e30), Json(1.5), Json(-1), Json(true), Json("7"), Json()}) {
      Json json = plan_file();
      json["removals"][0][name] = number;
      EXPECT_NE(refusal_of(json).find("malformed"), std::string::npos) << name << ' ' << number;
    }
  }
  for (const Json& number : {Json(1e30), Json(UINT64_MAX), Json(false)}) {
    Json json = plan_file();
    json["removals"][0]["mtime_ns"] = number;
    EXPECT_NE(refusal_of(json).find("malformed"), std::string::npos) << number;
  }
  Json json = plan_file();
  json["removals"][0]["inode"] = UINT64_MAX;
  json["removals"][0]["mtime_ns"] = INT64_MIN;
  json["rules"]["min_age_seconds"] = 0;
  EXPECT_EQ(refusal_of(json), "");
}

/// As plans were written when they stood in memory as one document.
std::string written_whole(Json json) {
  json.erase("checksum");
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
  hash.add(json.dump());
  json["checksum"] = hash.finish().hex();
  return json.dump(1) + '\n';
}

TEST(PlanFile, WrittenInPiecesItHasTheBytesThatItHadAsAWhole) {
  analyzer::Plan plan;
  plan.root = "/srv \"a\"\n";
  plan.refusals = {"no"};
  plan.rules.ignore_damaged = {"a", "b"};
  for (const std::size_t removals : {0U, 1U, 3U}) {
    for (const bool repair : {false, true}) {
      plan.removals.resize(removals);
      for (storage::Removal& removal : plan.removals) removal.path = "blobs/\xff\t}\\";
      plan.additions.resize(repair ? 2 : 0);
      plan.repair.reset();
      if (repair) plan.repair.emplace();
      std::ostringstream out;
      write_plan_json(plan, out);
      EXPECT_EQ(out.str(), written_whole(Json::parse(out.str())));
      EXPECT_EQ(Json::parse(out.str())["removals"].size(), removals);
    }
  }
}

TEST(PlanFile, AReasonMayBeAnyBytes) {
  analyzer::Plan plan;
  storage::Removal removal;
  removal.reason = "\x1b[31m \xff \\";
  plan.removals.push_back(removal);
  std::ostringstream out;
  write_plan_json(plan, out);
  EXPECT_EQ(out.str().find("\\u001b"), std::string::npos);
  const auto read = read_plan_json(out.str());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->removals.front().reason, removal.reason);
  TextOptions options;
  options.verbose = true;
  std::ostringstream text;
  write_plan_text(plan, options, text);
  EXPECT_NE(text.str().find("\\x1b[31m \\xff \\x5c"), std::string::npos) << text.str();
}

TEST(PlanFile, ASizeIsShownIfTheOneAskedForIsNotNothing) {
  analyzer::Plan plan;
  storage::Removal removal;
  removal.removal_class = storage::RemovalClass::kBlob;
  removal.apparent_bytes = 5'000'000;  // sparse
  plan.removals.push_back(removal);
  analyzer::count_in(plan, removal);
  for (const bool apparent : {false, true}) {
    TextOptions options;
    options.verbose = true;
    options.apparent = apparent;
    std::ostringstream text;
    write_plan_text(plan, options, text);
    std::size_t shown = 0;
    for (std::size_t at = 0; (at = text.str().find("4.8 MiB", at)) != std::string::npos; ++at) {
      ++shown;
    }
    EXPECT_EQ(shown, apparent ? 3u : 0u) << text.str();  // of its class, the total, its own
  }
}

TEST(PlanFile, OneThatIsNestedWithoutEndIsRefusedUnread) {
  constexpr std::size_t kLevels = 300'000;
  const std::string text = R"({"schema":"regsweep.plan/1","checksum":"","x":)" +
                           std::string(kLevels, '[') + std::string(kLevels, ']') + '}';
  const auto plan = read_plan_json(text);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message, "this is no plan: it is nested too deeply");
  Json json = plan_file();
  json["store"]["root"] = "[[[[[[[[[[[[[[[[[[[[[[ \" [[[[[[[[[[ \\";
  EXPECT_EQ(refusal_of(json), "");
}

}  // namespace
}  // namespace regsweep::reports
