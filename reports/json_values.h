#pragma once

#include <nlohmann/json.hpp>

#include "analyzer/graph.h"

namespace regsweep::reports {

using Json = nlohmann::ordered_json;

/// {"apparent_bytes": …, "allocated_bytes": …}
inline Json bytes_pair(const analyzer::Bytes& bytes) {
  return {{"apparent_bytes", bytes.apparent}, {"allocated_bytes", bytes.allocated}};
}

}  // namespace regsweep::reports
