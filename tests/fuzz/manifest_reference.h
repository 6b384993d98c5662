#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace regsweep::fuzz {

/// A JSON value as nlohmann's reader gives it piece by piece: a tree that keeps the order of
/// members and those of equal names.
struct Value {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;                    ///< of a string
  std::optional<std::int64_t> number;  ///< of a number, if it is whole and fits
  std::vector<std::string> names;      ///< of an object's values
  std::vector<Value> values;           ///< of an object or a list
};

/// What nlohmann's reader says of a text.
struct Reading {
  /// False: the two readers differ by nature, and nothing is said of the text. That is so of
  /// - a byte order mark, which nlohmann skips and Go refuses,
  /// - a NUL byte outside of strings, at which nlohmann ends as if the text did,
  /// - a number too large for a double: nlohmann refuses it, Go does not look at its value,
  /// - nesting of more than 10,000 levels, which Go refuses.
  bool comparable = true;
  /// Simdjson reads it as well: whole numbers within 64 bits, at most 1,000 levels, plain UTF-8.
  bool for_simdjson = false;
  bool has_value = false;  ///< there is a whole value in front
  bool ends = false;       ///< and but for white space nothing behind it
  Value value;
};

/// Reads a text. Bytes that are no UTF-8 and surrogates without a partner, which nlohmann refuses,
/// are first replaced by U+FFFD as Go does it.
Reading read_json(std::string_view text);

/// A reference as the rules of analyzer/manifest.h and of a safe collector have it.
struct WantedReference {
  std::string role;  ///< the field's name
  std::string digest;
  std::int64_t size_bytes = -1;
  bool foreign = false;
  bool is_manifest = false;
  std::string media_type;
  auto operator<=>(const WantedReference&) const = default;
};

/// What must be found in a document that is an object.
struct WantedManifest {
  std::vector<WantedReference> references;  ///< in document order; without empty digests
  bool hides = false;                       ///< something may be a reference, but is none
  bool plain = true;  ///< no object that counts has a name twice: then the type is certain
  std::string type;   ///< manifest_type_name(), if plain
  std::string media_type;
  std::string artifact_type;

  /// What both registries mark, in order, "" where they mark an empty digest. Nothing: the document
  /// has what only a repetition of Go's decoder can answer (types that are wrong, names given
  /// twice, platforms, data, schema 1), or they refuse it.
  std::optional<std::vector<std::string>> marks;
  bool refused = false;  ///< both refuse it for its version or its media type
};
WantedManifest wanted_manifest(const Value& document);

/// A digest that a registry accepts, by a regular expression.
bool is_digest(const std::string& text);

}  // namespace regsweep::fuzz
