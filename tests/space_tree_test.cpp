// Where each blob is at home.
#include "analyzer/space_tree.h"

#include <gtest/gtest.h>

#include "tests/analyze.h"
#include "tests/random_store.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;
using Kind = SpaceNode::Kind;

constexpr std::uint64_t kNone = 0;

SpaceTree tree_of(const Audit& audit, int threads = 2) {
  SpaceTree tree;
  tests::with_threads(threads, [&] { tree = space_tree(audit.survey, audit.accounts); });
  return tree;
}

/// "team/" for a namespace, "team/app" for a repository, "team/app:1" for a tag.
std::string name_of(const Audit& audit, const SpaceTree& tree, std::size_t i) {
  const SpaceNode& node = tree.nodes[i];
  if (node.kind == Kind::kNamespace) return tree.namespaces[i] + '/';
  const Repository& repository = audit.survey.repositories[node.tag.repository];
  if (node.kind == Kind::kRepository) return repository.name;
  return repository.name + ':' + repository.tags[node.tag.tag].name;
}

class SpaceTreeTest : public ::testing::Test {
 protected:
  void look() {
    audit_ = tests::audit_of(store_);
    tree_ = tree_of(audit_);
  }
  const SpaceNode& node(const std::string& name) const {
    for (std::size_t i = 0; i < tree_.nodes.size(); ++i) {
      if (name_of(audit_, tree_, i) == name) return tree_.nodes[i];
    }
    ADD_FAILURE() << "no " << name;
    return tree_.nodes[0];
  }
  std::uint64_t tagged(const std::string& name) const { return node(name).own.tagged.apparent; }
  std::uint64_t untagged(const std::string& name) const { return node(name).own.untagged.apparent; }
  std::uint64_t garbage(const std::string& name) const { return node(name).own.garbage.apparent; }
  std::uint64_t manifest(const std::string& name) const {
    return store_.size_of(name) + tests::kConfigBytes;
  }

  StoreBuilder store_;
  Audit audit_;
  SpaceTree tree_;
};

TEST_F(SpaceTreeTest, AnEmptyStoreIsARoot) {
  look();
  ASSERT_EQ(tree_.nodes.size(), 1U);
  EXPECT_EQ(tree_.namespaces, std::vector<std::string>{""});
  EXPECT_EQ(tree_.totals()[0].blobs, 0U);
}

TEST_F(SpaceTreeTest, WhatOneTagReachesIsTheTags) {
  store_.repo("app").image("1", {layer("one", 1000)});
  look();
  EXPECT_EQ(tagged("app:1"), 1000 + manifest("app:1"));
  EXPECT_EQ(tagged("app"), kNone);
}

TEST_F(SpaceTreeTest, WhatTwoTagsOfARepositoryShareIsTheRepositorys) {
  store_.repo("app").image("1", {layer("base", 9000), layer("one", 1000)});
  store_.image("2", {layer("base", 9000), layer("two", 2000)});
  look();
  EXPECT_GE(tagged("app"), 9000U);
  EXPECT_LT(tagged("app"), 9000U + 2 * tests::kConfigBytes);
  EXPECT_EQ(tagged("/"), kNone);
}

