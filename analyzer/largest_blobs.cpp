#include "analyzer/largest_blobs.h"

#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <mutex>

#include "analyzer/few_threads.h"
#include "analyzer/reach.h"

namespace regsweep::analyzer {
namespace {

bool is_larger(const Graph& graph, DigestId a, DigestId b) {
  const Bytes left = graph.bytes(a);
  const Bytes right = graph.bytes(b);
  if (left.allocated != right.allocated) return left.allocated > right.allocated;
  if (left.apparent != right.apparent) return left.apparent > right.apparent;
  return graph.digests.less(a, b);
}

/// Finds the repositories of a few blobs by walking from each repository.
class OwnerSearch {
 public:
  OwnerSearch(const Survey& survey, std::vector<LargeBlob>& blobs)
      : survey_(survey),
        graph_(survey.graph),
        blobs_(blobs),
        sought_(graph_.node_count(), kNotSought),
        walkers_([this] { return Reach(graph_.node_count()); }) {
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      sought_[row(blobs[i].id)] = static_cast<std::uint32_t>(i);
    }
  }

  void run() {
    on_few_threads(survey_.repositories.size(),
                   [&](std::size_t i) { search(static_cast<std::uint32_t>(i)); });
    for (LargeBlob& blob : blobs_) {
      std::sort(blob.owners.begin(), blob.owners.end());
      blob.repositories = blob.owners.size();
      if (blob.owners.size() > kMostOwners) blob.owners.resize(kMostOwners);
    }
  }

 private:
  static constexpr std::uint32_t kNotSought = 0xffffffffU;

  void search(std::uint32_t index) {
    const Repository& repository = survey_.repositories[index];
    Reach& reach = walkers_.local();
    Policy policy = safe_policy(false);
    policy.referrers = false;
    std::vector<DigestId> pending;
    add_roots(survey_, repository, policy.roots, pending);
    reach.walk(graph_, policy, pending, [&](DigestId id) {
      if (sought_[row(id)] != kNotSought) add_owner(sought_[row(id)], index);
    });
    for (const DigestId path : repository.layers.paths) {
      const DigestId id = repository.layers.blob_of(path);
      const std::uint32_t at = sought_[row(id)];
      if (at == kNotSought || blobs_[at].space_class != SpaceClass::kGarbage) continue;
      if (reach.meet(id)) add_owner(at, index);
    }
  }

  void add_owner(std::uint32_t blob, std::uint32_t repository) {
    const std::lock_guard lock(mutex_);
    blobs_[blob].owners.push_back(repository);
  }

  const Survey& survey_;
  const Graph& graph_;
  std::vector<LargeBlob>& blobs_;
  std::vector<std::uint32_t> sought_;  ///< by digest, into blobs_
  tbb::enumerable_thread_specific<Reach> walkers_;
  std::mutex mutex_;
};

}  // namespace

std::vector<LargeBlob> largest_blobs(const Survey& survey, const Accounts& accounts,
                                     std::size_t most) {
  std::vector<DigestId> ids;
  survey.graph.each_blob([&](DigestId id) { ids.push_back(id); });
  const auto larger = [&](DigestId a, DigestId b) { return is_larger(survey.graph, a, b); };
  const std::size_t count = std::min(most, ids.size());
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(ids.begin(), middle, ids.end(), larger);
  std::vector<LargeBlob> blobs;
  for (auto at = ids.begin(); at != middle; ++at) {
    blobs.push_back({*at, class_of(accounts, *at), 0, {}});
  }
  OwnerSearch(survey, blobs).run();
  return blobs;
}

}  // namespace regsweep::analyzer
