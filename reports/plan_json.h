#pragma once

#include <array>
#include <ostream>

#include "analyzer/plan.h"
#include "reports/json_values.h"
#include "storage/sweeper.h"

namespace regsweep::reports {

/// Writes a plan file with its checksum; of a repair's plan, `results` goes into `repair`.
void write_plan_file(const analyzer::Plan& plan, const Json& results, std::ostream& out);

/// Objects and bytes of each class of removal, by its name.
Json classes_json(const std::array<analyzer::PlanTotal, storage::kRemovalClasses>& classes);

}  // namespace regsweep::reports
