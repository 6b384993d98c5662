#include "reports/sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using Kind = SheetRow::Kind;
using analyzer::Bytes;

std::size_t item_count(const Sheet& sheet) {
  const auto end = std::find_if(sheet.rows.begin(), sheet.rows.end(),
                                [](const SheetRow& row) { return row.kind != Kind::kItem; });
  return static_cast<std::size_t>(end - sheet.rows.begin());
}

/// What a cell is sorted by, where a larger one comes first.
std::int64_t rank(const Cell& cell, bool apparent) {
  if (const auto* bytes = std::get_if<Bytes>(&cell)) {
    return static_cast<std::int64_t>(apparent ? bytes->apparent : bytes->allocated);
  }
  if (const auto* count = std::get_if<std::uint64_t>(&cell)) {
    return static_cast<std::int64_t>(*count);
  }
  if (const auto* time = std::get_if<Seconds>(&cell)) return time->value;
  return 0;
}

void add_to(Cell& sum, const Cell& cell, const Metric& metric) {
  if (const auto* time = std::get_if<Seconds>(&cell)) {
    auto* newest = std::get_if<Seconds>(&sum);
    if (newest == nullptr || newest->value < time->value) sum = *time;
    return;
  }
  if (!metric.additive) return;
  if (const auto* bytes = std::get_if<Bytes>(&cell)) {
    const auto* before = std::get_if<Bytes>(&sum);
    sum = (before != nullptr ? *before : Bytes{}) + *bytes;
  } else if (const auto* count = std::get_if<std::uint64_t>(&cell)) {
    const auto* before = std::get_if<std::uint64_t>(&sum);
    sum = (before != nullptr ? *before : 0) + *count;
  }
}

}  // namespace

std::size_t column_at(const Sheet& sheet, std::string_view key) noexcept {
  const auto at = std::find_if(sheet.columns.begin(), sheet.columns.end(),
                               [&](const Metric& metric) { return metric.key == key; });
  return static_cast<std::size_t>(at - sheet.columns.begin());
}

void sort_items(Sheet& sheet, std::size_t column, bool apparent) {
  const auto end = sheet.rows.begin() + static_cast<std::ptrdiff_t>(item_count(sheet));
  std::stable_sort(sheet.rows.begin(), end, [&](const SheetRow& a, const SheetRow& b) {
    const Cell& left = a.cells[column];
    const Cell& right = b.cells[column];
    const auto* left_text = std::get_if<std::string>(&left);
    const auto* right_text = std::get_if<std::string>(&right);
    if (left_text != nullptr && right_text != nullptr) return *left_text < *right_text;
    return rank(left, apparent) > rank(right, apparent);
  });
}

void keep_first(Sheet& sheet, std::size_t most) {
  const std::size_t items = item_count(sheet);
  if (items <= most) return;
  SheetRow others{Kind::kOthers, std::vector<Cell>(sheet.columns.size())};
  for (std::size_t i = most; i < items; ++i) {
    for (std::size_t c = 0; c < sheet.columns.size(); ++c) {
      add_to(others.cells[c], sheet.rows[i].cells[c], sheet.columns[c]);
    }
  }
  others.cells[0] = fmt::format("({} more {})", grouped(items - most),
                                items - most == 1 ? std::string(sheet.name) : plural(sheet.name));
  const auto first = sheet.rows.begin() + static_cast<std::ptrdiff_t>(most);
  *first = std::move(others);
  sheet.rows.erase(first + 1, sheet.rows.begin() + static_cast<std::ptrdiff_t>(items));
}

std::string plural(std::string_view word) {
  if (word.ends_with('y')) return std::string(word.substr(0, word.size() - 1)) + "ies";
  return std::string(word) + "s";
}

}  // namespace regsweep::reports
