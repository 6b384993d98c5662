#include "analyzer/hazard.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>

#include "analyzer/reach.h"

namespace regsweep::analyzer {
namespace {

/// Adds a repository's tags that reach a doomed manifest through manifests alone, and what they so
/// lose to `children`.
void add_tags_that_lose_a_child(const Survey& survey, std::uint32_t repository_index,
                                const std::vector<DigestId>& doomed, std::vector<BrokenTag>& broken,
                                std::set<DigestId>& children, Reach& reach) {
  const Graph& graph = survey.graph;
  const Repository& repository = survey.repositories[repository_index];
  std::vector<DigestId> pending;
  for (std::size_t t = 0; t < repository.tags.size(); ++t) {
    const Tag& tag = repository.tags[t];
    if (tag.state != storage::LinkState::kRead) continue;
    pending.assign(1, tag.digest);
    reach.begin();
    reach.meet(tag.digest);
    DigestId cause = kNoDigest;
    while (!pending.empty()) {
      const DigestId id = pending.back();
      pending.pop_back();
      graph.each_edge(id, [&](const Edge& edge) {
        if ((edge.flags & kInvalid) != 0 || edge.role() != Role::kManifest) return;
        if (!reach.meet(edge.to)) return;
        pending.push_back(edge.to);
        if (!std::binary_search(doomed.begin(), doomed.end(), edge.to)) return;
        if (!graph.has(edge.to, kPresent)) return;
        children.insert(edge.to);
        if (cause == kNoDigest) cause = edge.to;
      });
    }
    if (cause != kNoDigest) {
      broken.push_back({{repository_index, static_cast<std::uint32_t>(t)}, cause});
    }
  }
}

bool has_live_subject(const Graph& graph, const Accounts& accounts, DigestId id) {
  bool live = false;
  graph.each_edge(id, [&](const Edge& edge) {
    if ((edge.flags & kInvalid) == 0 && edge.role() == Role::kSubject) {
      live |= accounts.live_by_tag[row(edge.to)] != 0 && graph.has(edge.to, kPresent);
    }
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
  for (const DigestId id : run.blobs) {
    if (live[row(id)] == 0) continue;
    lost[row(id)] = 1;
    ++hazard.lost_blobs;
    hazard.lost_bytes += graph.bytes(id);
  }
  if (hazard.lost_blobs != 0) {
    // A sha512 name is lost with its content.
    for (const auto& [path, content] : graph.aliases) {
      if (lost[row(content)] != 0 && !graph.has(path, kPresent)) lost[row(path)] = 1;
    }
    std::vector<DigestId> cause;
    const Marks broken = spread(named_by.get(), lost, &cause);
    hazard.broken_tags = broken_tags(survey, broken, cause);
  }
  std::set<DigestId> children;
  Reach reach(run.manifests.empty() ? 0 : graph.node_count());
  for (auto at = run.manifests.begin(); at != run.manifests.end();) {
    std::vector<DigestId> doomed;
    const std::uint32_t repository = at->repository;
    for (; at != run.manifests.end() && at->repository == repository; ++at) {
      doomed.push_back(at->digest);
      if (has_live_subject(graph, accounts, at->digest)) ++hazard.lost_referrers;
    }
    std::sort(doomed.begin(), doomed.end());
    add_tags_that_lose_a_child(survey, repository, doomed, hazard.broken_tags, children, reach);
  }
  hazard.lost_children = children.size();
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
                       if (run.error.empty()) compare(survey, accounts, run, named_by, hazard);
                     });
  return hazards;
}

}  // namespace regsweep::analyzer
