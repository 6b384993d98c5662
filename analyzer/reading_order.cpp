#include "analyzer/reading_order.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace regsweep::analyzer {
namespace {

void sort_by_inode(const storage::Store& store, const Graph& graph,
                   std::vector<DigestId>::iterator begin, std::vector<DigestId>::iterator end) {
  std::vector<std::pair<std::uint64_t, DigestId>> keyed(static_cast<std::size_t>(end - begin));
  tbb::parallel_for(std::size_t{0}, keyed.size(), [&](std::size_t i) {
    const DigestId id = *(begin + static_cast<std::ptrdiff_t>(i));
    const auto facts = store.stat_blob(graph.digests[id]);
    keyed[i] = {facts ? facts->inode : 0, id};
  });
  std::sort(keyed.begin(), keyed.end());
  std::transform(keyed.begin(), keyed.end(), begin, [](const auto& pair) { return pair.second; });
}

}  // namespace

std::vector<DigestId> reading_order(const storage::Store& store, const Survey& survey,
                                    std::vector<DigestId> chosen, storage::DeviceKind device,
                                    int readers) {
  const Graph& graph = survey.graph;
  const bool rotating = device == storage::DeviceKind::kRotating;
  std::uint64_t large = kLargeBlobBytes;
  if (rotating) {  // only what would be a tail of its own goes out of the disk's order
    std::uint64_t total = 0;
    for (const DigestId id : chosen) total += graph.size_bytes[row(id)];
    large = std::max(large, total / (4 * static_cast<std::uint64_t>(std::max(readers, 1))));
  }
  const auto small = std::stable_partition(chosen.begin(), chosen.end(), [&](DigestId id) {
    return graph.size_bytes[row(id)] >= large;
  });
  std::stable_sort(chosen.begin(), small, [&](DigestId a, DigestId b) {
    return graph.size_bytes[row(a)] > graph.size_bytes[row(b)];
  });
  if (rotating) sort_by_inode(store, graph, small, chosen.end());
  return chosen;
}

}  // namespace regsweep::analyzer
