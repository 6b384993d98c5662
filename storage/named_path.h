#pragma once

#include <string>
#include <string_view>

#include "storage/result.h"

namespace regsweep::storage {

/// The system's refusal of a path that the user named, with what to do about it: kNotFound,
/// kDenied, kUsage for a loop of symbolic links, else kIo. `what` failed, as "cannot open it"; may
/// be empty.
Error named_path_error(const std::string& path, int error_number, std::string_view what = {});

}  // namespace regsweep::storage
