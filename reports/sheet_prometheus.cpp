#include <fmt/format.h>

#include "reports/sheet_writers.h"

namespace regsweep::reports {
namespace {

using analyzer::Bytes;

std::string metric_name(const Sheet& sheet, const Metric& metric, bool apparent) {
  std::string name = fmt::format("regsweep_{}_{}", sheet.name, metric.key);
  if (metric.unit == Unit::kBytes) name += apparent ? "_apparent_bytes" : "_bytes";
  if (metric.unit == Unit::kTime) name += "_timestamp_seconds";
  return name;
}

/// A label's value: what is printable, with backslash and quote escaped.
std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// `{repository="team/app"}`, `{repository="(others)",kind="others"}`: the kind keeps a repository
/// that is called like one of the other rows apart from it, and a media type that is called like
/// what has none: two series of one name break a scrape. Nothing for a row without labels.
std::string labels(const Sheet& sheet, const SheetRow& row) {
  std::string text;
  for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
    const auto* value = std::get_if<std::string>(&row.cells[i]);
    if (sheet.columns[i].unit != Unit::kText || value == nullptr) continue;
    // The words of the row say how many there are: a label must stay the same when that changes.
    const std::string words = row.kind == SheetRow::Kind::kOthers ? "(others)" : *value;
    text += fmt::format("{}=\"{}\",", sheet.columns[i].key, label_value(words));
  }
  if (text.empty()) return text;
  if (row.has_no_name) text += "kind=\"unnamed\",";
  if (row.kind != SheetRow::Kind::kItem) text += fmt::format("kind=\"{}\",", kind_name(row.kind));
  text.pop_back();
  return "{" + text + "}";
}

/// Nothing where there is no number, or no known time.
std::string number(const Cell& cell, bool apparent) {
  if (const auto* count = std::get_if<std::uint64_t>(&cell)) return std::to_string(*count);
  if (const auto* bytes = std::get_if<Bytes>(&cell)) {
    return std::to_string(apparent ? bytes->apparent : bytes->allocated);
  }
  const auto* time = std::get_if<Seconds>(&cell);
  return time != nullptr && time->value != 0 ? std::to_string(time->value) : "";
}

}  // namespace

void write_sheets_prometheus(std::span<const Sheet> sheets, bool apparent, std::ostream& out) {
  for (const Sheet& sheet : sheets) {
    std::vector<std::string> row_labels;
    for (const SheetRow& row : sheet.rows) row_labels.push_back(labels(sheet, row));
    for (std::size_t c = 0; c < sheet.columns.size(); ++c) {
      const Metric& metric = sheet.columns[c];
      if (metric.unit == Unit::kText) continue;
      const std::string name = metric_name(sheet, metric, apparent);
      out << "# HELP " << name << ' ' << metric.help << ".\n# TYPE " << name << " gauge\n";
      for (std::size_t r = 0; r < sheet.rows.size(); ++r) {
        const std::string value = number(sheet.rows[r].cells[c], apparent);
        if (!value.empty()) out << name << row_labels[r] << ' ' << value << '\n';
      }
    }
  }
}

}  // namespace regsweep::reports
