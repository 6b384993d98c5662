#pragma once

#include <ostream>
#include <vector>

#include "analyzer/savings.h"
#include "reports/json_values.h"
#include "reports/text_style.h"

namespace regsweep::reports {

inline constexpr std::size_t kMostSavings = 8;  ///< text shows no more

/// Prints the few things that free most, each with its bytes; nothing if nothing does.
void write_savings(const std::vector<analyzer::Saving>& savings, const TextOptions& options,
                   std::ostream& out);

/// All of them, as in docs/schemas/audit.json, "frees_most".
Json savings_json(const std::vector<analyzer::Saving>& savings);

}  // namespace regsweep::reports
