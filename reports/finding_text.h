#pragma once

#include <string>
#include <string_view>

#include "analyzer/finding.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// A finding in words: what is there, what it means for the user, and the next command.
struct FindingText {
  std::string message;
  std::string meaning;
  std::string next;
};

/// The stable name of a finding in JSON, such as "zero-length-blob".
std::string_view finding_code(analyzer::FindingCode code) noexcept;

/// "note", "warning" or "danger".
std::string_view concern_name(analyzer::Concern concern) noexcept;

/// Says it. `store` is what the user would give as STORE; sizes look as `options` say.
FindingText finding_text(const analyzer::Finding& finding, const std::string& store,
                         const TextOptions& options = {});

}  // namespace regsweep::reports
