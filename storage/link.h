#pragma once

#include "storage/directory.h"
#include "storage/store.h"

namespace regsweep::storage {

/// Reads the link `name` below `at` and says what stands there. One open, one read, one close; one
/// fstat if the file's facts are wanted, too.
LinkContent read_link(const Directory& at, const char* name, FileFacts* facts = nullptr);

/// The system's words for a link that read_link() found unreadable.
std::string why_unreadable(const Directory& at, const char* name);

/// Says of a link only that it is there, if its size is the one of a link to this algorithm; reads
/// it otherwise. One stat.
LinkContent look_at_link(const Directory& at, const char* name, Algorithm algorithm);

}  // namespace regsweep::storage
