#pragma once

#include "analyzer/plan.h"
#include "cli/command.h"

namespace regsweep::cli {

/// Works a repair out under the store's lock and carries it out: all of it, or, if `given` is set,
/// what that plan names, after each of its steps was checked again. Prints the outcome.
int apply_repair(const CommonArgs& common, bool assume_offline, const OpenStore& opened,
                 const analyzer::RepairRules& rules, const analyzer::Plan* given, const Io& io);

}  // namespace regsweep::cli
