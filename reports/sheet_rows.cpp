// CSV and NDJSON: one line a row.
#include <fmt/format.h>

#include "reports/export_value.h"
#include "reports/humanize.h"
#include "reports/sheet_writers.h"

namespace regsweep::reports {
namespace {

using analyzer::Bytes;

/// Calls `f(name, cell)` for each field of a line; `f` gets sizes as two plain numbers.
template <class F>
void each_field(const Sheet& sheet, const std::vector<Cell>& cells, F&& f) {
  for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
    const Metric& metric = sheet.columns[i];
    if (metric.unit != Unit::kBytes) {
      f(std::string(metric.key), cells[i]);
      continue;
    }
    Cell apparent;
    Cell allocated;
    if (const auto* bytes = std::get_if<Bytes>(&cells[i])) {
      apparent = bytes->apparent;
      allocated = bytes->allocated;
    }
    f(fmt::format("{}_apparent_bytes", metric.key), apparent);
    f(fmt::format("{}_allocated_bytes", metric.key), allocated);
  }
}

struct CsvText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(std::uint64_t count) const { return std::to_string(count); }
  std::string operator()(const Bytes&) const { return ""; }  // never: each_field() splits them
  std::string operator()(Seconds time) const { return time_text(time); }
  std::string operator()(const std::string& text) const { return csv_field(text); }
};

struct JsonValue {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(std::uint64_t count) const { return count; }
  Json operator()(const Bytes& bytes) const { return bytes_pair(bytes); }
  Json operator()(Seconds time) const { return time.value == 0 ? Json() : Json(time_text(time)); }
  Json operator()(const std::string& text) const { return text; }
};

Json row_json(const Sheet& sheet, const std::vector<Cell>& cells) {
  Json json = Json::object();
  for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
    json[std::string(sheet.columns[i].key)] = std::visit(JsonValue{}, cells[i]);
  }
  return json;
}

std::string_view unit_name(Unit unit) noexcept {
  switch (unit) {
    case Unit::kText:
      return "text";
    case Unit::kCount:
      return "count";
    case Unit::kBytes:
      return "bytes";
    case Unit::kTime:
      return "time";
  }
  return "";
}

}  // namespace

std::string_view kind_name(SheetRow::Kind kind) noexcept {
  switch (kind) {
    case SheetRow::Kind::kItem:
      return "item";
    case SheetRow::Kind::kOthers:
      return "others";
    case SheetRow::Kind::kRest:
      return "rest";
  }
  return "";
}

std::string time_text(Seconds time) { return time.value == 0 ? "" : rfc3339(time.value); }

std::string csv_field(std::string_view text) {
  if (!needs_csv_quotes(text)) return std::string(text);
  std::string quoted;
  append_csv_quoted(quoted, text);
  return quoted;
}

void write_sheet_csv(const Sheet& sheet, std::ostream& out) {
  std::string line = "kind";
  each_field(sheet, std::vector<Cell>(sheet.columns.size()),
             [&](const std::string& name, const Cell&) { line += "," + name; });
  out << line << '\n';
  for (const SheetRow& row : sheet.rows) {
    line = kind_name(row.kind);
    each_field(sheet, row.cells, [&](const std::string&, const Cell& cell) {
      line += ',';
      line += std::visit(CsvText{}, cell);
    });
    out << line << '\n';
  }
}

void write_sheet_ndjson(const Sheet& sheet, std::ostream& out) {
  for (const SheetRow& row : sheet.rows) {
    Json json = {{"kind", kind_name(row.kind)}};
    each_field(sheet, row.cells, [&](const std::string& name, const Cell& cell) {
      json[name] = std::visit(JsonValue{}, cell);
    });
    out << json.dump() << '\n';
  }
}

Json sheet_json(const Sheet& sheet) {
  Json columns = Json::array();
  for (const Metric& metric : sheet.columns) {
    columns.push_back({{"key", metric.key},
                       {"unit", unit_name(metric.unit)},
                       {"additive", metric.additive},
                       {"help", metric.help}});
  }
  Json items = Json::array();
  Json others = nullptr;
  Json rest = Json::array();
  for (const SheetRow& row : sheet.rows) {
    Json json = row_json(sheet, row.cells);
    if (row.kind == SheetRow::Kind::kItem) {
      items.push_back(std::move(json));
    } else if (row.kind == SheetRow::Kind::kOthers) {
      others = std::move(json);
    } else {
      rest.push_back(std::move(json));
    }
  }
  Json total = sheet.total.empty() ? Json() : row_json(sheet, sheet.total);
  return {{"columns", std::move(columns)},
          {"rows", std::move(items)},
          {"others", std::move(others)},
          {"rest", std::move(rest)},
          {"total", std::move(total)}};
}

}  // namespace regsweep::reports
