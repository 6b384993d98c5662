#pragma once

#include <span>
#include <string_view>

namespace regsweep::reports {

/// The files of reports/page/, as they were when the program was built.
std::string_view page_template();
std::string_view page_style();
/// In the order in which they run: d3 first.
std::span<const std::string_view> page_scripts();

}  // namespace regsweep::reports
