#pragma once

#include <ostream>

#include "reports/audit_diff.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// Prints for a person what grew and shrank between two audits; every number in the table of
/// repositories but SIZE NOW is a change. Bytes on disk, or st_size with `options.apparent`.
void write_diff_text(const AuditDiff& diff, const DiffRows& rows, const TextOptions& options,
                     std::ostream& out);

/// The same as one JSON object, schema regsweep.diff/1 (docs/schemas/diff.json): a line a
/// repository.
void write_diff_json(const AuditDiff& diff, const DiffRows& rows, std::ostream& out);

/// Writes all changes as one HTML page that needs nothing else: docs/diff.md.
void write_diff_page(const AuditDiff& diff, std::ostream& out);

/// The repositories alone, each a line of JSON as in write_diff_json().
void write_diff_ndjson(const DiffRows& rows, std::ostream& out);

/// The repositories alone as CSV below a line of names. A cell that has no meaning is empty.
void write_diff_csv(const DiffRows& rows, std::ostream& out);

}  // namespace regsweep::reports
