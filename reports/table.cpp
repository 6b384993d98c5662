#include "reports/table.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

constexpr std::size_t kNarrowestName = 16;  ///< a first column is not cut below this

std::string_view begin_of(Weight weight) noexcept {
  return weight == Weight::kBold ? "\x1b[1m" : "\x1b[2m";
}

}  // namespace

std::vector<std::size_t> Table::widths(std::size_t indent, const Paper& paper) const {
  std::vector<std::size_t> width(columns_.size());
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      width[i] = std::max(width[i], display_width(row.cells[i]));
    }
  }
  if (paper.width == 0 || width.empty()) return width;
  const std::size_t all =
      std::accumulate(width.begin(), width.end(), indent + 2 * (width.size() - 1));
  if (all > paper.width) {
    const std::size_t excess = all - paper.width;
    const std::size_t least = std::min(width[0], kNarrowestName);
    width[0] = width[0] > least + excess ? width[0] - excess : least;
  }
  return width;
}

void Table::print(std::ostream& out, std::size_t indent, const Paper& paper) const {
  const std::vector<std::size_t> width = widths(indent, paper);
  std::string line;
  for (const Row& row : rows_) {
    line.assign(indent, ' ');
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const std::string cell = i == 0 ? shortened(row.cells[0], width[0]) : row.cells[i];
      const std::size_t fill = width[i] - display_width(cell);
      if (i != 0) line += "  ";
      if (columns_[i] == Align::kRight) line.append(fill, ' ');
      line += cell;
      if (columns_[i] == Align::kLeft) line.append(fill, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    const bool painted = paper.color && row.weight != Weight::kPlain && !line.empty();
    if (painted) out << begin_of(row.weight);
    out << line;
    if (painted) out << "\x1b[0m";
    out << '\n';
  }
}

}  // namespace regsweep::reports
