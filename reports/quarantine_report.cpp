#include "reports/quarantine_report.h"

#include "reports/humanize.h"
#include "reports/json_values.h"

namespace regsweep::reports {

void write_quarantine_runs(const std::vector<storage::QuarantineRun>& runs, std::ostream& out) {
  for (const storage::QuarantineRun& run : runs) {
    out << run.id << "  " << grouped(run.objects) << " objects  " << human_size(run.allocated_bytes)
        << (run.finished ? "" : "  (was interrupted)")
        << (run.problem.empty() ? "" : "  " + printable(run.problem)) << '\n';
  }
  if (runs.empty()) out << "the quarantine is empty\n";
}

void write_quarantine_runs_json(const std::vector<storage::QuarantineRun>& runs,
                                std::ostream& out) {
  Json rows = Json::array();
  for (const storage::QuarantineRun& run : runs) {
    rows.push_back({{"run", run.id},
                    {"started", rfc3339(run.started_seconds)},
                    {"objects", run.objects},
                    {"allocated_bytes", run.allocated_bytes},
                    {"finished", run.finished},
                    {"problem", printable(run.problem)}});
  }
  const Json json = {{"schema", "regsweep.quarantine-runs/1"}, {"runs", std::move(rows)}};
  out << json.dump(1) << '\n';
}

void write_quarantine_text(const std::string& what, const storage::QuarantineOutcome& outcome,
                           std::ostream& out) {
  out << what << ": " << grouped(outcome.objects) << " objects, "
      << human_size(outcome.allocated_bytes) << '\n';
  for (const std::string& path : outcome.skipped) {
    out << "left in quarantine, its place is taken: " << printable(path) << '\n';
  }
}

void write_quarantine_json(const std::string& what, const storage::QuarantineOutcome& outcome,
                           std::ostream& out) {
  Json skipped = Json::array();
  for (const std::string& path : outcome.skipped) skipped.push_back(printable(path));
  const Json json = {{"schema", "regsweep.quarantine/1"},
                     {"did", what},
                     {"objects", outcome.objects},
                     {"allocated_bytes", outcome.allocated_bytes},
                     {"skipped", std::move(skipped)}};
  out << json.dump(1) << '\n';
}

}  // namespace regsweep::reports
