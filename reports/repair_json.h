#pragma once

#include "analyzer/repair.h"
#include "reports/json_values.h"

namespace regsweep::reports {

// What a repair adds to a plan file. Reading throws what nlohmann throws, and invalid_argument.

Json additions_json(const analyzer::Plan& plan);
Json repair_rules_json(const analyzer::RepairRules& rules);
/// The tags that stay broken, with what they lack.
Json still_broken_json(const analyzer::Repair& repair);
/// All that is told beside the steps.
Json repair_results_json(const analyzer::Repair& repair);

/// Reads `additions` and `repair`, if the plan has them.
void read_repair_parts(const Json& json, analyzer::Plan& plan);

}  // namespace regsweep::reports
