#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "storage/sweeper.h"

namespace regsweep::reports {

/// Lists what is in quarantine, a line a run.
void write_quarantine_runs(const std::vector<storage::QuarantineRun>& runs, std::ostream& out);
void write_quarantine_runs_json(const std::vector<storage::QuarantineRun>& runs, std::ostream& out);

/// Says what an undo or a purge did; `what` is "brought back" or "freed".
void write_quarantine_text(const std::string& what, const storage::QuarantineOutcome& outcome,
                           std::ostream& out);
void write_quarantine_json(const std::string& what, const storage::QuarantineOutcome& outcome,
                           std::ostream& out);

}  // namespace regsweep::reports
