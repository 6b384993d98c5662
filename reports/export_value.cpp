#include "reports/export_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

namespace regsweep::reports {

void append_digest(std::string& to, const storage::Digest& digest) {
  constexpr char kHex[] = "0123456789abcdef";
  to += algorithm_name(digest.algorithm);
  to += ':';
  const std::size_t bytes = digest_bytes(digest.algorithm);
  const std::size_t at = to.size();
  to.resize(at + 2 * bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    to[at + 2 * i] = kHex[digest.bytes[i] >> 4];
    to[at + 2 * i + 1] = kHex[digest.bytes[i] & 15];
  }
}

void append_time(std::string& to, std::int64_t seconds) {
  // Years of four digits: RFC 3339 has no others, and a file system's clock may say anything.
  constexpr std::int64_t kFirst = -62167219200;
  constexpr std::int64_t kLast = 253402300799;
  const std::chrono::sys_seconds time{std::chrono::seconds(std::clamp(seconds, kFirst, kLast))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  fmt::format_to(std::back_inserter(to), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count());
}

void append_csv_quoted(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    if (c == '"') to += '"';
    to += c;
  }
  to += '"';
}

bool needs_csv_quotes(std::string_view text) noexcept {
  return text.find_first_of(",\"\r\n") != std::string_view::npos;
}

void append_json(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      to += c;
    }
  }
  to += '"';
}

}  // namespace regsweep::reports
