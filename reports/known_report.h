#pragma once

#include <ostream>

#include "analyzer/audit.h"
#include "reports/json_values.h"
#include "reports/text_style.h"

namespace regsweep::reports {

inline constexpr std::size_t kMostKnown = 100;  ///< names of one kind, unless all are asked for

/// Prints how a store and a list differ, as a section of an audit's text.
void write_known(const analyzer::Audit& audit, const analyzer::KnownComparison& known,
                 const TextOptions& options, std::ostream& out);

/// The same as in docs/schemas/audit.json, "known". Counts are exact; names of one kind are at most
/// kMostKnown, or all if `verbose`.
Json known_json(const analyzer::Audit& audit, const analyzer::KnownComparison& known, bool verbose);

}  // namespace regsweep::reports
