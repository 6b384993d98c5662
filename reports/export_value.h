#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/digest.h"

namespace regsweep::reports {

// Values appended to a buffer, for writers that put down millions of them.

/// `alg:hex`.
void append_digest(std::string& to, const storage::Digest& digest);

/// "2024-01-02T03:04:05Z", of seconds since 1970.
void append_time(std::string& to, std::int64_t seconds);

/// A CSV field in its quotes. Source: RFC 4180.
void append_csv_quoted(std::string& to, std::string_view text);

/// Whether a CSV field needs its quotes.
bool needs_csv_quotes(std::string_view text) noexcept;

/// A JSON string with its quotes.
void append_json(std::string& to, std::string_view text);

}  // namespace regsweep::reports
