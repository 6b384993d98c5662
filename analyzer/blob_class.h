#pragma once

#include <cstdint>

#include "analyzer/account.h"

namespace regsweep::analyzer {

/// Blobs and bytes by what keeps them. The three add up.
struct ClassSplit {
  std::uint64_t blobs = 0;
  Bytes tagged;
  Bytes untagged;
  Bytes garbage;

  Bytes total() const noexcept { return tagged + untagged + garbage; }
  ClassSplit& operator+=(const ClassSplit& other) noexcept;
};

/// What keeps a blob that is there: kTagged, kUntagged or kGarbage.
SpaceClass class_of(const Accounts& accounts, DigestId id) noexcept;

/// Whether a digest's blob is there, a regular file.
inline bool is_counted(const Graph& graph, DigestId id) noexcept {
  return graph.has(id, kPresent) && !graph.has(id, kNotAFile);
}

/// Calls `f(id)` for each blob that is counted.
template <class F>
void each_blob(const Graph& graph, F&& f) {
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const DigestId id = digest_id(i);
    if (is_counted(graph, id)) f(id);
  }
}

/// Counts a blob in its class.
void add_blob(const Survey& survey, const Accounts& accounts, DigestId id, ClassSplit& to);

}  // namespace regsweep::analyzer
