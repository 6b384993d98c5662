#include "cli/reading_threads.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace regsweep::cli {
namespace {

using storage::ScanPhase;
using storage::ScanProgress;

TEST(ReadingThreads, GrowWhileTheCoresAreNotKeptBusy) {
  EXPECT_EQ(next_threads(4, 32, 0.3, 2), 8);
  EXPECT_EQ(next_threads(4, 32, 2.4, 2), 8);
  EXPECT_EQ(next_threads(8, 32, 2.4, 2), 16);
  EXPECT_EQ(next_threads(16, 32, 0.1, 2), 32);
  EXPECT_EQ(next_threads(32, 32, 0.1, 2), 32);
  EXPECT_EQ(next_threads(24, 32, 0.1, 8), 32);
}

TEST(ReadingThreads, StayWhereTheCoresHaveWork) {
  EXPECT_EQ(next_threads(4, 32, 4.0, 2), 4);
  EXPECT_EQ(next_threads(4, 32, 2.6, 2), 4);
  EXPECT_EQ(next_threads(8, 32, 2.6, 2), 8);
  EXPECT_EQ(next_threads(4, 32, 3.1, 4), 4) << "all threads have work, though fewer than cores";
}

/// What TBB may use, once it is `expected` or five seconds have gone by.
std::size_t allowed(std::size_t expected) {
  std::size_t now = 0;
  for (int i = 0; i < 500; ++i) {
    now = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
    if (now == expected) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return now;
}

TEST(ReadingThreads, AScanThatWaitsGetsMoreAndWhatFollowsItDoesNot) {
  if (!std::ifstream("/proc/self/schedstat")) GTEST_SKIP() << "no /proc/self/schedstat";
  const tbb::global_control arena(tbb::global_control::max_allowed_parallelism, 32);
  ScanProgress progress;
  {
    const ReadingThreads threads(progress, 4, 32);
    EXPECT_EQ(allowed(4), 4U);
    progress.begin(ScanPhase::kBlobs);
    EXPECT_EQ(allowed(32), 32U) << "nobody here has anything to do";
    progress.begin(ScanPhase::kScanned);
    EXPECT_EQ(allowed(4), 4U);
  }
  EXPECT_EQ(allowed(32), 32U);
}

}  // namespace
}  // namespace regsweep::cli
