#pragma once

#include <ostream>

#include "analyzer/audit.h"

namespace regsweep::reports {

/// Prints the audit as one JSON object, schema regsweep.audit/1 (docs/schemas/audit.json).
/// `verbose`: what a comparison with a list found, all of it.
void write_audit_json(const analyzer::Audit& audit, std::ostream& out, bool verbose = false);

}  // namespace regsweep::reports
