#include "reports/humanize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "reports/export_value.h"

namespace regsweep::reports {
namespace {

constexpr std::array<std::string_view, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

/// Length of the UTF-8 character at the start of `text`, 0 if there is none.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xc2 && byte(0) < 0xe0) return continues(1) ? 2 : 0;
  if (byte(0) >= 0xe0 && byte(0) < 0xf0) {
    if (!continues(1) || !continues(2)) return 0;
    if (byte(0) == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
    if (byte(0) == 0xed && byte(1) >= 0xa0) return 0;  // surrogate
    return 3;
  }
  if (byte(0) >= 0xf0 && byte(0) < 0xf5) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (byte(0) == 0xf0 && byte(1) < 0x90) return 0;
    if (byte(0) == 0xf4 && byte(1) >= 0x90) return 0;
    return 4;
  }
  return 0;
}

/// Control characters of both sets, the marks that turn text around on a terminal, and characters
/// that are not seen there: two names must not look the same.
bool is_unsafe(std::string_view character) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2) {
    return (byte(0) == 0xc2 && (byte(1) < 0xa0 || byte(1) == 0xad)) || character == "\xd8\x9c";
  }
  if (character.size() == 3 && byte(0) == 0xe2 && byte(1) == 0x80) {
    return (byte(2) >= 0x8b && byte(2) <= 0x8f) || (byte(2) >= 0xa8 && byte(2) <= 0xae);
  }
  if (character.size() == 3 && byte(0) == 0xe2 && byte(1) == 0x81) {
    return byte(2) >= 0xa0 && byte(2) <= 0xaf;
  }
  if (character.size() == 4) {  // U+E0000 to U+E007F
    return byte(0) == 0xf3 && byte(1) == 0xa0 && (byte(2) == 0x80 || byte(2) == 0x81);
  }
  return character == "\xef\xbb\xbf";
}

/// Splits "12.5unit" into its number and the rest.
std::optional<double> leading_number(std::string_view text, std::string_view& unit) {
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  if (end == 0) return std::nullopt;
  const std::string number(text.substr(0, end));
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(number, &used);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (used != number.size()) return std::nullopt;
  unit = text.substr(end);
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  return value;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string human_size(std::uint64_t bytes) {
  std::size_t unit = 0;
  double value = static_cast<double>(bytes);
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "–";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::string_view unit;
  const std::optional<double> number = leading_number(text, unit);
  if (!number) return std::nullopt;
  double factor = 1;
  if (!unit.empty() && unit != "B" && unit != "b") {
    constexpr std::string_view kLetters = "kmgtpe";
    const char lower = static_cast<char>(unit[0] | 0x20);
    const std::size_t power = kLetters.find(lower);
    const std::string_view rest = unit.substr(1);
    if (power == std::string_view::npos ||
        (!rest.empty() && rest != "B" && rest != "iB" && rest != "b" && rest != "ib")) {
      return std::nullopt;
    }
    factor = std::pow(1024.0, static_cast<double>(power + 1));
  }
  const double bytes = *number * factor;
  if (bytes >= static_cast<double>(std::numeric_limits<std::uint64_t>::max())) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::optional<double> parse_percent(std::string_view text) {
  std::string_view unit;
  const std::optional<double> number = leading_number(text, unit);
  return number && unit == "%" ? number : std::nullopt;
}

std::optional<std::int64_t> parse_age(std::string_view text) {
  std::string_view unit;
  const std::optional<double> number = leading_number(text, unit);
  if (!number || unit.size() != 1) return std::nullopt;
  double seconds = *number;
  switch (unit[0]) {
    case 's':
      break;
    case 'm':
      seconds *= 60;
      break;
    case 'h':
      seconds *= 3600;
      break;
    case 'd':
      seconds *= 86400;
      break;
    case 'w':
      seconds *= 7 * 86400;
      break;
    default:
      return std::nullopt;
  }
  if (seconds > 1e12) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

std::string age_text(std::int64_t seconds) {
  if (seconds % 3600 == 0 && seconds != 0) return fmt::format("{} h", seconds / 3600);
  if (seconds % 60 == 0 && seconds != 0) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

static std::string escaped(std::string_view raw, bool backslashes) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t length = utf8_length(raw.substr(at));
    const bool plain =
        length != 0 && !is_unsafe(raw.substr(at, length)) && !(backslashes && raw[at] == '\\');
    if (plain) {
      text.append(raw.substr(at, length));
      at += length;
      continue;
    }
    const std::size_t count = length == 0 ? 1 : length;
    for (std::size_t i = at; i < at + count; ++i) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(raw[i]));
    }
    at += count;
  }
  return text;
}

std::string printable(std::string_view raw) { return escaped(raw, true); }

std::string message_text(std::string_view raw) { return escaped(raw, false); }

std::string raw_from_printable(std::string_view text) {
  const auto nibble = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string raw;
  raw.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = at + 3 < text.size() && text[at] == '\\' && text[at + 1] == 'x' &&
                        nibble(text[at + 2]) >= 0 && nibble(text[at + 3]) >= 0;
    if (!escape) {
      raw += text[at];
      continue;
    }
    raw += static_cast<char>(16 * nibble(text[at + 2]) + nibble(text[at + 3]));
    at += 3;
  }
  return raw;
}

std::string rfc3339(std::int64_t seconds) {
  std::string text;
  append_time(text, seconds);
  return text;
}

std::string shortened(std::string_view text, std::size_t width) {
  const std::size_t all = display_width(text);
  if (all <= width || width == 0) return std::string(text);
  const std::size_t head = width / 2;
  const std::size_t tail = width - head - 1;
  std::string kept;
  std::size_t column = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      if (column == head) kept += "…";
      ++column;
    }
    if (column <= head || column > all - tail) kept += c;
  }
  return kept;
}

std::string shell_word(std::string_view raw) {
  constexpr std::string_view kPlain = "_./:@%+=,-";
  const bool plain = std::all_of(raw.begin(), raw.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPlain.find(c) != std::string_view::npos;
  });
  if (plain && !raw.empty()) return std::string(raw);
  const bool clean = printable(raw) == raw;  // else only the shell's own escapes can say it
  std::string word = clean ? "'" : "$'";
  for (const char c : clean ? std::string(raw) : printable(raw)) {
    word += c == '\'' ? (clean ? "'\\''" : "\\'") : std::string(1, c);
  }
  return word + '\'';
}

std::size_t display_width(std::string_view text) noexcept {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return width;
}

}  // namespace regsweep::reports
