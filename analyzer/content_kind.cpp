#include "analyzer/content_kind.h"

#include <algorithm>
#include <array>

namespace regsweep::analyzer {

std::string_view content_kind_name(ContentKind kind) noexcept {
  switch (kind) {
    case ContentKind::kOther:
      return "something else";
    case ContentKind::kEmpty:
      return "empty";
    case ContentKind::kGzip:
      return "gzip";
    case ContentKind::kZstd:
      return "zstd";
    case ContentKind::kTar:
      return "tar";
    case ContentKind::kJson:
      return "JSON";
  }
  return "";
}

ContentKind kind_of(std::span<const char, 512> head, std::uint64_t size_bytes) noexcept {
  const std::string_view text(head.data(), head.size());
  if (size_bytes == 0) return ContentKind::kEmpty;
  if (text.starts_with("\x1f\x8b")) return ContentKind::kGzip;
  // A zstd frame, or a skippable one as zstd:chunked and estargz-like tools put in front.
  const bool skippable = (static_cast<unsigned char>(text[0]) & 0xf0) == 0x50;
  if (text.starts_with("\x28\xb5\x2f\xfd") || (skippable && text.substr(1, 3) == "\x2a\x4d\x18")) {
    return ContentKind::kZstd;
  }
  const bool zeros = std::all_of(text.begin(), text.end(), [](char c) { return c == 0; });
  if (size_bytes >= 512 && (text.substr(257, 5) == "ustar" || zeros)) return ContentKind::kTar;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) {
    return ContentKind::kJson;
  }
  return ContentKind::kOther;
}

ContentKind claimed_kind(std::string_view media_type) noexcept {
  const auto ends = [&](std::string_view suffix) { return media_type.ends_with(suffix); };
  if (ends("+gzip") || ends(".gzip") || ends(".tgz")) return ContentKind::kGzip;
  if (ends("+zstd") || ends(".zstd")) return ContentKind::kZstd;
  if (ends(".tar") || ends("+tar")) return ContentKind::kTar;
  if (ends("+json")) return ContentKind::kJson;
  return ContentKind::kOther;
}

bool fits(ContentKind claimed, ContentKind found) noexcept {
  return claimed == ContentKind::kOther || claimed == found;
}

}  // namespace regsweep::analyzer
