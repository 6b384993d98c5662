#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/mark.h"

namespace regsweep::analyzer {

/// The steps of the safe closure the other way round: from a digest to whatever keeps it alive.
/// 4 bytes a digest + 4 bytes a step.
class Backward {
 public:
  explicit Backward(const Graph& graph);

  /// Calls `f(from)` for everything from which each_step() under the safe policy leads to `id`:
  /// manifests that name it, the other name of an alias, the subject of a referrer. Ascending by
  /// id, once for each step.
  template <class F>
  void each_before(DigestId id, F&& f) const {
    for (std::uint32_t i = begin_[row(id)]; i < begin_[row(id) + 1]; ++i) f(from_[i]);
  }

  /// How many steps each digest is away from `target`; kFar where no step leads to it.
  std::vector<std::uint32_t> distances_to(DigestId target) const;
  static constexpr std::uint32_t kFar = 0xffffffffU;

 private:
  std::vector<std::uint32_t> begin_;
  std::vector<DigestId> from_;
};

}  // namespace regsweep::analyzer
