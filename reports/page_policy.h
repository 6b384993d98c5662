#pragma once

#include <string>
#include <string_view>

#include "reports/page_files.h"

namespace regsweep::reports {

/// The content security policy of a page, as text for an attribute: it may run its own scripts and
/// use its own style sheet, known by their SHA-256, and nothing else, from nowhere; so that a name
/// that found its way into the markup could not run either. Source: W3C Content Security Policy
/// Level 3, "hash-source".
std::string page_policy(PageKind kind);

/// What stands in a <script> or <style> element: its hash covers every byte between the tags.
std::string element_text(std::string_view file);

}  // namespace regsweep::reports
