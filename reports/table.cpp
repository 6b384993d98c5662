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

std::size_t Table::room_for_name(const Row& row, const std::vector<std::size_t>& width) const {
  std::size_t room = width[0];
  std::size_t next = 1;
  for (; next < row.cells.size() && row.cells[next].empty(); ++next) room += 2 + width[next];
  if (next > 1 && next < row.cells.size() && columns_[next] == Align::kRight) {
    room += width[next] - display_width(row.cells[next]);
  }
  return room;
}

void Table::print(std::ostream& out, std::size_t indent, const Paper& paper) const {
  const std::vector<std::size_t> width = widths(indent, paper);
  std::string line;
  for (const Row& row : rows_) {
    line.assign(indent, ' ');
    std::size_t at = indent;     // where the line ends
    std::size_t begin = indent;  // where the column begins
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const std::string cell =
          i == 0 ? shortened(row.cells[0], room_for_name(row, width)) : row.cells[i];
      const std::size_t wide = display_width(cell);
      const bool right = columns_[i] == Align::kRight && wide < width[i];
      const std::size_t place = right ? begin + width[i] - wide : begin;
      if (wide != 0) {
        if (place > at) line.append(place - at, ' ');
        line += cell;
        at = place + wide;
      }
      begin += width[i] + 2;
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
