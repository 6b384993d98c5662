// What grew between two audits: sums, order, honesty about what cannot be compared.
#include <gtest/gtest.h>

#include <sstream>

#include "reports/diff_report.h"
#include "tests/analyze.h"
#include "tests/golden_store.h"
#include "tests/random_store.h"
#include "tests/saved_audits.h"

namespace regsweep::reports {
namespace {

using tests::AuditWriter;
using tests::layer;
using tests::StoreBuilder;

AuditWriter last_week() {
  AuditWriter audit;
  audit.repo("library/debian", 4, {.exclusive = 90'000'000})
      .repo("team/app", 3, {.exclusive = 9'000'000, .shared = 500'000, .reclaimable = 400'000})
      .repo("team/old", 2, {.exclusive = 700'000'000, .shared = 500'000})
      .repo("team/tool", 2, {.exclusive = 7000, .shared = 500'000, .untagged = 5000})
      .shared_blobs(500'000)
      .shared_garbage(30'000)
      .uploads(2'000'000)
      .links(400, true)
      .finding("old-upload", "note", 2)
      .finding("stray-file", "note", 1)
      .finding("symlink", "warning", 1);
  return audit;
}

AuditWriter this_week() {
  AuditWriter audit;
  audit.repo("library/debian", 4, {.exclusive = 90'000'000})
      .repo("team/app", 9,
            {.exclusive = 1'300'000'000, .shared = 500'000, .reclaimable = 9'000'000})
      .repo("team/new", 1, {.exclusive = 60'000'000, .untagged = 20'000'000})
      .repo("team/tool", 2, {.exclusive = 7000, .shared = 500'000})
      .shared_blobs(500'000)
      .orphans(3'000'000)
      .links(460, true)
      .finding("broken-tag", "danger", 2)
      .finding("old-upload", "note", 5)
      .finding("symlink", "warning", 1);
  return audit;
}

AuditDiff diff_of(const AuditWriter& before, const AuditWriter& after) {
  return compare_audits(before.saved("last-week.json"), after.saved("this-week.json"));
}

std::vector<std::string> names(const DiffRows& rows) {
  std::vector<std::string> all;
  for (const RepositoryChange* row : rows.shown) all.push_back(row->name);
  return all;
}

std::vector<DiffNote> notes_of(const AuditWriter& before, const AuditWriter& after) {
  return diff_of(before, after).notes;
}

using Names = std::vector<std::string>;
using Notes = std::vector<DiffNote>;

TEST(Diff, ListsWhatChangedAndCountsTheRest) {
  const AuditDiff diff = diff_of(last_week(), this_week());
  EXPECT_EQ(diff.new_repositories, 1u);
  EXPECT_EQ(diff.gone_repositories, 1u);
  EXPECT_EQ(diff.unchanged_repositories, 1u);
  ASSERT_EQ(diff.repositories.size(), 4u);
  EXPECT_EQ(diff.repositories[0].name, "team/app");
  EXPECT_EQ(diff.repositories[0].additive.tags.by(), 6);
  EXPECT_EQ(diff.repositories[0].additive.exclusive.apparent.by(), 1'291'000'000);
  EXPECT_EQ(diff.repositories[1].state, RepositoryState::kNew);
  EXPECT_EQ(diff.repositories[2].state, RepositoryState::kGone);
  EXPECT_EQ(diff.repositories[2].size.apparent.by(), -700'500'000);
}

TEST(Diff, FindingsAreNewMoreFewerOrGone) {
  const AuditDiff diff = diff_of(last_week(), this_week());
  ASSERT_EQ(diff.findings.size(), 3u);
  EXPECT_EQ(diff.findings[0].code, "broken-tag");  // the gravest first
  EXPECT_EQ(diff.findings[0].objects, (Change{0, 2}));
  EXPECT_EQ(diff.findings[1].objects, (Change{2, 5}));
  EXPECT_EQ(diff.findings[2].objects, (Change{1, 0}));
  EXPECT_EQ(diff.unchanged_findings, 1u);
}

TEST(Diff, SortsByTheSizeOfTheChangeWhateverItsDirection) {
  const AuditDiff diff = diff_of(last_week(), this_week());
  const auto sorted = [&](DiffSort by) { return names(diff_rows(diff, {.sort = by})); };
  EXPECT_EQ(sorted(DiffSort::kSize), (Names{"team/app", "team/old", "team/new", "team/tool"}));
  EXPECT_EQ(sorted(DiffSort::kExclusive), (Names{"team/app", "team/old", "team/new", "team/tool"}));
  EXPECT_EQ(sorted(DiffSort::kReclaimable),
            (Names{"team/app", "team/new", "team/old", "team/tool"}));
  EXPECT_EQ(sorted(DiffSort::kTags), (Names{"team/app", "team/old", "team/new", "team/tool"}));
  EXPECT_EQ(sorted(DiffSort::kName), (Names{"team/app", "team/new", "team/old", "team/tool"}));
}

TEST(Diff, OtherStoresAreANoteAndSoIsWhatCannotBeCompared) {
  const AuditWriter whole = AuditWriter().links(5, false);
  EXPECT_EQ(notes_of(whole, whole), Notes{});
  AuditWriter moved = whole;
  moved.json["store"]["root"] = "/srv/registry";
  EXPECT_EQ(notes_of(whole, moved), Notes{DiffNote::kOtherStore});
  const AuditWriter estimated = AuditWriter().links(5, true);
  EXPECT_EQ(notes_of(whole, estimated), Notes{DiffNote::kExactDiffers});
  EXPECT_EQ(notes_of(estimated, estimated), Notes{DiffNote::kEstimated});
  AuditWriter unread = whole;
  unread.json["complete"] = false;
  EXPECT_EQ(notes_of(unread, whole), Notes{DiffNote::kOldIncomplete});
  EXPECT_EQ(notes_of(whole, unread), Notes{DiffNote::kNewIncomplete});
  EXPECT_FALSE(diff_of(whole, unread).complete());
}

TEST(Diff, TheLargestNumbersStillHaveADifference) {
  const std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ((Change{0, most}).by(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ((Change{most, 0}).by(), -std::numeric_limits<std::int64_t>::max());
}

// Properties, on audits of random stores --------------------------------------------------------

BytesChange negated(const BytesChange& bytes) {
  return {{bytes.apparent.after, bytes.apparent.before},
          {bytes.allocated.after, bytes.allocated.before}};
}

void expect_opposite(const AuditDiff& one, const AuditDiff& other) {
  ASSERT_EQ(one.repositories.size(), other.repositories.size());
  for (std::size_t i = 0; i < one.repositories.size(); ++i) {
    EXPECT_EQ(one.repositories[i].name, other.repositories[i].name);
    EXPECT_EQ(one.repositories[i].size, negated(other.repositories[i].size));
    EXPECT_EQ(one.repositories[i].additive.tags.by(), -other.repositories[i].additive.tags.by());
  }
  EXPECT_EQ(one.total.bytes, negated(other.total.bytes));
  EXPECT_EQ(one.not_exclusive, negated(other.not_exclusive));
  EXPECT_EQ(one.new_repositories, other.gone_repositories);
  EXPECT_EQ(one.unchanged_repositories, other.unchanged_repositories);
  ASSERT_EQ(one.findings.size(), other.findings.size());
}

void expect_empty(const AuditDiff& diff) {
  EXPECT_TRUE(diff.repositories.empty());
  EXPECT_TRUE(diff.findings.empty());
  EXPECT_EQ(diff.total.bytes.allocated.distance(), 0u);
  EXPECT_EQ(diff.all_repositories.tags.distance(), 0u);
}

/// Rows, those not shown and those of no single repository add up to the classes of space.
void expect_sums(const AuditDiff& diff, std::size_t top) {
  const DiffRows rows = diff_rows(diff, {.most_repositories = top});
  EXPECT_EQ(rows.shown.size() + rows.others_count, diff.repositories.size());
  std::int64_t exclusive = rows.others.exclusive.allocated.by();
  std::int64_t reclaimable = rows.others.reclaimable.allocated.by();
  std::int64_t tags = rows.others.tags.by();
  for (const RepositoryChange* row : rows.shown) {
    exclusive += row->additive.exclusive.allocated.by();
    reclaimable += row->additive.reclaimable.allocated.by();
    tags += row->additive.tags.by();
  }
  EXPECT_EQ(exclusive, diff.all_repositories.exclusive.allocated.by());
  EXPECT_EQ(tags, diff.tags.by());
  EXPECT_EQ(exclusive + diff.not_exclusive.allocated.by(),
            diff.space[0].bytes.allocated.by() + diff.space[1].bytes.allocated.by());
  EXPECT_EQ(
      reclaimable + diff.garbage_of_several.allocated.by() + diff.garbage_of_none.allocated.by(),
      diff.space[2].bytes.allocated.by());
  std::int64_t space = 0;
  for (const SpaceChange& row : diff.space) space += row.bytes.allocated.by();
  EXPECT_EQ(space, diff.total.bytes.allocated.by());
}

TEST(Diff, AddsUpAndIsItsOwnOppositeOnRandomStores) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    tests::RandomStore before(seed);
    tests::RandomStore after(seed + 1000 * (seed % 3));  // every third: the same store
    tests::add_odd_cases(after);
    const auto old_audit = tests::read_saved(tests::json_of(tests::audit_of(before.builder)));
    const auto new_audit = tests::read_saved(tests::json_of(tests::audit_of(after.builder)));
    ASSERT_TRUE(old_audit && new_audit) << seed;
    const AuditDiff diff = compare_audits(*old_audit, *new_audit);
    expect_empty(compare_audits(*old_audit, *old_audit));
    expect_opposite(diff, compare_audits(*new_audit, *old_audit));
    for (const std::size_t top : {0U, 1U, 2U, 1000U}) expect_sums(diff, top);
  }
}

// Whole reports -----------------------------------------------------------------------------------

std::string text_of(const AuditDiff& diff, const TextOptions& options, std::size_t top = 20) {
  std::ostringstream out;
  write_diff_text(diff, diff_rows(diff, {.apparent = options.apparent, .most_repositories = top}),
                  options, out);
  return out.str();
}

TEST(DiffGolden, Text) {
  const AuditDiff diff = diff_of(last_week(), this_week());
  tests::expect_golden("diff.txt", text_of(diff, {}));
  tests::expect_golden("diff_bytes.txt",
                       text_of(diff, {.raw_bytes = true, .apparent = true, .color = true}, 1));
}

TEST(DiffGolden, TextOfWhatCannotBeComparedInFull) {
  AuditWriter before = last_week();
  before.json["complete"] = false;
  before.json["store"]["root"] = "/srv/old";
  tests::expect_golden("diff_notes.txt",
                       text_of(diff_of(before, AuditWriter().links(3, false)), {.width = 80}));
}

TEST(DiffGolden, MachineFormats) {
  const AuditDiff diff = diff_of(last_week(), this_week());
  const DiffRows rows = diff_rows(diff, {.most_repositories = 3});
  std::ostringstream json;
  write_diff_json(diff, rows, json);
  tests::expect_golden("diff.json", json.str());
  std::ostringstream csv;
  write_diff_csv(rows, csv);
  tests::expect_golden("diff.csv", csv.str());
  std::ostringstream ndjson;
  write_diff_ndjson(rows, ndjson);
  tests::expect_golden("diff.ndjson", ndjson.str());
}

TEST(Diff, JsonOfNoChangeIsWholeAndItsListIsEmpty) {
  const AuditDiff diff = diff_of(last_week(), last_week());
  std::ostringstream out;
  write_diff_json(diff, diff_rows(diff, {}), out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_TRUE(json.at("repositories").empty());
  EXPECT_TRUE(json.at("other_repositories").is_null());
  EXPECT_EQ(json.at("unchanged_repositories"), 4);
}

}  // namespace
}  // namespace regsweep::reports
