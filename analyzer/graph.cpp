#include "analyzer/graph.h"

#include <algorithm>

namespace regsweep::analyzer {

std::span<const std::pair<DigestId, DigestId>> Graph::rows_of(
    const std::vector<std::pair<DigestId, DigestId>>& pairs, DigestId id) {
  const auto [begin, end] =
      std::equal_range(pairs.begin(), pairs.end(), std::pair(id, id),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
  return {begin, end};
}

DigestId Graph::present_blob(DigestId id) const {
  DigestId first = kNoDigest;
  each_served(id, [&](DigestId blob) {
    if (first == kNoDigest) first = blob;
  });
  return first;
}

const ManifestOddity* Graph::oddity(DigestId id) const {
  const auto at = std::lower_bound(
      oddities.begin(), oddities.end(), id,
      [](const ManifestOddity& oddity, DigestId wanted) { return oddity.id < wanted; });
  return at != oddities.end() && at->id == id ? &*at : nullptr;
}

}  // namespace regsweep::analyzer
