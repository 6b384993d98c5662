#include "reports/capacity_report.h"

#include "reports/humanize.h"
#include "reports/sheet_writers.h"

namespace regsweep::reports {
namespace {

void write_json(const analyzer::Audit& audit, const Sheet& sheet, std::ostream& out) {
  Json report = {{"schema", "regsweep.repos/1"},
                 {"complete", audit.survey.complete},
                 {"root", printable(audit.context.root)},
                 {"by", sheet.name}};
  report.update(sheet_json(sheet));
  out << report.dump(1) << '\n';
}

}  // namespace

void write_capacity(const analyzer::Audit& audit, const Sheet& sheet, Format format,
                    const TextOptions& options, std::ostream& out) {
  switch (format) {
    case Format::kText:
      write_sheet_text(sheet, options, out);
      break;
    case Format::kJson:
      write_json(audit, sheet, out);
      break;
    case Format::kCsv:
      write_sheet_csv(sheet, out);
      break;
    case Format::kNdjson:
      write_sheet_ndjson(sheet, out);
      break;
    case Format::kPrometheus:
      write_sheets_prometheus({&sheet, 1}, options.apparent, out);
      break;
  }
}

}  // namespace regsweep::reports
