#pragma once

#include <string>

#include "storage/directory.h"
#include "storage/result.h"
#include "storage/sweeper.h"

namespace regsweep::storage {

/// How much of an object is there. kHalf: an interrupted removal took the file that stands for it.
enum class Presence : std::uint8_t { kGone, kHalf, kWhole };

/// Judges a blob's or link's directory by its `data` or `link`. kChanged: another inode, size or
/// time, or something else than a regular file. Never kGone. Cost: one fstatat.
Result<Presence> check_key(const Directory& object, const char* key, const Identity& judged);

/// Judges an object of any class where it lies in its parent directory. kChanged as above. Uploads
/// must be directories, temporary files regular files; of an empty directory only the inode counts,
/// because removing what lay in it changed its time. An upload whose `startedat` is gone counts as
/// half removed if it is the same inode: no registry resumes it. Cost: an fstatat, or three calls.
Result<Presence> check_object(const Directory& parent, const std::string& name,
                              const Removal& removal);

/// The identity that Sweeper::identify() tells of. kNotFound; kCorrupt or kDenied if something else
/// than its class wants stands there.
Result<Identity> look_up(const Directory& v2, RemovalClass removal_class, const std::string& path);

/// Deletes an object that has the shape of its class; see Sweeper::remove. Cost for a blob or link:
/// five system calls.
Result<Removed> remove_object(const Directory& v2, const Removal& removal);

}  // namespace regsweep::storage
