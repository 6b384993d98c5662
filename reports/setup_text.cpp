#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/setup_lines.h"
#include "reports/setup_report.h"

namespace regsweep::reports {
namespace {

using analyzer::Concern;

constexpr std::size_t kUsualWidth = 120;  ///< where no terminal says how wide it is
constexpr std::size_t kNarrowest = 30;    ///< columns of text, however narrow the terminal
constexpr std::size_t kSignWidth = 4;

/// Prints words from column `indent` on, a new line before each that would pass `width`. Begins
/// where the cursor is.
void write_wrapped(std::string_view text, std::size_t indent, std::size_t width,
                   std::ostream& out) {
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t columns = display_width(word);
    if (used != 0 && indent + used + 1 + columns > width) {
      out << '\n' << std::string(indent, ' ');
      used = 0;
    }
    if (used != 0) out << ' ';
    out << word;
    used += columns + (used != 0 ? 1 : 0);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out << '\n';
}

}  // namespace

void write_setup_text(const storage::Setup& setup, const TextOptions& options, std::ostream& out) {
  const std::vector<SetupLine> lines = setup_lines(setup, options);
  std::size_t label_width = 0;
  for (const SetupLine& line : lines) label_width = std::max(label_width, line.label.size());
  const std::size_t indent = kSignWidth + label_width + 2;
  const std::size_t width = std::max(
      options.width != 0 ? std::min(options.width, kUsualWidth) : kUsualWidth, indent + kNarrowest);

  for (const SetupLine& line : lines) {
    const bool quiet = line.concern == Concern::kNote;
    out << (quiet ? std::string("   ") : concern_sign(line.concern, options)) << ' '
        << fmt::format("{:<{}}  ", line.label, label_width)
        << (options.color ? "\x1b[1m" + line.value + "\x1b[0m" : line.value) << '\n'
        << std::string(indent, ' ');
    write_wrapped(line.meaning, indent, width, out);
  }
  const NextStep next = next_step(setup);
  write_heading("NEXT", options, out);
  out << "  " << next.command << '\n' << "      " << next.why << '\n';
}

}  // namespace regsweep::reports
