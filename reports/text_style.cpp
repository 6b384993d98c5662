#include "reports/text_style.h"

#include "reports/humanize.h"

namespace regsweep::reports {

std::string size_text(std::uint64_t bytes, const TextOptions& options) {
  return options.raw_bytes ? std::to_string(bytes) : human_size(bytes);
}

std::string size_text(const analyzer::Bytes& bytes, const TextOptions& options) {
  return size_text(options.apparent ? bytes.apparent : bytes.allocated, options);
}

void write_heading(const std::string& title, const TextOptions& options, std::ostream& out) {
  out << '\n' << (options.color ? "\x1b[1m" + title + "\x1b[0m" : title) << '\n';
}

}  // namespace regsweep::reports
