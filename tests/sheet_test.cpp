// Sheets of every kind add up, on random stores and whatever is folded.
#include "reports/sheet.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>
#include <string>

#include "reports/capacity.h"
#include "reports/sheet_writers.h"
#include "tests/analyze.h"
#include "tests/random_store.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::Bytes;
using Kind = SheetRow::Kind;
using tests::kNow;
using tests::layer;
using tests::StoreBuilder;

analyzer::GroupOptions by_rule(const std::string& text) {
  std::string why;
  analyzer::GroupOptions options;
  options.rules.push_back(*analyzer::parse_group_rule(text, why));
  return options;
}

std::vector<Sheet> all_sheets(const Audit& audit) {
  std::vector<Sheet> sheets;
  tests::with_threads(2, [&] {
    const std::string prefix =
        audit.survey.repositories.empty() ? "x" : audit.survey.repositories[0].name;
    sheets = {repository_sheet(audit, {}),
              repository_sheet(audit, {.prefix = prefix, .depth = 0, .rules = {}}),
              repository_sheet(audit, {.prefix = "", .depth = 1, .rules = {}}),
              repository_sheet(audit, {.prefix = "", .depth = 2, .rules = {}}),
              repository_sheet(audit, by_rule("first=^([a-m])")),
              tag_sheet(audit, ""),
              tag_sheet(audit, prefix),
              media_type_sheet(audit),
              blob_age_sheet(audit, kNow),
              push_age_sheet(audit, kNow),
              largest_blob_sheet(audit, 5)};
  });
  return sheets;
}

/// What a column's rows add up to.
Cell sum_of(const Sheet& sheet, std::size_t column) {
  Bytes bytes;
  std::uint64_t count = 0;
  for (const SheetRow& row : sheet.rows) {
    if (const auto* cell = std::get_if<Bytes>(&row.cells[column])) bytes += *cell;
    if (const auto* cell = std::get_if<std::uint64_t>(&row.cells[column])) count += *cell;
  }
  if (sheet.columns[column].unit == Unit::kBytes) return bytes;
  return count;
}

void expect_sums(const Sheet& sheet) {
  int summed = 0;
  for (std::size_t c = 0; c < sheet.columns.size(); ++c) {
    const Metric& metric = sheet.columns[c];
    if (!metric.additive) continue;
    SCOPED_TRACE(std::string(sheet.name) + " " + std::string(metric.key));
    ++summed;
    const Cell sum = sum_of(sheet, c);
    if (metric.unit == Unit::kBytes) {
      ASSERT_TRUE(std::holds_alternative<Bytes>(sheet.total[c]));
      EXPECT_EQ(std::get<Bytes>(sum).allocated, std::get<Bytes>(sheet.total[c]).allocated);
      EXPECT_EQ(std::get<Bytes>(sum).apparent, std::get<Bytes>(sheet.total[c]).apparent);
    } else {
      EXPECT_EQ(std::get<std::uint64_t>(sum), std::get<std::uint64_t>(sheet.total[c]));
    }
  }
  EXPECT_GT(summed, 0) << sheet.name;
}

TEST(Sheet, EveryColumnThatMayBeAddedAddsUpOnRandomStores) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    tests::RandomStore store(seed);
    const std::string odd = seed % 2 == 0 ? tests::add_odd_cases(store) : "";
    SCOPED_TRACE("seed " + std::to_string(seed) + " " + odd);
    Audit audit = tests::audit_of(store.builder);
    for (Sheet& sheet : all_sheets(audit)) {
      ASSERT_FALSE(sheet.columns.empty());
      expect_sums(sheet);
      for (const std::size_t most : {std::size_t{3}, std::size_t{1}, std::size_t{0}}) {
        sort_items(sheet, column_at(sheet, "size"), most % 2 == 0);
        if (sheet.name != "blob") keep_first(sheet, most);
        expect_sums(sheet);
      }
    }
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Sheet, TotalsAreThoseOfTheAudit) {
  tests::RandomStore store(3);
  const Audit audit = tests::audit_of(store.builder);
  const auto& accounts = audit.accounts;
  using analyzer::SpaceClass;
  for (const Sheet& sheet : all_sheets(audit)) {
    if (const std::size_t at = column_at(sheet, "reclaimable"); at < sheet.columns.size()) {
      EXPECT_EQ(std::get<Bytes>(sheet.total[at]), accounts[SpaceClass::kGarbage].bytes);
      EXPECT_EQ(std::get<Bytes>(sheet.total[column_at(sheet, "exclusive")]),
                accounts[SpaceClass::kTagged].bytes + accounts[SpaceClass::kUntagged].bytes);
    }
  }
}

