#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "analyzer/apply.h"
#include "analyzer/plan.h"
#include "reports/text_style.h"
#include "storage/result.h"

namespace regsweep::reports {

/// Prints a plan for a person: what goes, class by class, and what is held back.
void write_plan_text(const analyzer::Plan& plan, const TextOptions& options, std::ostream& out);

/// "done", "refused", "stopped" or "interrupted".
std::string_view end_name(analyzer::ApplyEnd end);

/// What an apply did, and the disk before and after.
struct ApplySummary {
  analyzer::ApplyResult result;
  analyzer::PlanTotal promised;   ///< what the plan said
  analyzer::PlanTotal held_back;  ///< what it left for its age
  std::int64_t min_age_seconds = 0;
  std::uint64_t disk_free_before = 0;
  std::uint64_t disk_free_after = 0;
  bool quarantine = true;
  std::string store;  ///< as a word of a shell command
};

/// Prints it for a person, or as one JSON object, schema regsweep.apply/1
/// (docs/schemas/apply.json).
void write_apply_text(const ApplySummary& summary, const TextOptions& options, std::ostream& out);
void write_apply_json(const ApplySummary& summary, std::ostream& out);

/// Writes a plan file, schema regsweep.plan/1 (docs/schemas/plan.json).
void write_plan_json(const analyzer::Plan& plan, std::ostream& out);

/// Reads one. kCorrupt: no plan, of another version, or changed since it was written.
storage::Result<analyzer::Plan> read_plan_json(const std::string& text);

}  // namespace regsweep::reports
