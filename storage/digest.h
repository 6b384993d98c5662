#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace regsweep::storage {

/// The algorithms a registry accepts in a digest (opencontainers/go-digest). The order is the byte
/// order of the names, so comparing digests compares their text.
enum class Algorithm : std::uint8_t { kSha256, kSha384, kSha512 };

/// Bytes of a digest of this algorithm: 32, 48 or 64.
constexpr std::size_t digest_bytes(Algorithm algorithm) noexcept {
  return algorithm == Algorithm::kSha256 ? 32 : algorithm == Algorithm::kSha384 ? 48 : 64;
}

/// "sha256", "sha384" or "sha512".
std::string_view algorithm_name(Algorithm algorithm) noexcept;

/// Finds an algorithm by its exact name. Returns false for any other name.
bool parse_algorithm(std::string_view name, Algorithm& out) noexcept;

/// Content address `alg:hex`. Bytes past digest_bytes(algorithm) are zero.
struct Digest {
  Algorithm algorithm = Algorithm::kSha256;
  std::array<std::uint8_t, 64> bytes{};

  auto operator<=>(const Digest&) const = default;

  std::string hex() const;   ///< lower-case hex, without the algorithm
  std::string text() const;  ///< `alg:hex`, as links and manifests hold it
};

/// How a digest's text was refused; the names are go-digest's, because a registry prints them.
enum class DigestError : std::uint8_t { kNone, kInvalidFormat, kInvalidLength, kUnsupported };

/// The registry's own words: "invalid checksum digest format" and so on.
std::string_view digest_error_text(DigestError error) noexcept;

/// Reads `alg:hex` exactly, as go-digest's Validate does: no white space, lower-case hex only.
/// Source: opencontainers/go-digest digest.go and algorithm.go, v1.0.0.
DigestError parse_digest(std::string_view text, Digest& out) noexcept;

/// Reads lower-case hex of the algorithm's length, as directory names hold it.
bool parse_hex(Algorithm algorithm, std::string_view hex, Digest& out) noexcept;

/// Bytes of a link that names a digest of this algorithm: 71, 103 or 135.
constexpr std::size_t link_bytes(Algorithm algorithm) noexcept {
  return 7 + 2 * digest_bytes(algorithm);
}

}  // namespace regsweep::storage
