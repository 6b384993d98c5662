#pragma once

#include <string_view>

#include "analyzer/audit.h"
#include "cli/command.h"

namespace regsweep::cli {

/// Audits a store, showing progress. The first interrupt ends the reading, and the audit is of what
/// was read by then.
analyzer::Audit read_audit(const CommonArgs& args, const OpenStore& opened,
                           analyzer::AuditOptions options, const Io& io);

inline constexpr std::string_view kAuditNamesIt = "regsweep audit names it";

/// kDone if the whole store was read. Else says on `io.err` that it was not and what names the
/// rest, and returns kInterrupted or kIncomplete.
Exit exit_of_reading(const analyzer::Survey& survey, const CommonArgs& args, const Io& io,
                     std::string_view names_it = kAuditNamesIt);

}  // namespace regsweep::cli
