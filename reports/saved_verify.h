#pragma once

#include <string>
#include <string_view>

#include "reports/json_values.h"
#include "storage/result.h"

namespace regsweep::reports {

inline constexpr std::string_view kVerifySchema = "regsweep.verify/1";

/// Reads what `regsweep verify --json` wrote (docs/schemas/verify.json) from a file of a user:
/// every field that one has is there and of its kind; fields that are not known are no obstacle.
/// kCorrupt: it is no such report; the message goes behind the file's name: "is no whole report:
/// store.root is missing", say.
storage::Result<Json> read_verify_report(std::string_view text);

}  // namespace regsweep::reports
