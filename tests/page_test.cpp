// The page of audit --html: nothing in it can leave its place, and what it draws adds up.
#include "reports/page.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "reports/page_data.h"
#include "reports/page_tree.h"
#include "tests/analyze.h"
#include "tests/random_store.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::Bytes;
using analyzer::SpaceClass;
using tests::layer;
using tests::StoreBuilder;

constexpr PageOptions kOptions = {.now_seconds = tests::kNow};

std::string page_of(const Audit& audit, int threads = 2) {
  std::ostringstream out;
  tests::with_threads(threads, [&] { write_audit_page(audit, kOptions, out); });
  return out.str();
}

Json tree_of(const Audit& audit, std::size_t most_tags = kOptions.most_tags) {
  Json tree;
  tests::with_threads(2, [&] { tree = page_tree(audit, most_tags); });
  return tree;
}

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

/// Adds the seven numbers of a node to others.
void add_own(const Json& own, std::vector<std::uint64_t>& sums) {
  sums.resize(7);
  if (own == 0) return;
  ASSERT_EQ(own.size(), 7U);
  for (std::size_t i = 0; i < 7; ++i) sums[i] += own[i].get<std::uint64_t>();
}

std::vector<std::uint64_t> sums_of(const Json& tree) {
  std::vector<std::uint64_t> sums;
  for (const Json& node : tree["nodes"]) add_own(node[3], sums);
  add_own(tree["unheld"], sums);
  add_own(tree["orphans"], sums);
  return sums;
}

void expect_all_blobs(const Audit& audit, const Json& tree) {
  const auto& accounts = audit.accounts;
  const auto& tagged = accounts[SpaceClass::kTagged];
  const auto& untagged = accounts[SpaceClass::kUntagged];
  const auto& garbage = accounts[SpaceClass::kGarbage];
  const std::vector<std::uint64_t> all = {tagged.objects + untagged.objects + garbage.objects,
                                          tagged.bytes.apparent,
                                          untagged.bytes.apparent,
                                          garbage.bytes.apparent,
                                          tagged.bytes.allocated,
                                          untagged.bytes.allocated,
                                          garbage.bytes.allocated};
  EXPECT_EQ(sums_of(tree), all);
}

std::size_t nodes_of(const Json& tree, std::string_view kind) {
  std::size_t count = 0;
  for (const Json& node : tree["nodes"]) count += node[0] == kind ? 1 : 0;
  return count;
}

TEST(ScriptSafe, HasNothingThatHtmlOrAScriptActsOn) {
  const Json data = {{"</script><script>", "a & b \u2028 \u2029 <!--"}};
  const std::string text = script_safe(data);
  EXPECT_EQ(text,
            R"({"\u003c/script\u003e\u003cscript\u003e":"a \u0026 b \u2028 \u2029 \u003c!--"})");
  EXPECT_EQ(Json::parse(text), data);
}

TEST(ScriptSafe, TakesBytesThatAreNoUtf8) {
  EXPECT_EQ(script_safe({{"a", "\xff"}}), "{\"a\":\"\ufffd\"}");
}

TEST(HtmlText, IsTextOnly) {
  EXPECT_EQ(html_text("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
}

TEST(Page, IsOneElementOfDataWhateverItsStrings) {
  std::ostringstream plain;
  write_page("a", PageKind::kAudit, {{"name", "a"}}, plain);
  std::ostringstream hostile;
  write_page("</title><script>", PageKind::kAudit, {{"name", "</script><script>{{scripts}}<!--"}},
             hostile);
  for (const std::string_view part : {"<script", "</script", "<!--", "</title>", "{{"}) {
    EXPECT_EQ(times(plain.str(), part), times(hostile.str(), part) - (part == "{{" ? 1 : 0))
        << part;
  }
}

TEST(Page, AsksForNothing) {
  const StoreBuilder store;
  const std::string page = page_of(tests::audit_of(store));
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  for (const std::string_view part : {" src=", "<link", "@import", "url("}) {
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  }
}

TEST(Page, EscapesNamesOfAStore) {
  StoreBuilder store;
  store.repo("a<script>alert(1)<").image("x<img src=x onerror=alert(1)>", {layer("l", 100)});
  store.repo("\x1b[31m\xff").image("1", {layer("m", 100)});
  const std::string page = page_of(tests::audit_of(store));
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_NE(page.find("x\\u003cimg"), std::string::npos);
}

TEST(Page, OfAnEmptyStore) {
  const StoreBuilder store;
  const Json tree = tree_of(tests::audit_of(store));
  EXPECT_EQ(tree["nodes"].size(), 1U);
  EXPECT_EQ(sums_of(tree), std::vector<std::uint64_t>(7));
}

TEST(PageTree, NamesEveryPlaceAndAddsUp) {
  StoreBuilder store;
  store.repo("team/app")
      .image("1", {layer("base", 9000), layer("one", 100)})
      .image("2", {layer("base", 9000), layer("two", 200)})
      .untagged({layer("base", 9000), layer("old", 300)});
  store.repo("team/app/worker").image("1", {layer("worker", 50)}).orphan(layer("dead", 70));
  store.layer_link("dead").orphan(layer("orphan", 5000));
  const Audit audit = tests::audit_of(store);
  const Json tree = tree_of(audit);
  expect_all_blobs(audit, tree);
  std::vector<std::string> names;
  for (const Json& node : tree["nodes"]) {
    names.push_back(node[0].get<std::string>() + ' ' + node[2].get<std::string>());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"namespace ", "namespace team", "namespace team/app",
                                             "repository team/app", "tag 1", "tag 2",
                                             "repository team/app/worker", "tag 1"}));
  EXPECT_EQ(tree["orphans"][3], 5000);
  EXPECT_EQ(tree["nodes"][6][3][3], 70);
  EXPECT_EQ(tree["unheld"], 0);
}

