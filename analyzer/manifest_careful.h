#pragma once

#include <string_view>

#include "analyzer/go_json.h"
#include "analyzer/manifest.h"

namespace regsweep::analyzer {

/// Bytes of media types and the like that are kept.
inline constexpr std::size_t kMaxTypeBytes = 256;

/// `text`, cut at a character if it is longer than kMaxTypeBytes.
std::string_view capped(std::string_view text) noexcept;

/// The media type is one of a document that can refer to others.
bool is_manifest_media_type(std::string_view media_type) noexcept;

/// Reads any document whatever, by Go's rules; the hot path reads only those on which these rules
/// have no bearing, and its answers are the same. `out` must be as new. `document` is a buffer.
void parse_carefully(std::string_view text, go_json::Document& document, Manifest& out);

}  // namespace regsweep::analyzer
