#include "analyzer/chain.h"

#include <algorithm>

namespace regsweep::analyzer {
namespace {

constexpr std::uint32_t kFar = Backward::kFar;

class ChainFinder {
 public:
  ChainFinder(const Survey& survey, const std::vector<std::uint32_t>& distances)
      : survey_(survey), graph_(survey.graph), distances_(distances) {}

  std::optional<Chain> run() const {
    std::optional<Ref> root = nearest_tag();
    if (!root) root = nearest_revision();
    if (!root) return std::nullopt;
    Chain chain;
    chain.root = *root;
    chain.steps.push_back({root->digest, StepKind::kRoot, Role::kManifest, {}});
    while (distances_[row(chain.steps.back().id)] != 0) {
      chain.steps.push_back(next_step(chain.steps.back().id));
    }
    return chain;
  }

 private:
  std::optional<Ref> nearest_tag() const {
    std::optional<Ref> best;
    std::uint32_t nearest = kFar;
    for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
      const std::vector<Tag>& tags = survey_.repositories[r].tags;
      for (std::size_t t = 0; t < tags.size(); ++t) {
        if (tags[t].state != storage::LinkState::kRead) continue;
        if (distances_[row(tags[t].digest)] >= nearest) continue;
        nearest = distances_[row(tags[t].digest)];
        best = ref_of_tag(survey_, static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(t));
      }
    }
    return best;
  }

  std::optional<Ref> nearest_revision() const {
    std::optional<Ref> best;
    std::uint32_t nearest = kFar;
    std::vector<DigestId> roots;
    for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
      roots.clear();
      add_roots(survey_, survey_.repositories[r], Roots::kTagsAndRevisions, roots);
      for (const DigestId root : roots) {
        const std::uint32_t distance = distances_[row(root)];
        if (distance == kFar || distance > nearest) continue;
        const bool nearer = distance < nearest;
        const bool before =
            !nearer && best->repository == r && graph_.digests.less(root, best->digest);
        if (!nearer && !before) continue;
        nearest = distance;
        best = Ref{RefKind::kRevision, static_cast<std::uint32_t>(r), kNoRow, root};
      }
    }
    return best;
  }

  ChainStep next_step(DigestId from) const {
    const std::uint32_t wanted = distances_[row(from)] - 1;
    ChainStep best;
    const auto consider = [&](DigestId to, StepKind kind, Role role) {
      if (distances_[row(to)] != wanted) return;
      if (best.id != kNoDigest && !graph_.digests.less(to, best.id)) return;
      best = {to, kind, role, {}};
    };
    graph_.each_part(
        from, [&](const Edge& edge) { consider(edge.to, StepKind::kReference, edge.role()); });
    for (const auto& [path, content] : Graph::rows_of(graph_.aliases, from)) {
      consider(content, StepKind::kAlias, Role::kBlob);
    }
    for (const auto& [subject, referrer] : Graph::rows_of(graph_.referrers, from)) {
      consider(referrer, StepKind::kReferrer, Role::kSubject);
    }
    return best;
  }

  const Survey& survey_;
  const Graph& graph_;
  const std::vector<std::uint32_t>& distances_;
};

}  // namespace

std::optional<Chain> shortest_chain(const Survey& survey,
                                    const std::vector<std::uint32_t>& distances) {
  return ChainFinder(survey, distances).run();
}

}  // namespace regsweep::analyzer
