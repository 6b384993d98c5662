#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace regsweep::reports {

enum class PageKind : std::uint8_t { kAudit, kDiff };

// The files of reports/page/, as they were when the program was built.

/// What stands before the body of every page, and the body of each. Both have {{words}} that
/// write_page() replaces.
std::string_view page_head();
std::string_view page_body(PageKind kind);
std::string_view page_style();
/// In the order in which they run: d3 first.
std::span<const std::string_view> page_scripts(PageKind kind);

}  // namespace regsweep::reports
