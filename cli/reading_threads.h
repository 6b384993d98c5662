#pragma once

#include <memory>

#include "storage/scan_progress.h"

namespace regsweep::cli {

/// Threads that read metadata to begin with if the user does not say: 2 a core, 4 to 64. On a warm
/// store more cost a few per cent (docs/benchmarks.md).
int default_jobs();

/// And as many as may become of them where the storage lets them wait: 32, if not more already.
/// Each costs about half a MiB.
int most_default_jobs();

/// How many threads are to read after a while in which `runnable` of `threads` had work for the
/// processor, on average: twice as many if the cores were not kept busy, `most` at most.
int next_threads(int threads, int most, double runnable, int cores) noexcept;

/// Lets more threads read where storage is slow, as on a cold disk or over a network: begins with
/// `first` and looks every 50 ms whether the cores are kept busy, while `progress` says that a scan
/// is reading; after it, `first` is all again. Needs /proc; without it stays `first`. For an
/// arena of `most` threads that works while this lives.
class ReadingThreads {
 public:
  ReadingThreads(const storage::ScanProgress& progress, int first, int most);
  ~ReadingThreads();
  ReadingThreads(const ReadingThreads&) = delete;
  ReadingThreads& operator=(const ReadingThreads&) = delete;

 private:
  struct Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace regsweep::cli
