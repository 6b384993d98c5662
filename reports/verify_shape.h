#pragma once

#include <string>

#include "reports/json_values.h"

namespace regsweep::reports {

/// What keeps a document from being a report of regsweep.verify/1 that can be joined and printed:
/// "store.root is missing", say. Empty: nothing does. Fields that are not known are no obstacle.
std::string misshape_of_verify(const Json& report);

}  // namespace regsweep::reports