TEST(Sheet, TheSameForAnyNumberOfThreads) {
  tests::RandomStore store(5);
  std::string first;
  for (const int threads : {1, 2, 16}) {
    const Audit audit = tests::audit_of(store.builder, {.exact = false, .threads = threads});
    std::vector<Sheet> sheets;
    std::ostringstream text;
    for (const Sheet& sheet : all_sheets(audit)) {
      write_sheet_csv(sheet, text);
      text << sheet_json(sheet).dump() << '\n';
    }
    if (first.empty()) first = text.str();
    EXPECT_EQ(text.str(), first) << threads;
  }
}

TEST(Sheet, GroupsOfOneRepositoryEachMayComeInAnotherOrder) {
  StoreBuilder store;
  store.repo("a/z").image("1", {layer("large", 50'000)});
  store.repo("b/y").image("1", {layer("small", 3'000)});
  const Audit audit = tests::audit_of(store);
  Sheet sheet;
  tests::with_threads(2, [&] { sheet = repository_sheet(audit, by_rule("end=/(.)$")); });
  expect_sums(sheet);
  ASSERT_EQ(std::get<std::string>(sheet.rows[0].cells[0]), "end=y");
  const std::size_t size = column_at(sheet, "size");
  EXPECT_LT(std::get<Bytes>(sheet.rows[0].cells[size]).apparent, 5'000U);
  EXPECT_GT(std::get<Bytes>(sheet.rows[1].cells[size]).apparent, 50'000U);
}

Sheet small_sheet() {
  Sheet sheet;
  sheet.name = "repository";
  sheet.columns = {{"repository", "REPOSITORY", "A repository", Unit::kText},
                   {"size", "SIZE", "Its size", Unit::kBytes},
                   {"exclusive", "EXCLUSIVE", "Its own", Unit::kBytes, true},
                   {"newest_push", "LAST PUSH", "When", Unit::kTime}};
  const auto row = [&](std::string name, std::uint64_t size, std::int64_t time) {
    sheet.rows.push_back(
        {Kind::kItem, {std::move(name), Bytes{size, 2 * size}, Bytes{size, size}, Seconds{time}}});
  };
  row("a", 10, 100);
  row("b", 30, 0);
  row("c", 20, 300);
  sheet.rows.push_back({Kind::kRest, {"(shared)", {}, Bytes{1, 1}, {}}});
  sheet.total = {"total", {}, Bytes{61, 61}, {}};
  return sheet;
}

TEST(Sheet, FoldsWhatIsNotListedWithSumsOnlyWhereTheyMeanSomething) {
  Sheet sheet = small_sheet();
  sort_items(sheet, 1, true);
  keep_first(sheet, 1);
  ASSERT_EQ(sheet.rows.size(), 3U);
  EXPECT_EQ(std::get<std::string>(sheet.rows[0].cells[0]), "b");
  const SheetRow& others = sheet.rows[1];
  EXPECT_EQ(others.kind, Kind::kOthers);
  EXPECT_EQ(std::get<std::string>(others.cells[0]), "(2 more repositories)");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(others.cells[1]));
  EXPECT_EQ(std::get<Bytes>(others.cells[2]), (Bytes{30, 30}));
  EXPECT_EQ(std::get<Seconds>(others.cells[3]).value, 300);
  EXPECT_EQ(sheet.rows[2].kind, Kind::kRest);
}

TEST(Sheet, SortsNamesFromAToZAndFiguresTheLargestFirst) {
  Sheet sheet = small_sheet();
  sort_items(sheet, column_at(sheet, "newest_push"), false);
  EXPECT_EQ(std::get<std::string>(sheet.rows[0].cells[0]), "c");
  EXPECT_EQ(std::get<std::string>(sheet.rows[2].cells[0]), "b");
  sort_items(sheet, 0, false);
  EXPECT_EQ(std::get<std::string>(sheet.rows[0].cells[0]), "a");
  EXPECT_EQ(column_at(sheet, "no such column"), sheet.columns.size());
}

TEST(Sheet, CutsNamesToTheTerminalAndNeverFigures) {
  Sheet sheet = small_sheet();
  sheet.rows[0].cells[0] = std::string("a-very-long-name-of-a-repository/that-nobody-can-read");
  std::ostringstream out;
  write_sheet_text(sheet, {.raw_bytes = true, .width = 60}, out);
  EXPECT_NE(out.str().find("…"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("1970-01-01"), std::string::npos) << out.str();
  for (const std::string& line : tests::lines_of(out.str())) {
    if (line.find("must not be added") != std::string::npos) continue;
    EXPECT_LE(std::count_if(line.begin(), line.end(),
                            [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }),
              60)
        << line;
  }
}

TEST(Sheet, CsvAndPrometheusEscapeNames) {
  Sheet sheet = small_sheet();
  sheet.rows[0].cells[0] = std::string("a\"b,c\\x0a");
  std::ostringstream csv;
  write_sheet_csv(sheet, csv);
  EXPECT_NE(csv.str().find("item,\"a\"\"b,c\\x0a\",10,20,10,10,"), std::string::npos) << csv.str();
  std::ostringstream prometheus;
  write_sheets_prometheus({&sheet, 1}, false, prometheus);
  EXPECT_NE(
      prometheus.str().find("regsweep_repository_size_bytes{repository=\"a\\\"b,c\\\\x0a\"} 20\n"),
      std::string::npos)
      << prometheus.str();
}

TEST(Sheet, ARowWithoutANameIsNoOtherSeriesOfOneThatIsCalledLikeIt) {
  StoreBuilder store;
  store.repo("a").blob("x", "x").orphan(layer("y", 9));
  store.manifest(
      R"j({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[)j"
      R"j({"mediaType":"(nothing says)","size":1,"digest":")j" +
          store.digest_of("x") + R"j("}]})j",
      "1.0");
  const Sheet sheet = media_type_sheet(tests::audit_of(store));
  std::ostringstream out;
  write_sheets_prometheus({&sheet, 1}, true, out);
  std::set<std::string> series;
  for (const std::string& line : tests::lines_of(out.str())) {
    if (line[0] == '#') continue;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  const std::string blobs = "regsweep_media_type_blobs{media_type=\"(nothing says)\"";
  EXPECT_EQ(series.count(blobs + "}"), 1u) << out.str();
  EXPECT_EQ(series.count(blobs + ",kind=\"unnamed\"}"), 1u) << out.str();
}

TEST(Sheet, OthersHaveOneLabelInPrometheusHoweverManyTheyAre) {
  Sheet sheet = small_sheet();
  sheet.rows[0].cells[0] = std::string("(others)");
  sort_items(sheet, 0, false);
  keep_first(sheet, 1);
  std::ostringstream out;
  write_sheets_prometheus({&sheet, 1}, true, out);
  EXPECT_NE(out.str().find("_exclusive_apparent_bytes{repository=\"(others)\"} 10\n"),
            std::string::npos)
      << out.str();
  EXPECT_NE(
      out.str().find("_exclusive_apparent_bytes{repository=\"(others)\",kind=\"others\"} 50\n"),
      std::string::npos)
      << out.str();
}

}  // namespace
}  // namespace regsweep::reports
