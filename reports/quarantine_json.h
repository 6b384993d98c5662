#pragma once

#include <vector>

#include "reports/json_values.h"
#include "storage/sweeper.h"

namespace regsweep::reports {

/// An array of the runs in quarantine, in the order given.
Json quarantine_runs_json(const std::vector<storage::QuarantineRun>& runs);

}  // namespace regsweep::reports
