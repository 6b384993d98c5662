#include "storage/digest.h"

#include <algorithm>

namespace regsweep::storage {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"sha256", "sha384", "sha512"};

/// Value of a lower-case hex digit, 0xff for anything else.
constexpr std::array<std::uint8_t, 256> make_nibbles() {
  std::array<std::uint8_t, 256> table{};
  for (auto& cell : table) cell = 0xff;
  for (int i = 0; i < 10; ++i)
    table[static_cast<std::size_t>('0' + i)] = static_cast<std::uint8_t>(i);
  for (int i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
  }
  return table;
}
constexpr auto kNibbles = make_nibbles();

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// go-digest's DigestRegexpAnchored: a digest in form, whatever its algorithm.
bool looks_like_digest(std::string_view algorithm, std::string_view encoded) {
  bool in_word = false;
  for (const char c : algorithm) {
    if (is_lower_alnum(c)) {
      in_word = true;
    } else if (in_word && (c == '.' || c == '+' || c == '_' || c == '-')) {
      in_word = false;
    } else {
      return false;
    }
  }
  return in_word && std::all_of(encoded.begin(), encoded.end(), [](char c) {
           return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '=' || c == '_' || c == '-';
         });
}

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) noexcept {
  return kNames[static_cast<std::size_t>(algorithm)];
}

bool parse_algorithm(std::string_view name, Algorithm& out) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) {
      out = static_cast<Algorithm>(i);
      return true;
    }
  }
  return false;
}

std::string Digest::hex() const {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t size = digest_bytes(algorithm);
  std::string out(2 * size, '0');
  for (std::size_t i = 0; i < size; ++i) {
    out[2 * i] = kDigits[bytes[i] >> 4];
    out[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return out;
}

std::string Digest::text() const {
  std::string out(algorithm_name(algorithm));
  out += ':';
  out += hex();
  return out;
}

std::string_view digest_error_text(DigestError error) noexcept {
  switch (error) {
    case DigestError::kNone:
      return "valid";
    case DigestError::kInvalidFormat:
      return "invalid checksum digest format";
    case DigestError::kInvalidLength:
      return "invalid checksum digest length";
    case DigestError::kUnsupported:
      return "unsupported digest algorithm";
  }
  return "invalid";
}

bool parse_hex(Algorithm algorithm, std::string_view hex, Digest& out) noexcept {
  const std::size_t size = digest_bytes(algorithm);
  if (hex.size() != 2 * size) return false;
  out.algorithm = algorithm;
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t high = kNibbles[static_cast<std::uint8_t>(hex[2 * i])];
    const std::uint8_t low = kNibbles[static_cast<std::uint8_t>(hex[2 * i + 1])];
    bad |= high | low;
    out.bytes[i] = static_cast<std::uint8_t>(high << 4 | (low & 15));
  }
  std::fill(out.bytes.begin() + static_cast<std::ptrdiff_t>(size), out.bytes.end(),
            std::uint8_t{0});
  return (bad & 0xf0) == 0;
}

DigestError parse_digest(std::string_view text, Digest& out) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
    return DigestError::kInvalidFormat;
  }
  const std::string_view name = text.substr(0, colon);
  const std::string_view encoded = text.substr(colon + 1);
  Algorithm algorithm;
  if (!parse_algorithm(name, algorithm)) {
    return looks_like_digest(name, encoded) ? DigestError::kUnsupported
                                            : DigestError::kInvalidFormat;
  }
  if (encoded.size() != 2 * digest_bytes(algorithm)) return DigestError::kInvalidLength;
  return parse_hex(algorithm, encoded, out) ? DigestError::kNone : DigestError::kInvalidFormat;
}

}  // namespace regsweep::storage
