#include "analyzer/attribute.h"

#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <numeric>

#include "analyzer/blob_class.h"
#include "analyzer/few_threads.h"
#include "analyzer/owners.h"

namespace regsweep::analyzer {
namespace {

/// Which digests a thread has met for the group it works on, without clearing between two.
class Visited {
 public:
  enum Bit : std::uint32_t { kByTag = 1, kByAny = 2 };

  explicit Visited(std::size_t digests) : stamp_(digests) {}

  /// Returns true the first time.
  bool visit(DigestId id, std::uint32_t group, Bit bit) noexcept {
    std::uint32_t& stamp = stamp_[row(id)];
    const std::uint32_t own = (group + 1) << 2;
    if (stamp >> 2 != group + 1) stamp = own;
    if ((stamp & bit) != 0) return false;
    stamp |= bit;
    return true;
  }
  bool has(DigestId id, Bit bit) const noexcept { return (stamp_[row(id)] & bit) != 0; }

 private:
  std::vector<std::uint32_t> stamp_;
};

class Sharing {
 public:
  Sharing(const Survey& survey, const Marks& live, std::span<const std::uint32_t> group_of,
          std::size_t groups)
      : survey_(survey),
        graph_(survey.graph),
        live_(live),
        members_begin_(groups + 1),
        members_(group_of.size()),
        reached_by_(graph_.node_count()),
        linked_by_(graph_.node_count()),
        visited_([this] { return Visited(graph_.node_count()); }) {
    result_.groups.resize(groups);
    for (const std::uint32_t group : group_of) ++members_begin_[group + 1];
    std::partial_sum(members_begin_.begin(), members_begin_.end(), members_begin_.begin());
    std::iota(members_.begin(), members_.end(), 0U);
    std::stable_sort(members_.begin(), members_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return group_of[a] < group_of[b]; });
  }

  Attribution run() {
    on_few_threads(result_.groups.size(), [&](std::size_t i) {
      const auto group = static_cast<std::uint32_t>(i);
      for (const std::uint32_t member : members_of(group)) {
        count_links(survey_.repositories[member], group);
      }
      reach(group);
    });
    share_out();
    return std::move(result_);
  }

 private:
  std::span<const std::uint32_t> members_of(std::uint32_t group) const {
    return std::span(members_).subspan(members_begin_[group],
                                       members_begin_[group + 1] - members_begin_[group]);
  }

  void count_links(const Repository& repository, std::uint32_t group) {
    RepositoryFigures& figures = result_.groups[group];
    figures.revisions += repository.revisions.paths.size();
    for (const Tag& tag : repository.tags) {
      if (tag.state != storage::LinkState::kRead) continue;
      ++figures.tags;
      figures.newest_push_seconds = std::max(figures.newest_push_seconds, tag.pushed_seconds);
    }
    each_layer_link(repository, [&](DigestId path, DigestId content) {
      ++figures.layer_links;
      linked_by_.add(path, group);
      if (content != kNoDigest) linked_by_.add(content, group);
    });
  }

  void reach(std::uint32_t group) {
    RepositoryFigures& figures = result_.groups[group];
    Visited& visited = visited_.local();
    std::vector<DigestId> pending;
    const auto walk = [&](const Policy& policy, Visited::Bit bit, auto&& met) {
      for (const std::uint32_t member : members_of(group)) {
        add_roots(survey_, survey_.repositories[member], policy.roots, pending);
      }
      std::erase_if(pending, [&](DigestId id) { return !visited.visit(id, group, bit); });
      while (!pending.empty()) {
        const DigestId id = pending.back();
        pending.pop_back();
        met(id);
        each_step(graph_, id, policy, [&](DigestId next) {
          if (visited.visit(next, group, bit)) pending.push_back(next);
        });
      }
    };
    walk(safe_policy(true), Visited::kByTag, [](DigestId) {});
    Policy own = safe_policy(false);
    own.referrers = false;  // those of this group are revisions; others' are not its blobs
    walk(own, Visited::kByAny, [&](DigestId id) {
      if (!graph_.is_counted(id)) return;
      reached_by_.add(id, group);
      const Bytes bytes = graph_.bytes(id);
      figures.size += bytes;
      if (!visited.has(id, Visited::kByTag)) figures.untagged += bytes;
    });
  }

  void share_out() {
    graph_.each_blob([&](DigestId id) {
      const Bytes bytes = graph_.bytes(id);
      const std::uint32_t reached = reached_by_[id];
      if (reached < Owners::kSeveral) result_.groups[reached].exclusive += bytes;
      if (reached == Owners::kSeveral) result_.shared += bytes;
      if (live_[row(id)] != 0) return;
      const std::uint32_t linked = linked_by_[id];
      if (linked == Owners::kNobody) {
        result_.garbage_of_none += bytes;
      } else if (linked == Owners::kSeveral) {
        result_.garbage_of_several += bytes;
      } else {
        result_.garbage_of_one += bytes;
        result_.groups[linked].reclaimable += bytes;
      }
    });
    for (RepositoryFigures& figures : result_.groups) {
      figures.shared = figures.size - figures.exclusive;
    }
  }

  const Survey& survey_;
  const Graph& graph_;
  const Marks& live_;
  std::vector<std::uint32_t> members_begin_;  ///< of each group, and the end of the last
  std::vector<std::uint32_t> members_;        ///< repositories, by group
  Attribution result_;
  Owners reached_by_;
  Owners linked_by_;
  tbb::enumerable_thread_specific<Visited> visited_;
};

}  // namespace

Attribution attribute(const Survey& survey, const Marks& live,
                      std::span<const std::uint32_t> group_of, std::size_t groups) {
  return Sharing(survey, live, group_of, groups).run();
}

Attribution attribute(const Survey& survey, const Marks& live) {
  std::vector<std::uint32_t> itself(survey.repositories.size());
  std::iota(itself.begin(), itself.end(), 0U);
  return attribute(survey, live, itself, itself.size());
}

}  // namespace regsweep::analyzer