/// A repository with tags of 100, 200, … bytes, and one with a single small one.
void write_many_tags(StoreBuilder& store) {
  store.repo("b/many");
  for (std::size_t i = 1; i <= 30; ++i) {
    store.image("t" + std::to_string(i), {layer("l" + std::to_string(i), i * 8192)});
  }
  store.repo("a").image("small", {layer("s", 1)});
  store.repo("c").image("large", {layer("c", 400'000)});
}

TEST(PageTree, SumsUpTheSmallestTagsOfARepository) {
  StoreBuilder store;
  write_many_tags(store);
  const Audit audit = tests::audit_of(store);
  const Json all = tree_of(audit);
  const Json few = tree_of(audit, 11);
  expect_all_blobs(audit, few);
  EXPECT_EQ(nodes_of(all, "tag"), 32U);
  EXPECT_EQ(nodes_of(all, "smaller"), 0U);
  EXPECT_EQ(nodes_of(few, "tag"), 11U);
  std::map<std::string, std::uint64_t> smaller;
  for (const Json& node : few["nodes"]) {
    if (node[0] != "smaller") continue;
    const Json& repository = few["nodes"][node[1].get<std::size_t>()];
    EXPECT_EQ(repository[0], "repository");
    smaller[repository[2]] = node[2].get<std::uint64_t>();
  }
  EXPECT_EQ(smaller, (std::map<std::string, std::uint64_t>{{"a", 1}, {"b/many", 20}}));
}

TEST(PageTree, WithoutAnyTag) {
  StoreBuilder store;
  write_many_tags(store);
  const Audit audit = tests::audit_of(store);
  const Json none = tree_of(audit, 0);
  expect_all_blobs(audit, none);
  EXPECT_EQ(nodes_of(none, "tag"), 0U);
  EXPECT_EQ(nodes_of(none, "smaller"), 3U);
}

TEST(PageData, ListsNoMoreBlobsThanAsked) {
  StoreBuilder store;
  write_many_tags(store);
  const Audit audit = tests::audit_of(store);
  Json data;
  tests::with_threads(2, [&] { data = page_data(audit, {tests::kNow, 20'000, 5}); });
  EXPECT_EQ(data["largest_blobs"]["rows"].size(), 5U);
  EXPECT_EQ(data["time"], "2024-06-07T00:00:00Z");
  EXPECT_EQ(data["counts"]["tags"], 32);
}

TEST(Page, OfRandomStoresAddsUpAndIsTheSameOnAnyNumberOfThreads) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    tests::RandomStore store(seed);
    const std::string odd = tests::add_odd_cases(store);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + odd);
    const Audit audit = tests::audit_of(store.builder);
    for (const std::size_t most : {std::size_t{0}, std::size_t{3}, std::size_t{20'000}}) {
      const Json tree = tree_of(audit, most);
      expect_all_blobs(audit, tree);
      EXPECT_LE(nodes_of(tree, "tag"), most);
    }
    EXPECT_EQ(page_of(audit, 1), page_of(audit, 8));
  }
}

}  // namespace
}  // namespace regsweep::reports
