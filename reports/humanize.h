#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace regsweep::reports {

/// "812.4 GiB", "512 B": powers of 1024, one decimal, thousands grouped.
std::string human_size(std::uint64_t bytes);

/// "1,911,032".
std::string grouped(std::uint64_t number);

/// "70.9 %" of `whole`; "–" if `whole` is 0.
std::string share(std::uint64_t part, std::uint64_t whole);

/// Reads what a user writes for a size: "500", "10K", "1.5G", "200MiB", powers of 1024. Nothing if
/// it is none or too large for 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// Reads what a user writes for a share: "20%", "0.5%".
std::optional<double> parse_percent(std::string_view text);

/// Reads what a user writes for an age, in seconds: "90s", "15m", "36h", "7d", "2w".
std::optional<std::int64_t> parse_age(std::string_view text);

/// An age as a rule says it: "24 h", "90 min", "45 s".
std::string age_text(std::int64_t seconds);

/// A name from a store, safe for a terminal and for JSON: control characters, bytes that are no
/// UTF-8 and backslashes become `\xNN`, so that different names stay different.
std::string printable(std::string_view raw);

/// A message, safe for a terminal: like printable(), but a backslash stays one.
std::string message_text(std::string_view raw);

/// The bytes that printable() made this of.
std::string raw_from_printable(std::string_view text);

/// "2026-11-27T09:58:48Z".
std::string rfc3339(std::int64_t seconds);

/// Text in at most `width` columns: where it is longer, "…" stands for its middle. UTF-8.
std::string shortened(std::string_view text, std::size_t width);

/// A path as one word of a shell command, printable.
std::string shell_word(std::string_view raw);

/// Columns a terminal needs for UTF-8 text: one a character.
std::size_t display_width(std::string_view text) noexcept;

}  // namespace regsweep::reports
