#include "tests/invariants.h"

#include <gtest/gtest.h>

#include "analyzer/registry_collector.h"
#include "tests/analyze.h"

namespace regsweep::tests {
namespace {

using analyzer::Accounts;
using analyzer::Audit;
using analyzer::Bytes;
using analyzer::RegistryVersion;
using analyzer::RepositoryFigures;
using analyzer::SpaceClass;

std::uint64_t blob_objects(const Accounts& accounts) {
  return accounts[SpaceClass::kTagged].objects + accounts[SpaceClass::kUntagged].objects +
         accounts[SpaceClass::kGarbage].objects;
}

/// Bytes of the present ones among these digests.
std::uint64_t size_of(const NaiveStore& naive, const Digests& digests) {
  std::uint64_t bytes = 0;
  for (const std::string& digest : digests) {
    const auto blob = naive.blobs.find(digest);
    if (blob != naive.blobs.end()) bytes += blob->second;
  }
  return bytes;
}

Digests as_set(const std::vector<std::string>& digests) { return {digests.begin(), digests.end()}; }

void check_garbage(const Audit& audit, const NaiveStore& naive, const Digests& live) {
  std::map<std::string, std::uint64_t> reclaimable;
  std::uint64_t several = 0;
  std::uint64_t none = 0;
  for (const auto& [digest, bytes] : naive.blobs) {
    if (live.count(digest) != 0) continue;
    std::vector<std::string> linking;
    for (const auto& [name, repository] : naive.repositories) {
      if (repository.linked.count(digest) != 0) linking.push_back(name);
    }
    if (linking.empty()) {
      none += bytes;
    } else if (linking.size() == 1) {
      reclaimable[linking.front()] += bytes;
    } else {
      several += bytes;
    }
  }
  EXPECT_EQ(audit.accounts.garbage_of_none.apparent, none);
  EXPECT_EQ(audit.accounts.garbage_of_several.apparent, several);
  for (const auto& [name, repository] : naive.repositories) {
    EXPECT_EQ(figures_of(audit, name).reclaimable.apparent, reclaimable[name]) << name;
  }
}

void check_shares(const Audit& audit, const NaiveStore& naive) {
  std::map<std::string, Digests> reached;
  std::map<std::string, std::size_t> reached_by;
  for (const auto& [name, repository] : naive.repositories) {
    reached[name] = naive.reach(repository, false);
    for (const std::string& digest : reached[name]) ++reached_by[digest];
  }
  for (const auto& [name, repository] : naive.repositories) {
    const Digests by_tag = naive.reach(repository, true);
    Digests exclusive;
    Digests untagged;
    for (const std::string& digest : reached[name]) {
      if (reached_by[digest] == 1) exclusive.insert(digest);
      if (by_tag.count(digest) == 0) untagged.insert(digest);
    }
    const RepositoryFigures& figures = figures_of(audit, name);
    EXPECT_EQ(figures.size.apparent, size_of(naive, reached[name])) << name;
    EXPECT_EQ(figures.exclusive.apparent, size_of(naive, exclusive)) << name;
    EXPECT_EQ(figures.untagged.apparent, size_of(naive, untagged)) << name;
  }
}

}  // namespace

void check_accounts(const Audit& audit, const std::string& root) {
  const Accounts& accounts = audit.accounts;
  std::uint64_t objects = 0;
  Bytes bytes;
  for (const analyzer::SpaceRow& space : accounts.space) {
    objects += space.objects;
    bytes += space.bytes;
  }
  EXPECT_EQ(accounts.total.objects, objects);
  EXPECT_EQ(accounts.total.bytes, bytes);

  const analyzer::Graph& graph = audit.survey.graph;
  std::uint64_t blobs = 0;
  Bytes stored;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const analyzer::DigestId id = analyzer::digest_id(i);
    if (!graph.has(id, analyzer::kPresent) || graph.has(id, analyzer::kNotAFile)) continue;
    ++blobs;
    stored += graph.bytes(id);
  }
  EXPECT_EQ(blob_objects(accounts), blobs);
  EXPECT_EQ(accounts[SpaceClass::kTagged].bytes + accounts[SpaceClass::kUntagged].bytes +
                accounts[SpaceClass::kGarbage].bytes,
            stored);

  Bytes reclaimable;
  Bytes exclusive;
  for (const RepositoryFigures& figures : accounts.repositories) {
    EXPECT_EQ(figures.exclusive + figures.shared, figures.size);
    EXPECT_LE(figures.untagged.apparent, figures.size.apparent);
    reclaimable += figures.reclaimable;
    exclusive += figures.exclusive;
  }
  EXPECT_EQ(reclaimable, accounts.garbage_of_one);
  EXPECT_EQ(accounts.garbage_of_one + accounts.garbage_of_several + accounts.garbage_of_none,
            accounts[SpaceClass::kGarbage].bytes);
  EXPECT_LE(exclusive.apparent, accounts[SpaceClass::kTagged].bytes.apparent +
                                    accounts[SpaceClass::kUntagged].bytes.apparent);
  EXPECT_EQ(accounts.total.estimated, !audit.survey.exact);

  if (!audit.survey.exact) return;
  const DiskUsage usage = disk_usage(root);
  EXPECT_EQ(accounts.total.bytes.allocated, usage.allocated_bytes);
  EXPECT_EQ(accounts.total.bytes.apparent, usage.apparent_bytes);
  EXPECT_EQ(accounts.total.objects, usage.names);
}

void check_closure(const Audit& audit, const NaiveStore& naive) {
  const Digests live = naive.live(false);
  EXPECT_EQ(as_set(marked(audit.survey, audit.accounts.live)), live);
  EXPECT_EQ(as_set(marked(audit.survey, audit.accounts.live_by_tag)), naive.live(true));
  EXPECT_EQ(audit.survey.repositories.size(), naive.repositories.size());
  EXPECT_EQ(blob_objects(audit.accounts), naive.blobs.size());
  check_shares(audit, naive);
  check_garbage(audit, naive, live);
}

void check_safe_is_superset(const Audit& audit) {
  const analyzer::Graph& graph = audit.survey.graph;
  for (const RegistryVersion version : {RegistryVersion::k2_8, RegistryVersion::k3}) {
    for (const bool delete_untagged : {false, true}) {
      const auto run = analyzer::replay_collector(
          audit.survey, {version, delete_untagged, audit.context.root}, nullptr);
      const analyzer::Marks& safe =
          delete_untagged ? audit.accounts.live_by_tag : audit.accounts.live;
      for (std::size_t i = 0; i < run.marks.size(); ++i) {
        const analyzer::DigestId id = analyzer::digest_id(i);
        if (run.marks[i] == 0 || !graph.has(id, analyzer::kPresent)) continue;
        EXPECT_EQ(safe[i], 1) << graph.digests[id].text() << " is marked by "
                              << (version == RegistryVersion::k3 ? "3.x" : "2.8")
                              << (delete_untagged ? " -m" : "");
      }
    }
  }
}

void check_determinism(const StoreBuilder& builder, bool exact) {
  const std::string one = json_of(audit_of(builder, {exact, 1}));
  EXPECT_EQ(one, json_of(audit_of(builder, {exact, 2})));
  EXPECT_EQ(one, json_of(audit_of(builder, {exact, 16})));
}

}  // namespace regsweep::tests
