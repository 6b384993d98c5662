#pragma once

#include <array>
#include <cstdint>

#include "analyzer/blob_class.h"

namespace regsweep::analyzer {

/// Ages in days at which the next row of an age table begins: under 1 day, 1 to 7, and so on. The
/// last row is open.
inline constexpr std::array<std::uint32_t, 7> kAgeDays = {1, 7, 30, 90, 180, 365, 730};
inline constexpr std::size_t kAges = kAgeDays.size() + 1;

/// The row of an age table for a time; times in the future are young.
std::size_t age_row(std::int64_t then_seconds, std::int64_t now_seconds) noexcept;

/// Blobs by the age of their file, which is when they were pushed first.
std::array<ClassSplit, kAges> blobs_by_age(const Survey& survey, const Accounts& accounts,
                                           std::int64_t now_seconds);

/// Tags that were pushed last at some age, and the blobs that they reach and no younger tag does:
/// what would go if these tags and all older ones went.
struct PushAge {
  std::uint64_t tags = 0;
  std::uint64_t blobs = 0;
  Bytes bytes;
};

/// Every blob that a tag reaches is in exactly one row, so that the bytes add up to SpaceClass
/// kTagged. Tags whose time is not known count as the youngest.
struct PushAges {
  PushAge unknown;
  std::array<PushAge, kAges> rows;
};

/// Shares the tagged blobs out by the youngest tag that reaches each. One walk over the tagged
/// part of the graph; no I/O.
PushAges tags_by_push(const Survey& survey, std::int64_t now_seconds);

}  // namespace regsweep::analyzer
