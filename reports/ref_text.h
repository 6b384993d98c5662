#pragma once

#include <ostream>
#include <string>

#include "analyzer/ref.h"

namespace regsweep::reports {

/// "team/app:1.0", "team/app@sha256:…", "team/app" or "sha256:…": what a Ref names, printable.
std::string ref_name(const analyzer::Survey& survey, const analyzer::Ref& ref);

/// Says why a text names no object or several, what it may have meant, and the next command; ends
/// in a newline. `store` is what the user would give as STORE. For outcomes other than kResolved.
void write_ref_problem(const analyzer::Survey& survey, const std::string& text,
                       const analyzer::ResolvedRef& resolved, const std::string& store,
                       std::ostream& out);

}  // namespace regsweep::reports
