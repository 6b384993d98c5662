#pragma once

#include <ostream>
#include <string_view>

#include "reports/json_values.h"
#include "reports/page_files.h"

namespace regsweep::reports {

/// Writes one HTML page that needs nothing else: style, scripts and data are inside, and its
/// content security policy lets it ask for nothing. `kind` says what the data is, and so which of
/// the files in reports/page/ make the page. Strings in `data` are text of any content, UTF-8; none
/// of it can end the element it is in.
void write_page(std::string_view title, PageKind kind, const Json& data, std::ostream& out);

/// JSON in which no character means anything to HTML or to a script: < > & U+2028 and U+2029 are
/// written as \uXXXX.
std::string script_safe(const Json& data);

/// Text for HTML, within elements and quoted attributes.
std::string html_text(std::string_view text);

}  // namespace regsweep::reports
