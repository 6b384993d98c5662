#pragma once

#include "storage/directory.h"
#include "storage/store.h"

namespace regsweep::storage {

/// Reads the link `name` below `at` and says what stands there; with `facts`, the file's, too.
LinkContent read_link(const Directory& at, const char* name, FileFacts* facts = nullptr);

/// The system's words for a link that read_link() found unreadable.
std::string why_unreadable(const Directory& at, const char* name);

/// Whether the directory that a link lies in is known to be one, as Directory::stat_listed needs
/// it.
enum class Parent : bool { kUnknown, kListed };

/// Says of a link only that it is there, if its size is the one of a link to this algorithm; reads
/// it otherwise. One stat where the parent is known.
LinkContent look_at_link(const Directory& at, const char* name, Algorithm algorithm, Parent parent);

}  // namespace regsweep::storage
