#pragma once

#include <ostream>

#include "analyzer/plan.h"
#include "reports/json_values.h"

namespace regsweep::reports {

/// Writes a plan file with its checksum; of a repair's plan, `results` goes into `repair`.
void write_plan_file(const analyzer::Plan& plan, const Json& results, std::ostream& out);

}  // namespace regsweep::reports
