#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/mark.h"

namespace regsweep::analyzer {

/// A policy's steps the other way round, of the safe closure unless another is given: from a digest
/// to whatever keeps it alive. 4 bytes a digest + 4 bytes a step.
class Backward {
 public:
  explicit Backward(const Graph& graph, const Policy& policy = safe_policy(false));

  /// Calls `f(from)` for everything from which each_step() under the policy leads to `id`:
  /// manifests that name it, and by the safe policy the other name of an alias and the subject of a
  /// referrer. Ascending by id, once for each step.
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
