#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "storage/result.h"

namespace regsweep::cli {

/// Writes a file so that nobody ever sees half of it: by a temporary file beside it and a rename.
/// What is there already and is no regular file (a pipe, a device) is written to; a symbolic link
/// is followed.
storage::Status write_output(const std::string& path,
                             const std::function<void(std::ostream&)>& write);

}  // namespace regsweep::cli
