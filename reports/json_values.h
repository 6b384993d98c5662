#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/graph.h"
#include "reports/humanize.h"
#include "storage/result.h"

namespace regsweep::reports {

using Json = nlohmann::ordered_json;

/// No document of regsweep is nested deeper; its deepest is verify's, with 6. What a user gives is
/// refused beyond: copying and writing a value take stack for each level.
constexpr std::size_t kDeepestJson = 16;

/// Reads a text that a user gave as JSON. kCorrupt: it is none ("it is not JSON"), or is nested
/// deeper than kDeepestJson, which is found before it is parsed.
storage::Result<Json> parse_json(std::string_view text);

/// {"apparent_bytes": …, "allocated_bytes": …}
inline Json bytes_pair(const analyzer::Bytes& bytes) {
  return {{"apparent_bytes", bytes.apparent}, {"allocated_bytes", bytes.allocated}};
}

/// {"objects": …, "apparent_bytes": …, "allocated_bytes": …}
inline Json objects_and_bytes(std::uint64_t objects, const analyzer::Bytes& bytes) {
  return {{"objects", objects},
          {"apparent_bytes", bytes.apparent},
          {"allocated_bytes", bytes.allocated}};
}

/// Texts from a store, each printable.
inline Json printable_list(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(printable(text));
  return list;
}

/// A text from a store or its config, printable; null for one that is empty.
inline Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(printable(text));
}

/// A time in seconds since 1970 as RFC 3339; null for 0, which is one that is not known.
inline Json time_or_null(std::int64_t seconds) {
  return seconds == 0 ? Json(nullptr) : Json(rfc3339(seconds));
}

}  // namespace regsweep::reports
