#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analyzer/graph.h"

namespace regsweep::reports {

enum class Unit : std::uint8_t { kText, kCount, kBytes, kTime };

/// One column of a report: every format takes its names, its words and its unit from here.
struct Metric {
  std::string_view key;      ///< in JSON, CSV, Prometheus and --sort: "reclaimable"
  std::string_view heading;  ///< in text: "RECLAIMABLE"
  std::string_view help;     ///< one sentence without a full stop
  Unit unit = Unit::kCount;
  bool additive = false;  ///< the rows, those of Row::Kind::kRest among them, add up to the total
};

/// A time, seconds since 1970; 0 if it is not known.
struct Seconds {
  std::int64_t value = 0;
};

/// Blank where a column means nothing for a row.
using Cell = std::variant<std::monostate, std::uint64_t, analyzer::Bytes, Seconds, std::string>;

struct SheetRow {
  enum class Kind : std::uint8_t {
    kItem,
    kOthers,  ///< the items that are not listed, together
    kRest,    ///< what is no item's alone: without it the column does not add up
  };
  Kind kind = Kind::kItem;
  std::vector<Cell> cells;   ///< by column; printable text
  bool has_no_name = false;  ///< an item whose first cell are our words, as others may be called
};

/// A table with its meaning, for every format. The first column is text: what a row is.
struct Sheet {
  std::string_view name;        ///< what a row is, one word: "repository", "tag"
  std::vector<Metric> columns;  ///< text first
  std::vector<SheetRow> rows;   ///< items, then others, then the rest
  std::vector<Cell> total;      ///< empty: this sheet has none
  std::string_view note;        ///< a sentence below the text, if it needs one
};

/// The number of a column, or columns.size().
std::size_t column_at(const Sheet& sheet, std::string_view key) noexcept;

/// Sorts the items by a column: text from a to z, anything else the largest first, equal ones as
/// they were. Sizes by what they take on disk, or by apparent size.
void sort_items(Sheet& sheet, std::size_t column, bool apparent);

/// Leaves the first `most` items and puts the others together in one row, with sums where a column
/// may be added, the newest of times, and blanks elsewhere.
void keep_first(Sheet& sheet, std::size_t most);

/// "repositories" for "repository".
std::string plural(std::string_view word);

}  // namespace regsweep::reports
