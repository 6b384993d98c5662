#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "analyzer/mark.h"

namespace regsweep::analyzer {

/// Walks from some roots, then from others, without clearing what it remembers in between. 4 bytes
/// a digest; for one thread.
class Reach {
 public:
  explicit Reach(std::size_t digests) : stamp_(digests) {}

  /// Forgets what was met.
  void begin() noexcept { ++round_; }
  /// Returns true the first time since begin().
  bool meet(DigestId id) noexcept { return std::exchange(stamp_[row(id)], round_) != round_; }

  /// Begins, and calls `f(id)` once for each digest that the roots in `pending` reach, themselves
  /// among them. Leaves `pending` empty.
  template <class F>
  void walk(const Graph& graph, const Policy& policy, std::vector<DigestId>& pending, F&& f) {
    begin();
    std::erase_if(pending, [&](DigestId id) { return !meet(id); });
    while (!pending.empty()) {
      const DigestId id = pending.back();
      pending.pop_back();
      f(id);
      each_step(graph, id, policy, [&](DigestId next) {
        if (meet(next)) pending.push_back(next);
      });
    }
  }

 private:
  std::vector<std::uint32_t> stamp_;  ///< the round in which a digest was met last
  std::uint32_t round_ = 0;
};

}  // namespace regsweep::analyzer
