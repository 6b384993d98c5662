#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace regsweep::reports {

enum class PageKind : std::uint8_t { kAudit, kDiff };

/// The files of reports/page/, as they were when the program was built.
/// `kind` is PageKind's: each has a template and a script of its own.
std::string_view page_template(PageKind kind);
std::string_view page_style();
/// In the order in which they run: d3 first.
std::span<const std::string_view> page_scripts(PageKind kind);

}  // namespace regsweep::reports
