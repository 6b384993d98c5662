#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "analyzer/finding.h"
#include "reports/json_values.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// Text in the colour of a concern, where colour is wanted.
std::string painted(analyzer::Concern concern, const std::string& text, const TextOptions& options);

/// "!!!", "!! " or "-  ", in the colour of the concern.
std::string concern_sign(analyzer::Concern concern, const TextOptions& options);

/// Prints findings for a person, each with what it is about, what it means and the next command.
/// `store` is what the user would give as STORE.
void write_findings(const std::vector<analyzer::Finding>& findings, const std::string& store,
                    const TextOptions& options, std::ostream& out);

/// The same as JSON.
Json findings_json(const std::vector<analyzer::Finding>& findings, const std::string& store);

}  // namespace regsweep::reports
