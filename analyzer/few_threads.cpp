#include "analyzer/few_threads.h"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace regsweep::analyzer {
namespace {

constexpr int kFewThreads = 8;

}  // namespace

void on_few_threads(std::size_t count, const std::function<void(std::size_t)>& f) {
  const auto run = [&] { tbb::parallel_for(std::size_t{0}, count, f); };
  const auto allowed = static_cast<int>(
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
  const int few = std::min(kFewThreads, allowed);
  if (tbb::this_task_arena::max_concurrency() <= few) {
    run();
  } else {
    tbb::task_arena(few).execute(run);
  }
}

}  // namespace regsweep::analyzer
