#include "cli/progress.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "reports/humanize.h"

namespace regsweep::cli {

using reports::grouped;
using reports::human_size;

struct Ticker::Thread {
  Thread(std::function<std::string(double)> text, std::ostream& stream, bool is_terminal)
      : line(std::move(text)), err(stream), terminal(is_terminal), thread([this] { run(); }) {}

  ~Thread() {
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
      if (terminal) {
        err << '\r' << line(elapsed.count()) << "\x1b[K" << std::flush;
      } else {
        err << line(elapsed.count()) << std::endl;
      }
    }
  }

  const std::function<std::string(double)> line;
  std::ostream& err;
  const bool terminal;
  std::mutex mutex;
  std::condition_variable wake;
  bool stop = false;
  std::thread thread;  // last: it uses the others
};

Ticker::Ticker(std::function<std::string(double)> line, std::ostream& err, bool terminal,
               bool show) {
  if (show) thread_ = std::make_unique<Thread>(std::move(line), err, terminal);
}

Ticker::~Ticker() = default;

namespace {

std::string scan_line(const storage::ScanProgress& counts, double seconds) {
  return fmt::format("reading: {} blobs, {} repositories, {} links, {} other files, {:.1f} s",
                     grouped(counts.blobs), grouped(counts.repositories), grouped(counts.links),
                     grouped(counts.files), seconds);
}

/// How long the rest takes at the rate so far; "–" if that cannot be said.
std::string time_left(double done, double all, double seconds) {
  return done > 0 && all > done ? fmt::format("{:.0f} s", seconds * (all - done) / done) : "–";
}

}  // namespace

std::string rate_text(std::uint64_t bytes, double seconds) {
  const double rate = static_cast<double>(bytes) / std::max(seconds, 0.001);
  return human_size(static_cast<std::uint64_t>(rate)) + "/s";
}

ScanTicker::ScanTicker(const storage::ScanProgress& counts, std::ostream& err, bool terminal,
                       bool show)
    : Ticker([&counts](double seconds) { return scan_line(counts, seconds); }, err, terminal,
             show) {}

VerifyTicker::VerifyTicker(const storage::ScanProgress& scan,
                           const analyzer::ContentProgress& content, std::ostream& err,
                           bool terminal, bool show)
    : Ticker(
          [&scan, &content, began = -1.0](double seconds) mutable {
            const std::uint64_t planned = content.planned_blobs;
            if (planned == 0) return scan_line(scan, seconds);
            if (began < 0) began = seconds;
            const double reading = seconds - began;
            const std::uint64_t bytes = content.bytes;
            return fmt::format("verifying: {} of {} blobs, {} of {}, {}, {} damaged, {} left",
                               grouped(content.blobs), grouped(planned), human_size(bytes),
                               human_size(content.planned_bytes), rate_text(bytes, reading),
                               grouped(content.bad),
                               time_left(static_cast<double>(bytes),
                                         static_cast<double>(content.planned_bytes), reading));
          },
          err, terminal, show) {}

ApplyTicker::ApplyTicker(const analyzer::ApplyProgress& counts, std::ostream& err, bool terminal,
                         bool show)
    : Ticker(
          [&counts](double seconds) {
            const double done = static_cast<double>(counts.objects);
            const double all = static_cast<double>(counts.planned_objects);
            const std::uint64_t bytes = counts.allocated_bytes;
            return fmt::format("removing: {} of {} objects, {} of {}, {}, {} left",
                               grouped(counts.objects), grouped(counts.planned_objects),
                               human_size(bytes), human_size(counts.planned_bytes),
                               rate_text(bytes, seconds), time_left(done, all, seconds));
          },
          err, terminal, show) {}

}  // namespace regsweep::cli
