#include "reports/quarantine_report.h"

#include "reports/humanize.h"
#include "reports/quarantine_json.h"

namespace regsweep::reports {

void write_quarantine_runs(const std::vector<storage::QuarantineRun>& runs, std::ostream& out) {
  for (const storage::QuarantineRun& run : runs) {
    out << run.id << "  " << grouped(run.objects) << " objects  " << human_size(run.allocated_bytes)
        << (run.finished ? "" : "  (was interrupted)")
        << (run.problem.empty() ? "" : "  " + printable(run.problem)) << '\n';
  }
  if (runs.empty()) out << "the quarantine is empty\n";
}

Json quarantine_runs_json(const std::vector<storage::QuarantineRun>& runs) {
  Json rows = Json::array();
  for (const storage::QuarantineRun& run : runs) {
    rows.push_back({{"run", run.id},
                    {"started", time_or_null(run.started_seconds)},
                    {"objects", run.objects},
                    {"allocated_bytes", run.allocated_bytes},
                    {"finished", run.finished},
                    {"problem", text_or_null(run.problem)}});
  }
  return rows;
}

void write_quarantine_runs_json(const std::vector<storage::QuarantineRun>& runs,
                                std::ostream& out) {
  const Json json = {{"schema", "regsweep.quarantine-runs/1"},
                     {"runs", quarantine_runs_json(runs)}};
  out << json.dump(1) << '\n';
}

void write_quarantine_text(const std::string& what, const storage::QuarantineOutcome& outcome,
                           std::ostream& out) {
  out << what << ": " << grouped(outcome.objects) << " objects, "
      << human_size(outcome.allocated_bytes) << '\n';
  if (outcome.taken_away != 0) {
    out << "taken away again: " << grouped(outcome.taken_away)
        << (outcome.taken_away == 1 ? " file" : " files") << " that had been added\n";
  }
  for (const std::string& path : outcome.skipped) {
    out << "left in quarantine, its place is taken: " << printable(path) << '\n';
  }
}

void write_quarantine_json(const std::string& what, const storage::QuarantineOutcome& outcome,
                           std::ostream& out) {
  Json skipped = Json::array();
  for (const std::string& path : outcome.skipped) skipped.push_back(printable(path));
  const Json json = {
      {"schema", "regsweep.quarantine/1"}, {"did", what},
      {"objects", outcome.objects},        {"allocated_bytes", outcome.allocated_bytes},
      {"taken_away", outcome.taken_away},  {"skipped", std::move(skipped)}};
  out << json.dump(1) << '\n';
}

}  // namespace regsweep::reports
