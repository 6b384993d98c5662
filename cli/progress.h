#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "analyzer/apply.h"
#include "analyzer/content_scan.h"
#include "cli/command.h"
#include "cli/io.h"
#include "storage/scan_progress.h"

namespace regsweep::cli {

/// A line on standard error while something runs longer than a moment: five times a second on a
/// terminal, once a second otherwise; none with --quiet, nor where it is no terminal without
/// --progress. Gone from the terminal when destroyed.
class Ticker {
 public:
  /// `line` gets the seconds since the start and returns what to show.
  Ticker(std::function<std::string(double)> line, const CommonArgs& args, const Io& io);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  struct Thread;
  std::unique_ptr<Thread> thread_;
};

/// What a scan has met so far, how fast, and how long its step will take.
class ScanTicker : public Ticker {
 public:
  ScanTicker(const storage::ScanProgress& counts, const CommonArgs& args, const Io& io);
};

/// What an apply has removed so far, how fast, and how long the rest will take.
class ApplyTicker : public Ticker {
 public:
  ApplyTicker(const analyzer::ApplyProgress& counts, const CommonArgs& args, const Io& io);
};

/// What a verify has read so far, how fast, and how long the rest will take; before that, what the
/// scan has met.
class VerifyTicker : public Ticker {
 public:
  VerifyTicker(const storage::ScanProgress& scan, const analyzer::ContentProgress& content,
               const CommonArgs& args, const Io& io);
};

/// What a ScanTicker shows when the scan's phase has lasted `seconds`.
std::string scan_line(const storage::ScanProgress& counts, double seconds);

/// "1.4 GiB/s".
std::string rate_text(std::uint64_t bytes, double seconds);

}  // namespace regsweep::cli
