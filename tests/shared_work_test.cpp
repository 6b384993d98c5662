#include "storage/shared_work.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "tests/analyze.h"

namespace regsweep::storage {
namespace {

constexpr int kPieces = 10'000;

TEST(SharedWork, WhatIsTooMuchToWaitIsDoneOnTheSpot) {
  tests::with_threads(1, [] {
    SharedWork work;
    int done = 0;
    int on_the_spot = 0;
    work.hand_out(0, [&](int) {
      for (int i = 0; i < kPieces; ++i) {
        work.hand_out(0, [&](int nested) {
          ++done;
          on_the_spot += nested;
        });
      }
      EXPECT_GT(on_the_spot, kPieces - 1000);
    });
    work.wait();
    EXPECT_EQ(done, kPieces);
  });
}

// As of directories in one another, each with more beside it than may wait.
TEST(SharedWork, LittleStandsOnTheStackHoweverMuchIsNested) {
  for (const int threads : {1, 4}) {
    tests::with_threads(threads, [] {
      SharedWork work;
      std::atomic<int> done{0};
      std::atomic<int> deepest{0};
      const std::function<void(int, int)> deeper = [&](int depth, int nested) {
        ++done;
        for (int seen = deepest; nested > seen && !deepest.compare_exchange_weak(seen, nested);) {
        }
        if (depth == kPieces) return;
        for (int i = 0; depth == 0 && i < 2000; ++i) work.hand_out(nested, [&](int) { ++done; });
        work.hand_out(nested, [&deeper, depth](int inner) { deeper(depth + 1, inner); });
      };
      work.hand_out(0, [&](int nested) { deeper(0, nested); });
      work.wait();
      EXPECT_EQ(done, kPieces + 1 + 2000);
      EXPECT_LE(deepest, 16);
    });
  }
}

}  // namespace
}  // namespace regsweep::storage
