// Sizes, ages and shares as users write them, and names as they are printed. Checked:
// - a whole number of bytes or seconds is read as it is, with and without its unit, if it fits;
// - nothing that is read is negative, more than promised, or no number;
// - printable() gives printable UTF-8 from which raw_from_printable() makes the same bytes again,
//   and which JSON takes; message_text() changes nothing twice;
// - shortened() keeps to its width;
// - of what shell_word() gives a shell makes one word of the same bytes.
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "reports/humanize.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

void check_numbers(std::string_view text) {
  const auto size = reports::parse_size(text);
  const auto age = reports::parse_age(text);
  const auto percent = reports::parse_percent(text);
  REGSWEEP_HOLDS(!age || (*age >= 0 && *age <= 1'000'000'000'000), shown(text));
  REGSWEEP_HOLDS(!percent || (*percent >= 0 && std::isfinite(*percent)), shown(text));
  REGSWEEP_HOLDS(!(size && percent) && !(age && percent), shown(text));
  const bool is_whole = !text.empty() && text.size() <= 12 &&
                        text.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_whole) {
    const std::uint64_t number = std::stoull(std::string(text));
    const std::string digits(text);
    REGSWEEP_HOLDS(size == number && !age && !percent, shown(text));
    REGSWEEP_HOLDS(reports::parse_size(digits + "K") == 1024 * number, shown(text));
    REGSWEEP_HOLDS(reports::parse_size(digits + "MiB") == 1024 * 1024 * number, shown(text));
    if (number <= 1'000'000'000) {
      const auto seconds = static_cast<std::int64_t>(number);
      REGSWEEP_HOLDS(reports::parse_age(digits + "s") == seconds, shown(text));
      REGSWEEP_HOLDS(reports::parse_age(digits + "m") == 60 * seconds, shown(text));
    }
  }
  if (size) REGSWEEP_HOLDS(!reports::human_size(*size).empty(), shown(text));
}

void check_names(std::string_view raw) {
  const std::string name = reports::printable(raw);
  REGSWEEP_HOLDS(reports::raw_from_printable(name) == raw, shown(raw));
  REGSWEEP_HOLDS(nlohmann::json::accept('"' + nlohmann::json(name).dump().substr(1)), shown(raw));
  for (const char c : name) {
    REGSWEEP_HOLDS(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, shown(raw));
  }
  const std::string message = reports::message_text(raw);
  REGSWEEP_HOLDS(reports::message_text(message) == message, shown(raw));
  for (const std::size_t width : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    REGSWEEP_HOLDS(reports::display_width(reports::shortened(name, width)) <= width, shown(raw));
  }
}

/// What bash makes of a word in quotes; nothing if it is more than a word.
std::optional<std::string> unquoted(std::string_view word) {
  const bool ansi = word.starts_with('$');
  if (ansi) word.remove_prefix(1);
  if (word.size() < 2 || word.front() != '\'' || word.back() != '\'') return std::nullopt;
  word = word.substr(1, word.size() - 2);
  std::string out;
  while (!word.empty()) {
    std::size_t taken = 1;
    if (ansi && word.starts_with("\\'")) {
      taken = 2;
      out += '\'';
    } else if (ansi && word.starts_with("\\x") && word.size() >= 4) {
      taken = 4;
      out += static_cast<char>(std::stoi(std::string(word.substr(2, 2)), nullptr, 16));
    } else if (!ansi && word.starts_with("'\\''")) {
      taken = 4;
      out += '\'';
    } else if (word[0] == '\'' || (ansi && word[0] == '\\')) {
      return std::nullopt;
    } else {
      out += word[0];
    }
    word.remove_prefix(taken);
  }
  return out;
}

void check_word(std::string_view raw) {
  if (raw.find('\0') != std::string_view::npos) return;  // no word of a shell has one
  const std::string word = reports::shell_word(raw);
  if (word.back() != '\'') {
    REGSWEEP_HOLDS(word == raw, shown(raw));
    REGSWEEP_HOLDS(word.find_first_of(" \t\n'\"\\$`&|;<>()*?[]#~!{}") == std::string::npos,
                   shown(raw));
    return;
  }
  REGSWEEP_HOLDS(unquoted(word) == raw, shown(raw) + ' ' + shown(word));
}

}  // namespace

REGSWEEP_FUZZER(option) {
  check_numbers(input);
  check_names(input);
  check_word(input);
}

}  // namespace regsweep::fuzz
