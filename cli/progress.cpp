#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "cli/repeated.h"
#include "reports/humanize.h"

namespace regsweep::cli {

using reports::grouped;
using reports::human_size;
using storage::ScanPhase;
using storage::ScanProgress;

struct Ticker::Thread {
  Thread(std::function<std::string(double)> text, const Io& where)
      : line(std::move(text)), io(where) {
    // What is quicker needs no line.
    repeated.emplace(std::chrono::milliseconds(150), [this] {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
      show(line(elapsed.count()));
      return std::chrono::milliseconds(io.err_is_terminal ? 200 : 1000);
    });
  }

  ~Thread() {
    repeated.reset();
    if (shown && io.err_is_terminal) io.err << "\r\x1b[K" << std::flush;
  }

  /// A line longer than the terminal is wide would wrap, and \r not lead back to its begin.
  void show(std::string text) {
    shown = true;
    if (!io.err_is_terminal) {
      io.err << text << std::endl;
      return;
    }
    if (io.err_width > 1) text = reports::shortened(text, io.err_width - 1);
    io.err << '\r' << text << "\x1b[K" << std::flush;
  }

  const std::function<std::string(double)> line;
  const Io& io;
  const std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  bool shown = false;
  std::optional<Repeated> repeated;
};

Ticker::Ticker(std::function<std::string(double)> line, const CommonArgs& args, const Io& io) {
  if (args.quiet || !(args.progress || io.err_is_terminal)) return;
  thread_ = std::make_unique<Thread>(std::move(line), io);
}

Ticker::~Ticker() = default;

namespace {

/// How long the rest takes at the rate so far; nothing if that cannot be said yet.
std::optional<double> seconds_left(double done, double all, double seconds) {
  if (done <= 0 || all <= done || seconds < 0.5 || done < all / 200) return std::nullopt;
  return seconds * (all - done) / done;
}

std::string time_left(double done, double all, double seconds) {
  const std::optional<double> left = seconds_left(done, all, seconds);
  return left ? fmt::format("{:.0f} s", *left) : "–";
}

/// ", 120,000/s, 31 % of this step, about 4 s left" as far as it can be said. `count` was met in
/// this phase, of which `done` of `all` is through.
std::string pace(std::uint64_t count, double done, double all, double seconds) {
  std::string text = fmt::format(
      ", {}/s",
      grouped(static_cast<std::uint64_t>(static_cast<double>(count) / std::max(seconds, 0.001))));
  if (all > 0) text += fmt::format(", {:.0f} % of this step", std::min(100 * done / all, 99.0));
  if (const auto left = seconds_left(done, all, seconds)) {
    text += fmt::format(", about {:.0f} s left", *left);
  }
  return text;
}

double seconds_since(ScanProgress::Clock::rep began) {
  const auto now = ScanProgress::Clock::now().time_since_epoch();
  return std::chrono::duration<double>(now - ScanProgress::Clock::duration(began)).count();
}

std::string scan_line_now(const ScanProgress& counts) {
  return scan_line(counts, seconds_since(counts.began.load(std::memory_order_relaxed)));
}

}  // namespace

std::string scan_line(const ScanProgress& counts, double seconds) {
  const auto of = [](const std::atomic<std::uint64_t>& count) {
    return count.load(std::memory_order_relaxed);
  };
  const auto share = static_cast<double>(of(counts.done));
  constexpr auto kWhole = static_cast<double>(ScanProgress::kWhole);
  // What looked damaged or changed meanwhile is looked at again.
  const std::uint32_t passes = counts.passes.load(std::memory_order_relaxed);
  const std::string pass = passes > 1 ? fmt::format("pass {}, ", passes) : "";
  switch (counts.phase.load(std::memory_order_acquire)) {
    case ScanPhase::kNotBegun:
      return "opening the store";
    case ScanPhase::kBlobs:
      return fmt::format("{}1 of 4, reading blobs: {}{}", pass, grouped(of(counts.blobs)),
                         pace(of(counts.blobs), share, kWhole, seconds));
    case ScanPhase::kRepositories: {
      const std::uint64_t links = of(counts.links) + of(counts.tags);
      return fmt::format("{}2 of 4, reading repositories: {}, {} links and tags{}", pass,
                         grouped(of(counts.repositories)), grouped(links),
                         pace(links, share, kWhole, seconds));
    }
    case ScanPhase::kFiles:
      return fmt::format("{}3 of 4, looking at files: {}{}", pass, grouped(of(counts.files)),
                         pace(of(counts.files), static_cast<double>(of(counts.files)),
                              static_cast<double>(of(counts.files_expected)), seconds));
    case ScanPhase::kScanned:
      break;
  }
  return fmt::format("{}4 of 4, working it out: {} blobs, {} repositories, {:.1f} s", pass,
                     grouped(of(counts.blobs)), grouped(of(counts.repositories)), seconds);
}

std::string rate_text(std::uint64_t bytes, double seconds) {
  const double rate = static_cast<double>(bytes) / std::max(seconds, 0.001);
  return human_size(static_cast<std::uint64_t>(rate)) + "/s";
}

ScanTicker::ScanTicker(const ScanProgress& counts, const CommonArgs& args, const Io& io)
    : Ticker([&counts](double) { return scan_line_now(counts); }, args, io) {}

VerifyTicker::VerifyTicker(const ScanProgress& scan, const analyzer::ContentProgress& content,
                           const CommonArgs& args, const Io& io)
    : Ticker(
          [&scan, &content, began = -1.0](double seconds) mutable {
            const std::uint64_t planned = content.planned_blobs;
            if (planned == 0) return scan_line_now(scan);
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
          args, io) {}

ApplyTicker::ApplyTicker(const analyzer::ApplyProgress& counts, const CommonArgs& args,
                         const Io& io)
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
          args, io) {}

}  // namespace regsweep::cli
