#pragma once

#include <string>
#include <string_view>

#include "storage/directory.h"
#include "storage/result.h"

namespace regsweep::storage {

/// The system's refusal in words, with what it refused. Unlike system_error() it also has words for
/// ENOENT.
Error change_error(int error_number, std::string_view what, std::string path);

/// Puts the directory `name` in front of an error's path.
Error below(const std::string& name, Error error);

/// Opens a directory below `at` as a place for *at calls (O_PATH: needs no permission to read); ""
/// is `at` itself. Errors as Directory::open(), without a path.
Result<Directory> open_place(const Directory& at, const std::string& name);

/// The same directory once more, for reading: a listing moves its descriptor's offset, and a place
/// cannot be read.
Result<Directory> reopen(const Directory& directory);

/// unlinkat, renameat and so on are not restarted by the kernel on every file system: this one is.
/// Returns 0 or -1 and errno.
int unlink_at(const Directory& at, const char* name, int flags) noexcept;

/// Removes one entry, a directory with all below it. Symbolic links go themselves and are not
/// followed; what is mounted below is kUnsupported and stays. kNotFound if there is no such entry.
/// Error paths begin with `name`. Holds 17 descriptors at most, however deep directories nest; one
/// that was moved away from where it lay meanwhile is kChanged.
Status remove_entry(const Directory& at, const std::string& name, FileType type);

/// Removes all that lies in a directory, as remove_entry(). An entry called `guarded`, unless that
/// is empty, is kChanged, and then nothing was removed.
Status clear_directory(const Directory& directory, std::string_view guarded);

}  // namespace regsweep::storage
