#pragma once

#include <cstdint>
#include <limits>

namespace regsweep::storage {

inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

/// A time since 1970 in one number, which holds those of the years 1678 to 2261. File systems have
/// later ones, and anybody may set them: these stop at the ends instead of becoming a time long
/// ago, at which nothing would be young.
constexpr std::int64_t nanoseconds_of(std::int64_t seconds, std::int64_t nanoseconds) noexcept {
  std::int64_t sum = 0;
  if (__builtin_mul_overflow(seconds, kNanosecondsPerSecond, &sum) ||
      __builtin_add_overflow(sum, nanoseconds, &sum)) {
    return seconds < 0 ? std::numeric_limits<std::int64_t>::min()
                       : std::numeric_limits<std::int64_t>::max();
  }
  return sum;
}

}  // namespace regsweep::storage
