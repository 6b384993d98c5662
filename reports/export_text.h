#pragma once

#include <ostream>

#include "reports/export_tables.h"

namespace regsweep::reports {

/// Writes a table as CSV by RFC 4180, but with lines that end in LF: a header, fields in quotes
/// where they need them. Null is an empty field, the empty text is "". Memory does not depend on
/// the rows.
void write_export_csv(const ExportModel& model, const ExportTable& table, std::ostream& out,
                      ExportProgress& progress);

/// Writes a table as NDJSON: one object a line, every column in each, the same names as in CSV.
void write_export_ndjson(const ExportModel& model, const ExportTable& table, std::ostream& out,
                         ExportProgress& progress);

}  // namespace regsweep::reports
