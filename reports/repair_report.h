#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "analyzer/repair.h"
#include "reports/text_style.h"
#include "storage/result.h"

namespace regsweep::reports {

/// Prints for a person what a repair would do, what it leaves, and what stays broken.
void write_repair_text(const analyzer::Repair& repair, const TextOptions& options,
                       std::ostream& out);

/// Writes it as a plan file, schema regsweep.plan/1 (docs/schemas/plan.json), which `regsweep
/// apply` carries out. read_plan_json() gives back its plan.
void write_repair_json(const analyzer::Repair& repair, std::ostream& out);

/// What an apply of a repair did.
struct RepairSummary {
  analyzer::RepairResult result;
  std::string store;  ///< as a word of a shell command
};

/// Prints what was done, what is still broken, and what to do now.
void write_repaired_text(const RepairSummary& summary, const analyzer::Repair& repair,
                         const TextOptions& options, std::ostream& out);
void write_repaired_json(const RepairSummary& summary, const analyzer::Repair& repair,
                         std::ostream& out);

/// The damaged blobs that a report of `regsweep verify --json` names, by digest; those that are
/// merely missing left out. kUsage: it is no such report, or one of another version.
storage::Result<std::vector<storage::Digest>> read_damaged_report(const std::string& text);

}  // namespace regsweep::reports
