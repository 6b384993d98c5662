#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace regsweep::analyzer {

/// What a blob's bytes are, or what a media type says that they are.
enum class ContentKind : std::uint8_t {
  kOther,  ///< none of the below; as a claim: nothing is said
  kEmpty,
  kGzip,
  kZstd,
  kTar,
  kJson,
};

/// "gzip", "zstd", "tar", "JSON", "empty" or "something else".
std::string_view content_kind_name(ContentKind kind) noexcept;

/// What the first 512 bytes of a blob of `size_bytes` look like; `head` has zeros behind a short
/// blob's end. Source: RFC 1952 (gzip), RFC 8878 (zstd), POSIX pax (ustar at byte 257); a tar of
/// no files is zeros.
ContentKind kind_of(std::span<const char, 512> head, std::uint64_t size_bytes) noexcept;

/// What a descriptor's media type promises, by its suffix: "+gzip", ".tar.gzip", "+zstd", ".tar",
/// "+json". kOther: nothing that the first bytes could show.
/// Source: OCI image spec, media types; distribution manifest/schema2.
ContentKind claimed_kind(std::string_view media_type) noexcept;

/// Whether content of this kind is what was claimed.
bool fits(ContentKind claimed, ContentKind found) noexcept;

}  // namespace regsweep::analyzer
