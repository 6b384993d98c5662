#include <fmt/format.h>

#include "reports/humanize.h"
#include "reports/sheet_writers.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::Bytes;

/// A cell in words, one function a kind.
struct CellText {
  const TextOptions& options;

  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(std::uint64_t count) const { return grouped(count); }
  std::string operator()(const Bytes& bytes) const { return size_text(bytes, options); }
  std::string operator()(Seconds time) const {
    return time.value == 0 ? "–" : rfc3339(time.value).substr(0, 10);
  }
  std::string operator()(const std::string& text) const { return text; }
};

std::vector<std::string> in_words(const std::vector<Cell>& cells, const TextOptions& options) {
  std::vector<std::string> words;
  words.reserve(cells.size());
  for (const Cell& cell : cells) words.push_back(std::visit(CellText{options}, cell));
  return words;
}

/// Where items were put together, a dash says that a column has no sum.
std::vector<std::string> with_dashes(const Sheet& sheet, const std::vector<Cell>& cells,
                                     const TextOptions& options) {
  std::vector<std::string> words = in_words(cells, options);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty() && sheet.columns[i].unit != Unit::kText) words[i] = "–";
  }
  return words;
}

void write_which_add(const Sheet& sheet, std::ostream& out) {
  std::string not_additive;
  for (const Metric& metric : sheet.columns) {
    if (metric.unit != Unit::kBytes || metric.additive) continue;
    if (!not_additive.empty()) not_additive += ", ";
    not_additive += metric.heading;
  }
  if (not_additive.empty()) return;
  out << not_additive
      << fmt::format(" must not be added: one blob may be in several {}\n", plural(sheet.name));
}

}  // namespace

void write_sheet_text(const Sheet& sheet, const TextOptions& options, std::ostream& out) {
  std::vector<Align> align;
  std::vector<std::string> headings;
  for (const Metric& metric : sheet.columns) {
    align.push_back(metric.unit == Unit::kText ? Align::kLeft : Align::kRight);
    headings.emplace_back(metric.heading);
  }
  Table table(align);
  table.row(headings, Weight::kBold);
  for (const SheetRow& row : sheet.rows) {
    switch (row.kind) {
      case SheetRow::Kind::kItem:
        table.row(in_words(row.cells, options));
        break;
      case SheetRow::Kind::kOthers:
        table.row(with_dashes(sheet, row.cells, options), Weight::kFaint);
        break;
      case SheetRow::Kind::kRest:
        table.row(in_words(row.cells, options), Weight::kFaint);
        break;
    }
  }
  if (!sheet.total.empty()) table.row(with_dashes(sheet, sheet.total, options), Weight::kBold);
  table.print(out, 0, {options.width, options.color});
  write_which_add(sheet, out);
  if (!sheet.note.empty()) out << sheet.note << '\n';
}

}  // namespace regsweep::reports
