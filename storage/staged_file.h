#pragma once

#include "storage/directory.h"
#include "storage/result.h"
#include "storage/sweeper.h"

namespace regsweep::storage {

/// Writes the file that an addition stands for as `name` into a directory, for its owner only, and
/// syncs it: a link with its digest, a blob as a copy of its source, hashed on the way. If it fails
/// the file is removed again. Returns what the file is now. kUsage: a source without an absolute
/// path; kCorrupt: it is no regular file, or has not the digest; kDenied: it is a symbolic link.
/// Errors about the source have its path, others none.
Result<Identity> write_staged(const Directory& at, const char* name, const Addition& addition);

}  // namespace regsweep::storage
