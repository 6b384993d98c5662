// Joining reports that are files of a user: what is wrong with one is said with its name.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analyzer/verify.h"
#include "reports/verify_report.h"
#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::reports {
namespace {

using Json = nlohmann::ordered_json;

/// The report of a store that lacks a blob.
Json report_of(const analyzer::VerifyOptions& options) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 4000)});
  store.missing("app");
  analyzer::ContentProgress progress;
  return Json::parse(verify_json(analyzer::verify(*tests::open_store(store), options, progress)));
}

/// A report with something in every list.
Json whole_report() {
  analyzer::VerifyOptions options;
  options.context.root = options.context.store = "/r";
  Json report = report_of(options);
  const std::string digest = report["damaged"][0]["digest"];
  report["odd_kinds"] = {{{"digest", digest}, {"claimed", "gzip"}, {"found", "zstd"}}};
  report["unsteady"] = {digest};
  report["unknown"] = {{{"digest", digest}, {"detail", "no"}}};
  return report;
}

std::string error_of(const Json& report) {
  const auto merged = merge_verify({{"one.json", report.dump()}});
  if (merged) return "none";
  return merged.error().path + ": " + merged.error().message;
}

/// Every value in a document, and what has it.
void each_place(const Json& json, const Json::json_pointer& at,
                const std::function<void(const Json::json_pointer&)>& visit) {
  if (!json.is_structured()) return;
  for (const auto& [name, value] : json.items()) {
    const Json::json_pointer inside =
        json.is_array() ? at / static_cast<std::size_t>(std::stoul(name)) : at / name;
    visit(inside);
    each_place(value, inside, visit);
  }
}

TEST(VerifyMerge, WhatIsMissingIsNamedWithItsFile) {
  Json report = whole_report();
  EXPECT_EQ(error_of(report), "none");
  Json without = report;
  without.erase("store");
  EXPECT_TRUE(error_of(without).starts_with("one.json: is no whole report: store is missing"))
      << error_of(without);
  report["damaged"][0]["tags"][0]["tag"] = 5;
  EXPECT_TRUE(error_of(report).starts_with(
      "one.json: is no whole report: damaged[0].tags[0].tag is no text"))
      << error_of(report);
}

TEST(VerifyMerge, WhateverStandsAnywhereItIsPrintedOrRefused) {
  const Json whole = whole_report();
  std::size_t refused = 0;
  each_place(whole, Json::json_pointer(), [&](const Json::json_pointer& at) {
    for (const Json& other :
         {Json(), Json("x"), Json(-1), Json(1.5), Json(true), Json::array({1}), Json::object()}) {
      Json report = whole;
      report[at] = other;
      const auto merged = merge_verify({{"one.json", report.dump()}});
      if (!merged) {
        ++refused;
        EXPECT_EQ(merged.error().path, "one.json") << at.to_string() << ' ' << other;
        continue;
      }
      std::ostringstream out;
      EXPECT_NO_THROW(write_verify_text(merged->json, {}, out)) << at.to_string() << ' ' << other;
    }
  });
  EXPECT_GT(refused, 100u);
}

TEST(VerifyMerge, OneThatIsNestedWithoutEndIsRefusedUnread) {
  constexpr std::size_t kLevels = 300'000;
  std::string text = whole_report().dump();
  text.pop_back();
  text += ",\"x\":" + std::string(kLevels, '[') + std::string(kLevels, ']') + '}';
  const auto merged = merge_verify({{"one.json", text}});
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().path, "one.json");
  EXPECT_EQ(merged.error().message, "is no report: it is nested too deeply");
}

TEST(VerifyMerge, OnlyWhatIsKnownIsCarriedOver) {
  Json report = whole_report();
  const std::string as_it_was = report.dump(1) + '\n';
  report["x"] = {1, 2, 3};
  const auto merged = merge_verify({{"one.json", report.dump()}});
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->json, as_it_was);
}

TEST(VerifyMerge, OneStoreNamedInTwoWaysIsOne) {
  analyzer::VerifyOptions options;
  options.selection.shards = 2;
  options.selection.shard = 1;
  options.context.root = options.context.store = "/var/lib/registry";
  const Json one = report_of(options);
  options.selection.shard = 2;
  options.context.root = "/mnt/registry";
  options.context.store = "/etc/docker/registry/config.yml";
  const Json two = report_of(options);
  ASSERT_FALSE(one["findings"].empty());
  ASSERT_NE(one["findings"], two["findings"]);  // their next commands name the store
  const auto merged = merge_verify({{"1", one.dump()}, {"2", two.dump()}});
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(Json::parse(merged->json)["store"], one["store"]);
  for (const char* place : {"/store/blobs", "/store/bytes", "/store/tags", "/store/repositories",
                            "/findings/0/objects", "/findings/0/code", "/findings/0/subjects/0"}) {
    Json changed = two;
    Json& value = changed[Json::json_pointer(place)];
    value = value.is_string() ? Json("another") : Json(value.get<int>() + 1);
    const auto refused = merge_verify({{"1", one.dump()}, {"2", changed.dump()}});
    ASSERT_FALSE(refused) << place;
    EXPECT_NE(refused.error().message.find("another store"), std::string::npos);
  }
}

TEST(VerifyMerge, AReportOfBeforeItsStoreHadAConfigIsOne) {
  Json report = whole_report();
  report["store"].erase("config");
  const auto merged = merge_verify({{"one.json", report.dump()}});
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_TRUE(Json::parse(merged->json)["store"]["config"].is_null());
}

TEST(VerifyMerge, NoTextOfAReportReachesTheTerminalAsItIs) {
  const Json whole = whole_report();
  each_place(whole, Json::json_pointer(), [&](const Json::json_pointer& at) {
    if (!whole[at].is_string() || at.to_string() == "/schema") return;
    Json report = whole;
    report[at] = "a\x1b[31mb";
    const auto merged = merge_verify({{"one.json", report.dump()}});
    ASSERT_TRUE(merged) << at.to_string();
    std::ostringstream out;
    TextOptions options;
    options.verbose = true;
    write_verify_text(merged->json, options, out);
    EXPECT_EQ(out.str().find('\x1b'), std::string::npos) << at.to_string();
  });
}

}  // namespace
}  // namespace regsweep::reports
