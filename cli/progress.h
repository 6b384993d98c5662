#pragma once

#include <memory>
#include <ostream>

#include "storage/store.h"

namespace regsweep::cli {

/// A line on standard error while a scan runs: counts and time, five times a second on a terminal,
/// once a second otherwise. Gone from the terminal when destroyed.
class Progress {
 public:
  Progress(const storage::ScanProgress& counts, std::ostream& err, bool terminal, bool show);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  struct Ticker;
  std::unique_ptr<Ticker> ticker_;
};

}  // namespace regsweep::cli
