#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "analyzer/apply.h"
#include "analyzer/content_scan.h"
#include "storage/store.h"

namespace regsweep::cli {

/// A line on standard error while something runs: five times a second on a terminal, once a second
/// otherwise. Gone from the terminal when destroyed.
class Ticker {
 public:
  /// `line` gets the seconds since the start and returns what to show.
  Ticker(std::function<std::string(double)> line, std::ostream& err, bool terminal, bool show);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  struct Thread;
  std::unique_ptr<Thread> thread_;
};

/// What a scan has met so far.
class ScanTicker : public Ticker {
 public:
  ScanTicker(const storage::ScanProgress& counts, std::ostream& err, bool terminal, bool show);
};

/// What an apply has removed so far, how fast, and how long the rest will take.
class ApplyTicker : public Ticker {
 public:
  ApplyTicker(const analyzer::ApplyProgress& counts, std::ostream& err, bool terminal, bool show);
};

/// What a verify has read so far, how fast, and how long the rest will take; before that, what the
/// scan has met.
class VerifyTicker : public Ticker {
 public:
  VerifyTicker(const storage::ScanProgress& scan, const analyzer::ContentProgress& content,
               std::ostream& err, bool terminal, bool show);
};

/// "1.4 GiB/s".
std::string rate_text(std::uint64_t bytes, double seconds);

}  // namespace regsweep::cli
