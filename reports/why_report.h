#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "analyzer/why.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// How many referrers of one kind a report names without -v.
inline constexpr std::size_t kMostReferrers = 20;

/// What an explanation is printed with.
struct WhyReport {
  const analyzer::Survey& survey;
  const analyzer::Why& why;
  std::string asked;  ///< the user's words for the object, raw
  std::string store;  ///< what the user would give as STORE, raw
  std::string root;   ///< of the store, raw
};

/// Prints it for a person: what it is, what keeps it, what refers to it, what deleting it frees,
/// and what the registry's own collectors do to it.
void write_why_text(const WhyReport& report, const TextOptions& options, std::ostream& out);

/// Prints it as one JSON object, schema regsweep.why/1 (docs/schemas/why.json). `verbose`: every
/// referrer.
void write_why_json(const WhyReport& report, bool verbose, std::ostream& out);

/// "image", "layer", "config" and so on: what a digest is, or what manifests say it is.
std::string object_type(const analyzer::Survey& survey, const analyzer::Why& why);

/// Stable names: "config", "layer", "manifest", "fs-layer", "blob" or "subject".
std::string_view role_name(analyzer::Role role) noexcept;

/// Stable names: "tagged", "untagged", "garbage"; "empty", "missing" and so on.
std::string_view standing_name(analyzer::Standing standing) noexcept;
std::string_view defect_name(analyzer::Defect defect) noexcept;

}  // namespace regsweep::reports
