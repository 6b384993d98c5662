// What a repair cannot mend: the tags that stay broken, and what each of them lacks.
#include <algorithm>
#include <map>
#include <set>

#include "analyzer/repair_parts.h"

namespace regsweep::analyzer {

const char* part_name(Role role) noexcept {
  switch (role) {
    case Role::kConfig:
      return "config";
    case Role::kManifest:
      return "manifest";
    case Role::kBlob:
      return "blob";
    default:
      return "layer";
  }
}

namespace {

using storage::LinkState;

/// Collects what one tag lacks.
class Lacks {
 public:
  Lacks(const RepairState& state, const std::map<DigestId, std::string>& links)
      : state_(state), graph_(state.survey.graph), links_(links) {}

  std::vector<Lack> of(DigestId root) {
    look(root, "manifest", false);
    for (std::size_t next = 0; next < manifests_.size(); ++next) walk(manifests_[next]);
    return std::move(lacks_);
  }

 private:
  void walk(DigestId id) {
    const bool is_hollow = is_in(state_.damage.hollow_indexes, id);
    graph_.each_part(id, [&](const Edge& edge) {
      const bool is_child = edge.role() == Role::kManifest;
      const bool may_be_absent = is_child ? !is_hollow : (edge.flags & kForeign) != 0;
      look(edge.to, part_name(edge.role()), may_be_absent);
    });
  }

  void look(DigestId id, const char* what, bool may_be_absent) {
    if (!seen_.insert(id).second) return;
    if (std::string why = problem(id, may_be_absent); !why.empty()) {
      lacks_.push_back({graph_.digests[id], what, std::move(why)});
    }
    if (const auto link = links_.find(id); link != links_.end()) {
      lacks_.push_back({graph_.digests[id], what, link->second});
    }
    if (graph_.is_manifest(id)) manifests_.push_back(id);
  }

  std::string problem(DigestId id, bool may_be_absent) const {
    if (!graph_.has(id, kPresent)) {
      if (graph_.has(id, kUnread)) return "could not be looked for";
      if (may_be_absent || graph_.present_blob(id) != kNoDigest) return {};
      return state_.healed.is_hidden(graph_.digests[id]) ? "is damaged" : "is not there";
    }
    if (graph_.has(id, kNotAFile)) return "is no file";
    if (graph_.has(id, kUnread)) return "could not be read";
    if (is_in(state_.damage.empty, id)) return "is empty";
    if (is_in(state_.damage.wrong_size, id)) return "has another size than is declared";
    if (is_in(state_.damage.garbled, id)) return "cannot be understood";
    return {};
  }

  bool is_in(const std::vector<DigestId>& list, DigestId id) const {  // which is sorted by text
    return std::binary_search(list.begin(), list.end(), id,
                              [&](DigestId a, DigestId b) { return graph_.digests.less(a, b); });
  }

  const RepairState& state_;
  const Graph& graph_;
  const std::map<DigestId, std::string>& links_;
  std::set<DigestId> seen_;
  std::vector<DigestId> manifests_;
  std::vector<Lack> lacks_;
};

const char* problem_of(const Tag& tag) noexcept {
  if (!tag.is_directory) return nullptr;
  switch (tag.state) {
    case LinkState::kMalformed:
      return "its link holds no digest";
    case LinkState::kNotAFile:
      return "its link is no file";
    case LinkState::kUnreadable:
      return "its link cannot be read";
    default:
      return nullptr;
  }
}

}  // namespace

std::vector<StillBroken> still_broken(const RepairState& state,
                                      const std::vector<LackingLink>& lacking) {
  const Graph& graph = state.survey.graph;
  std::vector<StillBroken> broken;
  std::map<std::uint32_t, std::map<DigestId, std::string>> lacking_in;
  for (const LackingLink& link : lacking) lacking_in[link.repository].emplace(link.id, link.why);
  for (std::size_t r = 0; r < state.survey.repositories.size(); ++r) {
    const Repository& repository = state.survey.repositories[r];
    const std::map<DigestId, std::string>& links = lacking_in[static_cast<std::uint32_t>(r)];
    for (const Tag& tag : repository.tags) {
      if (const char* problem = problem_of(tag)) {
        broken.push_back({repository.name, tag.name, problem, {}});
        continue;
      }
      if (tag.state != LinkState::kRead) continue;
      const bool is_broken =
          state.damage.broken[row(tag.digest)] != 0 || graph.has(tag.digest, kUnread);
      if (!is_broken && links.empty()) continue;
      std::vector<Lack> lacks = Lacks(state, links).of(tag.digest);
      if (lacks.empty() && !is_broken) continue;
      broken.push_back({repository.name, tag.name, {}, std::move(lacks)});
    }
  }
  return broken;
}

bool damage_remains(const RepairState& state) {
  const Marks live = mark(state.survey, safe_policy(false));
  const auto lists = state.damage.lists();
  return std::any_of(lists.begin(), lists.end(),
                     [&](const auto* list) { return state.damage.any(live, *list); });
}

}  // namespace regsweep::analyzer
