#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "analyzer/digest_table.h"

namespace regsweep::analyzer {

/// Who holds each digest: nobody, one holder, or several. 4 bytes a digest; add() is safe from many
/// threads, and the answer does not depend on their order.
class Owners {
 public:
  static constexpr std::uint32_t kNobody = 0xffffffffU;
  static constexpr std::uint32_t kSeveral = 0xfffffffeU;

  explicit Owners(std::size_t digests) : owner_(digests, kNobody) {}

  void add(DigestId id, std::uint32_t holder) noexcept {
    std::atomic_ref owner(owner_[row(id)]);
    std::uint32_t seen = kNobody;
    if (owner.compare_exchange_strong(seen, holder, std::memory_order_relaxed)) return;
    if (seen != holder) owner.store(kSeveral, std::memory_order_relaxed);
  }
  std::uint32_t operator[](DigestId id) const noexcept { return owner_[row(id)]; }

 private:
  std::vector<std::uint32_t> owner_;
};

}  // namespace regsweep::analyzer
