#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/go_json.h"

/// Go's json.Unmarshal into a struct, as far as the structs of a registry need it.
/// Source: Go encoding/json decode.go (array, object, literalStore), 1.19 for 2.8 and 1.24 for 3.x.
namespace regsweep::analyzer::go_json {

enum class GoKind : std::uint8_t {
  kInt,  ///< int or int64
  kUint8,
  kString,
  kStruct,
  kStructPtr,  ///< a pointer to a struct: null makes it nil
  kSlice,
  kStringMap,
};

struct GoField;

/// A Go type, as its reflection shows it.
struct GoType {
  GoKind kind = GoKind::kString;
  std::string_view name;            ///< reflect.Type.String(): "distribution.Descriptor"
  std::string_view bare_name;       ///< reflect.Type.Name() of a struct: "Descriptor"
  std::span<const GoField> fields;  ///< of a struct
  const GoType* element = nullptr;  ///< of a slice
};

struct GoField {
  std::string_view key;  ///< the name in its json tag
  const GoType* type = nullptr;
  std::string_view embedded;  ///< the embedded struct that it comes from, or empty
};

/// What a Go variable holds after decoding. Three bytes of a document can make one: small, and a
/// struct's fields take room only up to the last that was given.
struct GoValue {
  NodeId node = kNoNode;          ///< of a string: the node last stored, kNoNode while ""
  std::uint32_t length = 0;       ///< of a slice
  std::int64_t number = 0;        ///< of an int
  std::vector<GoValue> children;  ///< a struct's fields, or a slice's backing array
  bool set = false;               ///< of a slice: not nil

  /// A field, or an element of a slice; what was not given is Go's zero value.
  const GoValue& operator[](std::size_t i) const;
};

/// Decodes the document's value into `out`. Returns the text of Go's error, empty if there is none.
/// Stops at the first error: the registry throws away what was decoded beside one.
/// `name_embedded` is Go 1.24's habit of naming embedded structs in the error.
std::string decode(const Document& document, const GoType& type, bool name_embedded, GoValue& out);

}  // namespace regsweep::analyzer::go_json