TEST_F(SpaceTreeTest, WhatRepositoriesShareIsTheNamespacesThatHasThem) {
  store_.repo("team/a").image("1", {layer("team", 5000), layer("all", 70'000), layer("a", 1)});
  store_.repo("team/b/c").image("1", {layer("team", 5000), layer("all", 70'000), layer("c", 2)});
  store_.repo("other").image("1", {layer("all", 70'000), layer("o", 3)});
  look();
  EXPECT_GE(tagged("team/"), 5000U);
  EXPECT_LT(tagged("team/"), 6000U);
  EXPECT_GE(tagged("/"), 70'000U);
  EXPECT_LT(tagged("/"), 71'000U);
  EXPECT_EQ(tagged("team/b/"), kNone);
}

TEST_F(SpaceTreeTest, ARepositoryWithOthersBelowIsInTheNamespaceOfItsName) {
  store_.repo("team/app").image("1", {layer("base", 9000), layer("a", 1)});
  store_.repo("team/app/worker").image("1", {layer("base", 9000), layer("w", 2)});
  look();
  EXPECT_GE(tagged("team/app/"), 9000U);
  EXPECT_EQ(&tree_.nodes[node("team/app").parent], &node("team/app/"));
  EXPECT_EQ(&tree_.nodes[node("team/app/worker").parent], &node("team/app/"));
}

TEST_F(SpaceTreeTest, UntaggedAndGarbageAreTheRepositorys) {
  store_.repo("app").image("1", {layer("one", 10)}).untagged({layer("old", 3000)}, "old");
  store_.orphan(layer("dead", 400)).layer_link("dead").orphan(layer("orphan", 50));
  look();
  EXPECT_GE(untagged("app"), 3000U);
  EXPECT_EQ(garbage("app"), 400U);
  EXPECT_EQ(tree_.orphans.garbage.apparent, 50U);
  EXPECT_EQ(tree_.orphans.blobs, 1U);
  EXPECT_EQ(tree_.unheld.blobs, 0U);
}

TEST_F(SpaceTreeTest, GarbageOfTwoRepositoriesIsTheirNamespaces) {
  store_.repo("team/a").image("1", {layer("a", 10)}).orphan(layer("dead", 400)).layer_link("dead");
  store_.repo("team/b").image("1", {layer("b", 20)}).layer_link("dead");
  look();
  EXPECT_EQ(garbage("team/"), 400U);
}

TEST_F(SpaceTreeTest, AReferrerIsTheTagsThatItsSubjectHas) {
  store_.repo("app").image("1", {layer("one", 10)}).referrer("app:1", {layer("sbom", 900)});
  look();
  EXPECT_GE(tagged("app:1"), 910U);
  EXPECT_EQ(untagged("app"), kNone);
}

void expect_same(const Bytes& a, const Bytes& b, const char* what) {
  EXPECT_EQ(a.apparent, b.apparent) << what;
  EXPECT_EQ(a.allocated, b.allocated) << what;
}

/// Every blob is somewhere, once.
void check_totals(const Audit& audit, const SpaceTree& tree) {
  ClassSplit all = tree.totals()[0];
  all += tree.unheld;
  all += tree.orphans;
  const auto& accounts = audit.accounts;
  expect_same(all.tagged, accounts[SpaceClass::kTagged].bytes, "tagged");
  expect_same(all.untagged, accounts[SpaceClass::kUntagged].bytes, "untagged");
  expect_same(all.garbage, accounts[SpaceClass::kGarbage].bytes, "garbage");
  EXPECT_EQ(all.blobs, accounts[SpaceClass::kTagged].objects +
                           accounts[SpaceClass::kUntagged].objects +
                           accounts[SpaceClass::kGarbage].objects);
  expect_same(tree.orphans.garbage, accounts.garbage_of_none, "orphans");
}

/// A repository with its tags is what the accounts say is its own.
void check_repositories(const Audit& audit, const SpaceTree& tree) {
  const std::vector<ClassSplit> totals = tree.totals();
  ASSERT_EQ(tree.repository_at.size(), audit.survey.repositories.size());
  for (std::size_t i = 0; i < tree.repository_at.size(); ++i) {
    SCOPED_TRACE(audit.survey.repositories[i].name);
    const ClassSplit& here = totals[tree.repository_at[i]];
    const RepositoryFigures& figures = audit.accounts.repositories[i];
    expect_same(here.tagged + here.untagged, figures.exclusive, "exclusive");
    expect_same(here.garbage, figures.reclaimable, "reclaimable");
  }
}

void check_shape(const SpaceTree& tree) {
  for (std::size_t i = 1; i < tree.nodes.size(); ++i) {
    const SpaceNode& node = tree.nodes[i];
    ASSERT_LT(node.parent, i);
    EXPECT_EQ(node.depth, tree.nodes[node.parent].depth + 1);
    const bool tag = node.kind == Kind::kTag;
    EXPECT_EQ(tree.nodes[node.parent].kind, tag ? Kind::kRepository : Kind::kNamespace);
  }
}

TEST(SpaceTreeProperty, HoldsOnRandomStores) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    tests::RandomStore store(seed);
    const std::string odd = seed % 2 == 0 ? tests::add_odd_cases(store) : "";
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + odd);
    const Audit audit = tests::audit_of(store.builder);
    const SpaceTree tree = tree_of(audit);
    check_totals(audit, tree);
    check_repositories(audit, tree);
    check_shape(tree);
    const SpaceTree alone = tree_of(audit, 1);
    for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
      expect_same(tree.nodes[i].own.total(), alone.nodes[i].own.total(), "one thread");
    }
  }
}

TEST_F(SpaceTreeTest, NamesThatNoRegistryAcceptsMakeNoNamespaces) {
  std::string name = "deep";
  for (int i = 0; i < 900; ++i) name += "/d";
  store_.repo("deep/d/app").image("1", {layer("one", 1000)});
  store_.repo("other").image("1", {layer("two", 2000)});
  store_.directory("repositories/" + name + "/_layers");
  look();
  EXPECT_LT(tree_.namespaces.size(), 130U);
  const std::string longest = tree_.namespaces.back();
  EXPECT_EQ(longest.size(), 254U);
  EXPECT_EQ(longest, name.substr(0, 254));
  EXPECT_EQ(&tree_.nodes[node(name).parent], &node(longest + '/'));
  EXPECT_EQ(&tree_.nodes[node("deep/d/app").parent], &node("deep/d/"));
}

}  // namespace
}  // namespace regsweep::analyzer
