#pragma once

#include <ostream>
#include <string>

#include "analyzer/audit.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// Prints the audit for a person.
void write_audit_text(const analyzer::Audit& audit, const TextOptions& options, std::ostream& out);

}  // namespace regsweep::reports
