#include "analyzer/backward.h"

#include <numeric>

namespace regsweep::analyzer {

Backward::Backward(const Graph& graph, const Policy& policy) : begin_(graph.node_count() + 1) {
  const auto each = [&](auto&& f) {
    for (std::size_t i = 0; i < graph.node_count(); ++i) {
      each_step(graph, digest_id(i), policy, [&](DigestId to) { f(digest_id(i), to); });
    }
  };
  each([&](DigestId, DigestId to) { ++begin_[row(to) + 1]; });
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  from_.resize(begin_.back());
  std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
  each([&](DigestId from, DigestId to) { from_[next[row(to)]++] = from; });
}

std::vector<std::uint32_t> Backward::distances_to(DigestId target) const {
  std::vector<std::uint32_t> distances(begin_.size() - 1, kFar);
  std::vector<DigestId> queue = {target};
  distances[row(target)] = 0;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const DigestId id = queue[at];
    each_before(id, [&](DigestId from) {
      if (distances[row(from)] != kFar) return;
      distances[row(from)] = distances[row(id)] + 1;
      queue.push_back(from);
    });
  }
  return distances;
}

}  // namespace regsweep::analyzer
