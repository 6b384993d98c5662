#pragma once

#include <cstdint>

#include "storage/store.h"

namespace regsweep::reports {

/// How full a disk is, as df says it: without what only root may use.
struct DiskUse {
  explicit DiskUse(const storage::DiskFigures& disk) noexcept
      : used(disk.size_bytes - disk.free_bytes), usable(used + disk.available_bytes) {}

  /// Rounded up; 0 of a disk without a size.
  std::uint64_t percent(std::uint64_t bytes) const noexcept {
    return usable == 0 ? 0 : (100 * bytes + usable - 1) / usable;
  }

  std::uint64_t used;
  std::uint64_t usable;
};

}  // namespace regsweep::reports
