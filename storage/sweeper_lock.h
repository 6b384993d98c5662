#pragma once

#include <string>

#include "storage/directory.h"
#include "storage/result.h"

namespace regsweep::storage {

/// A store that is open for changing. The lock is on the description behind `v2` and ends with it.
struct LockedStore {
  std::string v2_path;
  Directory root;
  Directory v2;
};

/// Opens a store and takes its lock, a flock on the v2 directory: no file is made, so it works on a
/// full disk. Symbolic links are followed in `root`, none between it and `v2`.
/// Errors: kDenied if another regsweep holds the lock or this user may not write; kUnsupported on a
/// read-only mount and where the file system has no locks; kUsage if v2 does not lie in root; those
/// of Directory::open.
Result<LockedStore> lock_store(const std::string& root, const std::string& v2);

}  // namespace regsweep::storage
