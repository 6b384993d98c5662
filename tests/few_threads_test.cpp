#include "analyzer/few_threads.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace regsweep::analyzer {
namespace {

TEST(FewThreads, EachIndexIsTakenOnceAndNoMoreThanEightThreadsAreThereForIt) {
  for (const int threads : {1, 4, 8, 64}) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(threads));
    std::vector<std::atomic<int>> taken(10'000);
    std::atomic<int> most{0};
    tbb::task_arena(threads).execute([&] {
      on_few_threads(taken.size(), [&](std::size_t i) {
        ++taken[i];
        most = tbb::this_task_arena::max_concurrency();
      });
    });
    EXPECT_TRUE(std::all_of(taken.begin(), taken.end(), [](const auto& n) { return n == 1; }));
    EXPECT_EQ(most, std::min(threads, 8));
  }
}

}  // namespace
}  // namespace regsweep::analyzer
