#include "analyzer/tag_list.h"

#include <algorithm>

#include "analyzer/has_path.h"
#include "analyzer/mark.h"
#include "analyzer/reach.h"

namespace regsweep::analyzer {
namespace {

using storage::LinkState;

/// A registry serves a tag only through a sound revision link of its repository.
bool is_served(const Graph& graph, const Repository& repository, DigestId id) {
  const OddLink* odd = repository.revisions.odd_at(id);
  return (odd == nullptr || odd->state == LinkState::kRead) &&
         has_path(graph, repository.revisions, id);
}

}  // namespace

TagState tag_state(const Survey& survey, const Damage& damage, const Repository& repository,
                   const Tag& tag) {
  const Graph& graph = survey.graph;
  if (tag.state == LinkState::kAbsent) return TagState::kDangling;
  if (tag.state != LinkState::kRead) return TagState::kUnreadable;
  if (graph.has(tag.digest, kUnread)) return TagState::kUnreadable;
  if (!graph.has(tag.digest, kPresent)) return TagState::kDangling;
  if (damage.broken[row(tag.digest)] != 0) return TagState::kBroken;
  if (is_served(graph, repository, tag.digest)) return TagState::kOk;
  // Where not all was read, what was not seen may be there.
  const OddLink* odd = repository.revisions.odd_at(tag.digest);
  const bool known = survey.complete || (odd != nullptr && odd->state != LinkState::kUnreadable);
  return known ? TagState::kBroken : TagState::kUnreadable;
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
  const Graph& graph = survey.graph;
  Policy policy = safe_policy(true);
  policy.referrers = false;
  Reach reach(graph.node_count());
  std::vector<DigestId> pending;
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
      line.state = tag_state(survey, damage, repository, tag);
      if (tag.state == LinkState::kRead) {
        line.parsed = survey.graph.is_manifest(tag.digest);
        line.type = survey.graph.type(tag.digest);
        pending.assign(1, tag.digest);
        reach.walk(graph, policy, pending, [&](DigestId id) {
          if (!graph.has(id, kPresent)) return;
          line.size += graph.file_bytes(id);
        });
      }
      lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace regsweep::analyzer
