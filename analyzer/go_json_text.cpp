#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "analyzer/go_json.h"

namespace regsweep::analyzer::go_json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto put = [&out](std::uint32_t b) { out += static_cast<char>(b); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xC0 | rune >> 6);
    put(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    put(0xE0 | rune >> 12);
    put(0x80 | (rune >> 6 & 0x3F));
    put(0x80 | (rune & 0x3F));
  } else {
    put(0xF0 | rune >> 18);
    put(0x80 | (rune >> 12 & 0x3F));
    put(0x80 | (rune >> 6 & 0x3F));
    put(0x80 | (rune & 0x3F));
  }
}

/// Bytes of the UTF-8 sequence at `pos`, 0 if there is none (Go's utf8.DecodeRune).
std::size_t utf8_length(std::string_view s, std::size_t pos) {
  const std::uint8_t first = byte(s[pos]);
  std::size_t size = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) {
    size = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    size = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    size = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (s.size() - pos < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    const std::uint8_t b = byte(s[pos + i]);
    if (b < low || b > high) return 0;
    low = 0x80;
    high = 0xBF;
  }
  return size;
}

/// The four hex digits behind `\u` at `pos`, -1 if there is no such escape.
std::int32_t unicode_escape(std::string_view s, std::size_t pos) {
  if (s.size() < pos + 6 || s[pos] != '\\' || s[pos + 1] != 'u') return -1;
  std::int32_t rune = 0;
  for (std::size_t i = pos + 2; i < pos + 6; ++i) {
    const int digit = hex_value(s[i]);
    if (digit < 0) return -1;
    rune = rune * 16 + digit;
  }
  return rune;
}

/// Appends the escape at `pos` of a scanned string; returns where it ends.
std::size_t append_escape(std::string& out, std::string_view s, std::size_t pos) {
  switch (s[pos + 1]) {
    case 'b':
      out += '\b';
      return pos + 2;
    case 'f':
      out += '\f';
      return pos + 2;
    case 'n':
      out += '\n';
      return pos + 2;
    case 'r':
      out += '\r';
      return pos + 2;
    case 't':
      out += '\t';
      return pos + 2;
    case 'u':
      break;
    default:
      out += s[pos + 1];
      return pos + 2;
  }
  const std::int32_t rune = unicode_escape(s, pos);
  if (rune < 0xD800 || rune > 0xDFFF) {
    append_utf8(out, static_cast<std::uint32_t>(rune));
    return pos + 6;
  }
  const std::int32_t low = unicode_escape(s, pos + 6);
  if (rune < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF) {
    append_utf8(out, static_cast<std::uint32_t>(0x10000 + (rune - 0xD800) * 0x400 + low - 0xDC00));
    return pos + 12;
  }
  out += kReplacement;
  return pos + 6;
}

}  // namespace

std::string quote_char(char c) {
  const std::uint8_t b = byte(c);
  std::string out = "'";
  switch (c) {
    case '\'':
      out += "\\'";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\a':
      out += "\\a";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\v':
      out += "\\v";
      break;
    default:
      if (b < 0x20 || b == 0x7F || (b >= 0x80 && b <= 0xA0) || b == 0xAD) {
        out += b < 0x80 ? "\\x" : "\\u00";
        out += kHexDigits[b >> 4];
        out += kHexDigits[b & 15];
      } else {
        append_utf8(out, b);
      }
  }
  out += '\'';
  return out;
}

std::string unquote(std::string_view s) {
  s = s.substr(1, s.size() - 2);
  std::string out;
  out.reserve(s.size());
  for (std::size_t pos = 0; pos < s.size();) {
    if (s[pos] == '\\') {
      pos = append_escape(out, s, pos);
    } else if (const std::size_t size = utf8_length(s, pos); size != 0) {
      out += s.substr(pos, size);
      pos += size;
    } else {
      out += kReplacement;
      ++pos;
    }
  }
  return out;
}

bool fold_equal(std::string_view name, std::string_view key) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::size_t pos = 0;
  for (const char c : name) {
    const char wanted = lower(c);
    const std::string_view rest = key.substr(pos);
    if (!rest.empty() && lower(rest[0]) == wanted) {
      pos += 1;
    } else if (wanted == 's' && rest.starts_with("\xC5\xBF")) {
      pos += 2;
    } else if (wanted == 'k' && rest.starts_with("\xE2\x84\xAA")) {
      pos += 3;
    } else {
      return false;
    }
  }
  return pos == key.size();
}

std::string base64_error(std::string_view text) {
  const auto at = [](std::size_t pos) {
    return "illegal base64 data at input byte " + std::to_string(pos);
  };
  const auto in_alphabet = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '+' || c == '/';
  };
  std::size_t pos = 0;
  const auto skip_lines = [&] {
    while (pos < text.size() && (text[pos] == '\n' || text[pos] == '\r')) ++pos;
  };
  for (std::size_t in_group = 0;;) {
    skip_lines();
    if (pos == text.size()) return in_group == 0 ? std::string() : at(pos - in_group);
    const char c = text[pos++];
    if (in_alphabet(c)) {
      in_group = (in_group + 1) % 4;
      continue;
    }
    if (c != '=' || in_group < 2) return at(pos - 1);
    if (in_group == 2) {
      skip_lines();
      if (pos == text.size()) return at(pos);
      if (text[pos] != '=') return at(pos - 1);
      ++pos;
    }
    skip_lines();
    return pos == text.size() ? std::string() : at(pos);
  }
}

bool overflows_float64(std::string_view number) noexcept {
  if (number.size() < 20 && number.find_first_of("eE") == std::string_view::npos) return false;
  double value = 0;
  const auto result = std::from_chars(number.data(), number.data() + number.size(), value);
  if (result.ec == std::errc()) return std::isinf(value);
  // Out of range does not say on which side: the exponent of the first digit that counts does.
  const std::size_t e = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, e);
  const std::size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::int64_t exponent = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  if (e != std::string_view::npos) {
    std::string_view digits = number.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::int64_t written = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), written);
    if (read.ec != std::errc()) return !digits.starts_with('-');
    if (written > 1'000'000'000'000 || written < -1'000'000'000'000) return written > 0;
    exponent += written;
  }
  return exponent > 0;
}

}  // namespace regsweep::analyzer::go_json
