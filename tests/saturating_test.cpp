// Sums of sizes that a store claims stop at the largest number: three files of 8 EiB, which are
// easily made, must not look like a small one.
#include "storage/saturating.h"

#include <gtest/gtest.h>

#include <limits>

#include "analyzer/graph.h"
#include "storage/nanoseconds.h"
#include "storage/store.h"

namespace regsweep {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kLargestFile = std::numeric_limits<std::int64_t>::max();

TEST(Saturating, StopsAtBothEnds) {
  EXPECT_EQ(storage::saturating_add(kLargestFile, kLargestFile), kMost - 1);
  EXPECT_EQ(storage::saturating_add(kMost - 1, kLargestFile), kMost);
  EXPECT_EQ(storage::saturating_sub(3, 2), 1U);
  EXPECT_EQ(storage::saturating_sub(2, 3), 0U);
}

TEST(Saturating, TimesInNanosecondsStopAtBothEnds) {
  constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kEarliest = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(storage::nanoseconds_of(1, 5), 1'000'000'005);
  EXPECT_EQ(storage::nanoseconds_of(-1, 5), -999'999'995);
  EXPECT_EQ(storage::nanoseconds_of(9'223'372'036, 854'775'807), kLatest);
  EXPECT_EQ(storage::nanoseconds_of(9'223'372'036, 999'999'999), kLatest);
  EXPECT_EQ(storage::nanoseconds_of(20'000'000'000, 0), kLatest);
  EXPECT_EQ(storage::nanoseconds_of(kLatest, 0), kLatest);
  EXPECT_EQ(storage::nanoseconds_of(-20'000'000'000, 999'999'999), kEarliest);
}

TEST(Saturating, IsHowSizesAddUp) {
  const analyzer::Bytes file{kLargestFile, 4096};
  EXPECT_EQ(file + file + file, (analyzer::Bytes{kMost, 3 * 4096}));
  EXPECT_EQ(file - (file + file), analyzer::Bytes{});

  storage::FileFacts facts;
  facts.size_bytes = kLargestFile;
  facts.allocated_bytes = 512;
  storage::ClassTotal total;
  for (int i = 0; i < 3; ++i) total.add(facts);
  EXPECT_EQ(total.apparent_bytes, kMost);
  EXPECT_EQ(total.allocated_bytes, 3U * 512);
  total += total;
  EXPECT_EQ(total.apparent_bytes, kMost);
  EXPECT_EQ(total.objects, 6U);
}

}  // namespace
}  // namespace regsweep
