#include "analyzer/hazard.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "analyzer/reach.h"

namespace regsweep::analyzer {
namespace {

/// Finds what tags lose with the revisions that go from their repository.
class LostChildren {
 public:
  LostChildren(const Graph& graph, bool any)
      : graph_(graph), reach_(any ? graph.node_count() : 0) {}

  /// Adds a repository's tags that reach a doomed manifest through manifests alone.
  void add_tags_of(const Repository& repository, std::uint32_t repository_index,
                   const std::vector<DigestId>& doomed, std::vector<BrokenTag>& broken) {
    std::map<DigestId, DigestId> causes;  // many tags may mean one index
    for (std::size_t t = 0; t < repository.tags.size(); ++t) {
      const Tag& tag = repository.tags[t];
      if (tag.state != storage::LinkState::kRead) continue;
      const auto [at, is_new] = causes.try_emplace(tag.digest, kNoDigest);
      if (is_new) at->second = cause_below(tag.digest, doomed);
      if (at->second != kNoDigest) {
        broken.push_back({{repository_index, static_cast<std::uint32_t>(t)}, at->second});
      }
    }
  }

  std::size_t count() const noexcept { return children_.size(); }

 private:
  /// The first of `doomed` below a manifest; notes them all.
  DigestId cause_below(DigestId root, const std::vector<DigestId>& doomed) {
    DigestId cause = kNoDigest;
    pending_.assign(1, root);
    reach_.begin();
    reach_.meet(root);
    while (!pending_.empty()) {
      const DigestId id = pending_.back();
      pending_.pop_back();
      graph_.each_child(id, [&](DigestId child) {
        if (!reach_.meet(child)) return;
        pending_.push_back(child);
        if (!std::binary_search(doomed.begin(), doomed.end(), child)) return;
        if (!graph_.has(child, kPresent)) return;
        children_.insert(child);
        if (cause == kNoDigest) cause = child;
      });
    }
    return cause;
  }

  const Graph& graph_;
  Reach reach_;
  std::vector<DigestId> pending_;
  std::set<DigestId> children_;
};

bool has_live_subject(const Graph& graph, const Accounts& accounts, DigestId id) {
  bool live = false;
  graph.each_subject(id, [&](DigestId subject) {
    live |= accounts.live_by_tag[row(subject)] != 0 && graph.has(subject, kPresent);
  });
  return live;
}

/// Made when it is first asked for, once for all collectors: a store that none of them harms needs
/// none.
class NamedBy {
 public:
  explicit NamedBy(const Graph& graph) : graph_(graph) {}

  const Backward& get() {
    std::call_once(made_, [this] { backward_.emplace(graph_, references_policy()); });
    return *backward_;
  }

 private:
  const Graph& graph_;
  std::once_flag made_;
  std::optional<Backward> backward_;
};

/// Compares what a run removes with what must live.
void compare(const Survey& survey, const Accounts& accounts, const CollectorRun& run,
             NamedBy& named_by, Hazard& hazard) {
  const Graph& graph = survey.graph;
  // With -m the user gives up what no tag needs; without it nothing that a revision reaches.
  const Marks& live = hazard.delete_untagged ? accounts.live_by_tag : accounts.live;
  Marks lost(graph.node_count());
  if (run.error.empty()) {  // else it stops before the blobs; manifests may be gone by then
    for (const DigestId id : run.blobs) {
      if (live[row(id)] == 0) continue;
      lost[row(id)] = 1;
      ++hazard.lost_blobs;
      hazard.lost_bytes += graph.bytes(id);
    }
  }
  if (hazard.lost_blobs != 0) {
    std::vector<DigestId> cause;
    const Marks broken = spread(named_by.get(), lost, &cause);
    hazard.broken_tags = broken_tags(survey, broken, cause);
  }
  LostChildren lost_children(graph, !run.manifests.empty());
  for (auto at = run.manifests.begin(); at != run.manifests.end();) {
    std::vector<DigestId> doomed;
    const std::uint32_t repository = at->repository;
    for (; at != run.manifests.end() && at->repository == repository; ++at) {
      doomed.push_back(at->digest);
      if (has_live_subject(graph, accounts, at->digest)) ++hazard.lost_referrers;
    }
    std::sort(doomed.begin(), doomed.end());
    lost_children.add_tags_of(survey.repositories[repository], repository, doomed,
                              hazard.broken_tags);
  }
  hazard.lost_children = lost_children.count();
  auto& tags = hazard.broken_tags;
  std::sort(tags.begin(), tags.end(),
            [](const BrokenTag& a, const BrokenTag& b) { return a.tag < b.tag; });
  tags.erase(std::unique(tags.begin(), tags.end(),
                         [](const BrokenTag& a, const BrokenTag& b) { return a.tag == b.tag; }),
             tags.end());
}

}  // namespace

std::vector<Hazard> find_hazards(const Survey& survey, const Accounts& accounts,
                                 const std::string& root) {
  std::vector<Hazard> hazards(kCollectors);
  NamedBy named_by(survey.graph);
  for_each_collector(survey, root,
                     [&](std::size_t i, const CollectorEnd& end, const CollectorRun& run) {
                       Hazard& hazard = hazards[i];
                       static_cast<CollectorEnd&>(hazard) = end;
                       if (!hazard.removes_nothing()) {
                         compare(survey, accounts, run, named_by, hazard);
                       }
                     });
  return hazards;
}

}  // namespace regsweep::analyzer
