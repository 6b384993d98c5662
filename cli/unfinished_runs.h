#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "storage/sweeper.h"

namespace regsweep::cli {

/// What is in quarantine; a note on `io.err` instead, where another regsweep has the store or what
/// is there cannot be read.
std::vector<storage::QuarantineRun> quarantined_runs(const CommonArgs& common,
                                                     const OpenStore& opened, const Io& io);

/// Says on `io.err` which earlier runs were cut off, and what takes each back: there may be more to
/// mend than the store shows. Returns the commands for those that moved something.
std::vector<std::string> name_unfinished_runs(const CommonArgs& common, const OpenStore& opened,
                                              const Io& io);

}  // namespace regsweep::cli
