#include "cli/reading_threads.h"

#include <tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <thread>

#include "cli/process.h"
#include "cli/repeated.h"

namespace regsweep::cli {
namespace {

using Clock = std::chrono::steady_clock;
using storage::ScanPhase;

constexpr int kMostOnFewCores = 32;
constexpr std::chrono::milliseconds kLook{50};

int cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

/// Seconds that the threads of this process have run or waited for a processor, all together;
/// 0 if the system does not say. What is left of the time they waited for something else.
double runnable_seconds() {
  std::uint64_t nanoseconds = 0;
  std::error_code error;
  std::filesystem::directory_iterator threads("/proc/self/task", error);
  for (; !error && threads != std::filesystem::directory_iterator(); threads.increment(error)) {
    std::ifstream file(threads->path() / "schedstat");
    std::uint64_t running = 0;
    std::uint64_t queued = 0;
    if (file >> running >> queued) nanoseconds += running + queued;
  }
  return error ? 0 : static_cast<double>(nanoseconds) * 1e-9;
}

}  // namespace

int default_jobs() { return std::clamp(2 * cores(), 4, 64); }

int most_default_jobs() { return std::max(default_jobs(), kMostOnFewCores); }

int next_threads(int threads, int most, double runnable, int cores) noexcept {
  const bool cores_wait = runnable < std::min(1.25 * cores, 0.75 * threads);
  return cores_wait ? std::min(2 * threads, most) : threads;
}

struct ReadingThreads::Watch {
  Watch(const storage::ScanProgress& counts, int begin_with, int at_most)
      : progress(counts), first(begin_with), most(at_most) {
    allow(first);
    try {
      repeated.emplace(kLook, [this] { return look_safely() ? kLook : Repeated::Pause::zero(); });
    } catch (const std::system_error&) {
      // Where not even this thread can be started, `first` are enough.
    }
  }

  bool look_safely() {
    try {
      return look();
    } catch (const std::exception&) {
      return false;  // no memory: what reads goes on with the threads that it has
    }
  }

  /// Returns whether another look is worth it.
  bool look() {
    if (!progress.is_reading) {
      before = 0;
      if (progress.phase == ScanPhase::kScanned && allowed != first) allow(first);
      return true;
    }
    const double now = runnable_seconds();
    const Clock::time_point at = Clock::now();
    if (now <= 0) return false;
    if (before > 0) {
      const double runnable = (now - before) / std::chrono::duration<double>(at - began).count();
      grow(next_threads(allowed, most, runnable, cores()));
    }
    before = now;
    began = at;
    return true;
  }

  void grow(int threads) {
    if (threads <= allowed) return;
    threads = affordable_threads(threads);
    if (threads > allowed) {
      allow(threads);
    } else {
      most = allowed;  // the system grants no more
    }
  }

  /// TBB goes by the least of all controls: the new one is there before the old one goes.
  void allow(int threads) {
    control = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                    static_cast<std::size_t>(threads));
    allowed = threads;
  }

  const storage::ScanProgress& progress;
  const int first;
  int most;
  int allowed = 0;
  std::unique_ptr<tbb::global_control> control;
  double before = 0;  ///< runnable_seconds() at the last look at this phase; 0 if it is the first
  Clock::time_point began;  ///< that look
  std::optional<Repeated> repeated;
};

ReadingThreads::ReadingThreads(const storage::ScanProgress& progress, int first, int most)
    : watch_(std::make_unique<Watch>(progress, first, most)) {}

ReadingThreads::~ReadingThreads() = default;

}  // namespace regsweep::cli
