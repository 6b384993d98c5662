#pragma once

#include <ostream>
#include <string>

#include "analyzer/audit.h"
#include "reports/sheet.h"
#include "reports/text_style.h"

namespace regsweep::reports {

enum class Format : std::uint8_t { kText, kJson, kCsv, kNdjson, kPrometheus };

inline constexpr std::size_t kMostSeries = 50;  ///< rows in Prometheus if the user does not say

/// Writes one sheet of an audit. As JSON it is an object of its own: docs/schemas/repos.json.
void write_capacity(const analyzer::Audit& audit, const Sheet& sheet, Format format,
                    const TextOptions& options, std::ostream& out);

}  // namespace regsweep::reports
