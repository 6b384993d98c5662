#include "cli/progress.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "reports/humanize.h"

namespace regsweep::cli {

struct Progress::Ticker {
  Ticker(const storage::ScanProgress& scan, std::ostream& stream, bool is_terminal)
      : counts(scan), err(stream), terminal(is_terminal), thread([this] { run(); }) {}

  ~Ticker() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    wake.notify_one();
    thread.join();
    if (terminal) err << "\r\x1b[K" << std::flush;
  }

  void run() {
    const auto begin = std::chrono::steady_clock::now();
    const auto step = std::chrono::milliseconds(terminal ? 200 : 1000);
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, step, [this] { return stop; })) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
      const std::string line = fmt::format(
          "reading: {} blobs, {} repositories, {} links, {} other files, {:.1f} s",
          reports::grouped(counts.blobs), reports::grouped(counts.repositories),
          reports::grouped(counts.links), reports::grouped(counts.files), elapsed.count());
      if (terminal) {
        err << '\r' << line << "\x1b[K" << std::flush;
      } else {
        err << line << std::endl;
      }
    }
  }

  const storage::ScanProgress& counts;
  std::ostream& err;
  const bool terminal;
  std::mutex mutex;
  std::condition_variable wake;
  bool stop = false;
  std::thread thread;  // last: it uses the others
};

Progress::Progress(const storage::ScanProgress& counts, std::ostream& err, bool terminal, bool show) {
  if (show) ticker_ = std::make_unique<Ticker>(counts, err, terminal);
}

Progress::~Progress() = default;

}  // namespace regsweep::cli
