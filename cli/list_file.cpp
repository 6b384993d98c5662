#include "cli/list_file.h"

#include <algorithm>

#include "cli/input.h"

namespace regsweep::cli {

std::optional<std::vector<ListLine>> read_list(const std::string& file, const Io& io) {
  auto input = Input::open(file, io);
  if (!input) return std::nullopt;
  std::istream& in = input->stream();
  std::vector<ListLine> lines;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    line.resize(std::min(line.size(), line.find('#')));
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    lines.push_back({number, line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin)});
  }
  if (in.bad()) return std::nullopt;
  return lines;
}

}  // namespace regsweep::cli
