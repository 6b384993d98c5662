#pragma once

#include <ostream>
#include <vector>

#include "analyzer/deletion_choice.h"
#include "analyzer/plan.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// Prints what was chosen to go, and what else that touches: tags on the same digest, signatures,
/// indexes that list it. At most 20 of a kind without -v.
void write_choice(const analyzer::Survey& survey, const std::vector<analyzer::ChosenRef>& chosen,
                  const TextOptions& options, std::ostream& out);

/// Prints what a deletion frees: now, and with a collection afterwards. `swept` is a plan of the
/// same deletion with a sweep that holds nothing back.
void write_frees(const analyzer::Plan& plan, const analyzer::Plan& swept,
                 const TextOptions& options, std::ostream& out);

}  // namespace regsweep::reports
