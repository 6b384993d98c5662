#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace regsweep::reports {

enum class Align : unsigned char { kLeft, kRight };
enum class Weight : unsigned char { kPlain, kBold, kFaint };

/// What the place where a table is printed can do.
struct Paper {
  std::size_t width = 0;  ///< columns; the first column is cut to fit; 0: no limit
  bool color = false;
};

/// Aligned columns of UTF-8 text, two blanks between. Cells must be printable.
class Table {
 public:
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}
  void row(std::vector<std::string> cells, Weight weight = Weight::kPlain) {
    rows_.push_back({std::move(cells), weight});
  }
  /// Prints every row after `indent` blanks, without blanks at line ends.
  void print(std::ostream& out, std::size_t indent = 0, const Paper& paper = {}) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Weight weight;
  };
  std::vector<std::size_t> widths(std::size_t indent, const Paper& paper) const;
  /// How wide a row's first cell may be: it may run over empty cells that follow it.
  std::size_t room_for_name(const Row& row, const std::vector<std::size_t>& width) const;

  std::vector<Align> columns_;
  std::vector<Row> rows_;
};

}  // namespace regsweep::reports
