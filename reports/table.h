#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace regsweep::reports {

enum class Align : unsigned char { kLeft, kRight };

/// Aligned columns of UTF-8 text, two blanks between. Cells must be printable.
class Table {
 public:
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Prints every row after `indent` blanks, without blanks at line ends.
  void print(std::ostream& out, std::size_t indent = 0) const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace regsweep::reports
