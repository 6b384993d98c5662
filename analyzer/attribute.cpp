#include "analyzer/attribute.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>

namespace regsweep::analyzer {
namespace {

constexpr std::uint32_t kNobody = 0xffffffffU;
constexpr std::uint32_t kSeveral = 0xfffffffeU;

/// Who holds each digest: nobody, one repository, or several.
class Owners {
 public:
  explicit Owners(std::size_t digests) : owner_(digests, kNobody) {}

  void add(DigestId id, std::uint32_t repository) noexcept {
    std::atomic_ref owner(owner_[row(id)]);
    std::uint32_t seen = kNobody;
    if (owner.compare_exchange_strong(seen, repository, std::memory_order_relaxed)) return;
    if (seen != repository) owner.store(kSeveral, std::memory_order_relaxed);
  }
  std::uint32_t operator[](DigestId id) const noexcept { return owner_[row(id)]; }

 private:
  std::vector<std::uint32_t> owner_;
};

/// Which digests a thread has met for the repository it works on, without clearing between two.
class Visited {
 public:
  enum Bit : std::uint32_t { kByTag = 1, kByAny = 2 };

  explicit Visited(std::size_t digests) : stamp_(digests) {}

  /// Returns true the first time.
  bool visit(DigestId id, std::uint32_t repository, Bit bit) noexcept {
    std::uint32_t& stamp = stamp_[row(id)];
    const std::uint32_t own = (repository + 1) << 2;
    if (stamp >> 2 != repository + 1) stamp = own;
    if ((stamp & bit) != 0) return false;
    stamp |= bit;
    return true;
  }
  bool has(DigestId id, Bit bit) const noexcept { return (stamp_[row(id)] & bit) != 0; }

 private:
  std::vector<std::uint32_t> stamp_;
};

class Attribution {
 public:
  Attribution(const Survey& survey, Accounts& accounts)
      : survey_(survey),
        graph_(survey.graph),
        accounts_(accounts),
        reached_by_(graph_.node_count()),
        linked_by_(graph_.node_count()),
        visited_([this] { return Visited(graph_.node_count()); }) {}

  void run() {
    accounts_.repositories.resize(survey_.repositories.size());
    tbb::parallel_for(std::size_t{0}, survey_.repositories.size(), [&](std::size_t i) {
      const auto index = static_cast<std::uint32_t>(i);
      count_links(index);
      reach(index);
    });
    share_out();
  }

 private:
  void count_links(std::uint32_t index) {
    const Repository& repository = survey_.repositories[index];
    RepositoryFigures& figures = accounts_.repositories[index];
    figures.revisions = repository.revisions.paths.size();
    for (const Tag& tag : repository.tags) {
      if (tag.state == storage::LinkState::kRead) ++figures.tags;
    }
    for (const DigestId path : repository.layers.paths) {
      const OddLink* odd = repository.layers.odd_at(path);
      if (odd != nullptr && odd->state == storage::LinkState::kAbsent) continue;
      ++figures.layer_links;
      linked_by_.add(path, index);
      if (odd != nullptr && odd->content != kNoDigest) linked_by_.add(odd->content, index);
    }
  }

  void reach(std::uint32_t index) {
    const Repository& repository = survey_.repositories[index];
    RepositoryFigures& figures = accounts_.repositories[index];
    Visited& visited = visited_.local();
    std::vector<DigestId> pending;
    const auto walk = [&](const Policy& policy, Visited::Bit bit, auto&& met) {
      add_roots(survey_, repository, policy.roots, pending);
      std::erase_if(pending, [&](DigestId id) { return !visited.visit(id, index, bit); });
      while (!pending.empty()) {
        const DigestId id = pending.back();
        pending.pop_back();
        met(id);
        each_step(graph_, id, policy, [&](DigestId next) {
          if (visited.visit(next, index, bit)) pending.push_back(next);
        });
      }
    };
    walk(safe_policy(true), Visited::kByTag, [](DigestId) {});
    Policy own = safe_policy(false);
    own.referrers = false;  // those of this repository are revisions; others' are not its blobs
    walk(own, Visited::kByAny, [&](DigestId id) {
      if (!graph_.has(id, kPresent) || graph_.has(id, kNotAFile)) return;
      reached_by_.add(id, index);
      const Bytes bytes = graph_.bytes(id);
      figures.size += bytes;
      if (!visited.has(id, Visited::kByTag)) figures.untagged += bytes;
    });
  }

  void share_out() {
    for (std::size_t i = 0; i < graph_.node_count(); ++i) {
      const DigestId id = digest_id(i);
      if (!graph_.has(id, kPresent) || graph_.has(id, kNotAFile)) continue;
      const std::uint32_t reached = reached_by_[id];
      if (reached < kSeveral) accounts_.repositories[reached].exclusive += graph_.bytes(id);
      if (accounts_.live[i] != 0) continue;
      const std::uint32_t linked = linked_by_[id];
      if (linked == kNobody) {
        accounts_.garbage_of_none += graph_.bytes(id);
      } else if (linked == kSeveral) {
        accounts_.garbage_of_several += graph_.bytes(id);
      } else {
        accounts_.garbage_of_one += graph_.bytes(id);
        accounts_.repositories[linked].reclaimable += graph_.bytes(id);
      }
    }
    for (RepositoryFigures& figures : accounts_.repositories) {
      figures.shared = figures.size - figures.exclusive;
    }
  }

  const Survey& survey_;
  const Graph& graph_;
  Accounts& accounts_;
  Owners reached_by_;
  Owners linked_by_;
  tbb::enumerable_thread_specific<Visited> visited_;
};

}  // namespace

void attribute(const Survey& survey, Accounts& accounts) { Attribution(survey, accounts).run(); }

}  // namespace regsweep::analyzer
