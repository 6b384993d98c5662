#pragma once

#include <istream>
#include <ostream>

#include "storage/config.h"

namespace regsweep::cli {

/// What a command may touch of the outside: bound to the process by main, to strings by tests.
struct Io {
  std::ostream& out;  ///< results
  std::ostream& err;  ///< progress, notes, errors
  storage::Environment environment;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t out_width = 0;   ///< columns of the terminal that results go to; 0: unknown
  std::size_t err_width = 0;   ///< the same of the terminal that progress goes to
  std::istream* in = nullptr;  ///< what "-" reads; nullptr: the process's standard input
};

/// Exit codes, a contract with scripts.
enum class Exit : int {
  kDone = 0,
  kLimitExceeded = 1,
  kUsage = 2,
  kDamage = 3,
  kIncomplete = 4,
  kRefused = 5,
  kPlanOutdated = 6,
  kApplyStopped = 7,
  kInterrupted = 130,
};

}  // namespace regsweep::cli
