#pragma once

#include <nlohmann/json.hpp>

#include "analyzer/graph.h"
#include "reports/humanize.h"

namespace regsweep::reports {

using Json = nlohmann::ordered_json;

/// {"apparent_bytes": …, "allocated_bytes": …}
inline Json bytes_pair(const analyzer::Bytes& bytes) {
  return {{"apparent_bytes", bytes.apparent}, {"allocated_bytes", bytes.allocated}};
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
