#pragma once

#include <ostream>
#include <span>

#include "reports/json_values.h"
#include "reports/sheet.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// Prints a sheet for a person: numbers to the right, cut to the terminal's width if there is one.
void write_sheet_text(const Sheet& sheet, const TextOptions& options, std::ostream& out);

/// The columns, the items, the others, the rest and the total, as in docs/schemas/repos.json.
Json sheet_json(const Sheet& sheet);

/// RFC 4180 with a line of names; lines end with LF. Sizes are two columns, apparent and allocated.
/// The total is left out, so that what adds up in a column is the total.
void write_sheet_csv(const Sheet& sheet, std::ostream& out);

/// One object a line, with the names of the CSV.
void write_sheet_ndjson(const Sheet& sheet, std::ostream& out);

/// Prometheus' text format, one gauge a column that is a number: `regsweep_<sheet>_<key>`, with
/// the unit as its end. Source: prometheus.io, "Exposition formats", "Metric and label naming".
void write_sheets_prometheus(std::span<const Sheet> sheets, bool apparent, std::ostream& out);

/// "item", "others" or "rest".
std::string_view kind_name(SheetRow::Kind kind) noexcept;

/// RFC 3339, UTC; "" for a time that is not known.
std::string time_text(Seconds time);

/// One field of a CSV file, quoted where RFC 4180 says so.
std::string csv_field(std::string_view text);

}  // namespace regsweep::reports
