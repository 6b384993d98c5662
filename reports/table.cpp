#include "reports/table.h"

#include <algorithm>

#include "reports/humanize.h"

namespace regsweep::reports {

void Table::print(std::ostream& out, std::size_t indent) const {
  std::vector<std::size_t> width(columns_.size());
  for (const auto& cells : rows_) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      width[i] = std::max(width[i], display_width(cells[i]));
    }
  }
  std::string line;
  for (const auto& cells : rows_) {
    line.assign(indent, ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t fill = width[i] - display_width(cells[i]);
      if (i != 0) line += "  ";
      if (columns_[i] == Align::kRight) line.append(fill, ' ');
      line += cells[i];
      if (columns_[i] == Align::kLeft) line.append(fill, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

}  // namespace regsweep::reports
