#include "analyzer/tag_list.h"

#include <algorithm>

#include "analyzer/mark.h"

namespace regsweep::analyzer {
namespace {

using storage::LinkState;

/// Adds up what one digest reaches; keeps its buffers from tag to tag.
class Reach {
 public:
  explicit Reach(const Graph& graph) : graph_(graph), seen_(graph.node_count()) {}

  Bytes from(DigestId root) {
    Policy policy = safe_policy(true);
    policy.referrers = false;
    Bytes sum;
    met_.assign(1, root);
    seen_[row(root)] = 1;
    for (std::size_t next = 0; next < met_.size(); ++next) {
      const DigestId id = met_[next];
      if (graph_.has(id, kPresent)) {
        sum += {graph_.size_bytes[row(id)], std::uint64_t{graph_.allocated_sectors[row(id)]} * 512};
      }
      each_step(graph_, id, policy, [&](DigestId to) {
        if (std::exchange(seen_[row(to)], std::uint8_t{1}) == 0) met_.push_back(to);
      });
    }
    for (const DigestId id : met_) seen_[row(id)] = 0;
    return sum;
  }

 private:
  const Graph& graph_;
  std::vector<std::uint8_t> seen_;
  std::vector<DigestId> met_;
};

/// A registry serves a tag only through a sound revision link of its repository.
bool is_served(const Graph& graph, const Repository& repository, DigestId id) {
  const auto& paths = repository.revisions.paths;
  const OddLink* odd = repository.revisions.odd_at(id);
  return (odd == nullptr || odd->state == LinkState::kRead) &&
         std::binary_search(paths.begin(), paths.end(), id,
                            [&](DigestId a, DigestId b) { return graph.digests.less(a, b); });
}

}  // namespace

TagState tag_state(const Graph& graph, const Damage& damage, const Repository& repository,
                   const Tag& tag) {
  if (tag.state == LinkState::kAbsent) return TagState::kDangling;
  if (tag.state != LinkState::kRead) return TagState::kUnreadable;
  if (graph.has(tag.digest, kUnread)) return TagState::kUnreadable;
  if (!graph.has(tag.digest, kPresent)) return TagState::kDangling;
  const bool broken =
      damage.broken[row(tag.digest)] != 0 || !is_served(graph, repository, tag.digest);
  return broken ? TagState::kBroken : TagState::kOk;
}

std::string_view tag_state_name(TagState state) noexcept {
  switch (state) {
    case TagState::kOk:
      return "ok";
    case TagState::kBroken:
      return "broken";
    case TagState::kDangling:
      return "dangling";
    case TagState::kUnreadable:
      return "unreadable";
  }
  return "unreadable";
}

std::vector<TagLine> list_tags(const Survey& survey, const Damage& damage,
                               const std::vector<std::string>& repositories) {
  Reach reach(survey.graph);
  std::vector<TagLine> lines;
  for (std::size_t r = 0; r < survey.repositories.size(); ++r) {
    const Repository& repository = survey.repositories[r];
    if (!repositories.empty() && std::find(repositories.begin(), repositories.end(),
                                           repository.name) == repositories.end()) {
      continue;
    }
    for (std::size_t t = 0; t < repository.tags.size(); ++t) {
      const Tag& tag = repository.tags[t];
      if (!tag.is_directory) continue;
      TagLine line;
      line.tag = {static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(t)};
      line.state = tag_state(survey.graph, damage, repository, tag);
      if (tag.state == LinkState::kRead) {
        line.parsed = survey.graph.is_manifest(tag.digest);
        line.type = survey.graph.type(tag.digest);
        line.size = reach.from(tag.digest);
      }
      lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace regsweep::analyzer
