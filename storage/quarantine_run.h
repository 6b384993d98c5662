#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/directory.h"
#include "storage/journal.h"
#include "storage/result.h"
#include "storage/sweeper_lock.h"

namespace regsweep::storage {

// A run's directory, `<root>/.regsweep-quarantine/<run id>`, holds `journal` and `objects/<n>`. A
// purge renames `objects` to `deleted` before it deletes anything: what is left of it is never put
// back. `deleted` outlives the journal, by which an undo would take away what was placed.

inline constexpr const char* kObjects = "objects";
inline constexpr const char* kDeleted = "deleted";

/// "20261124T203310.123456Z-0a1b": UTC, and four random digits.
std::string make_run_id(std::int64_t time_nanoseconds);

/// Whether a name has that form: no other directory is taken for a run.
bool is_run_id(std::string_view name) noexcept;

/// The time in a run's id, in seconds since 1970.
std::int64_t run_started_seconds(std::string_view id) noexcept;

/// CLOCK_REALTIME.
std::int64_t now_nanoseconds() noexcept;

/// What an undo needs to know of a directory, and what a rename across it needs.
struct PlaceFacts {
  std::uint64_t device = 0;
  std::uint64_t mount = 0;  ///< 0 on kernels before 5.8
  std::int64_t mtime_nanoseconds = 0;
  std::uint32_t mode = 0;  ///< permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
Result<PlaceFacts> place_facts(const Directory& place);

/// Whether a rename from one to the other can work: the same file system by the same mount.
bool same_file_system(const PlaceFacts& a, const PlaceFacts& b) noexcept;

/// renameat2 with RENAME_NOREPLACE; on file systems without it a look and a rename. Returns 0 or
/// errno: EEXIST if the new name is taken.
int rename_no_replace(const Directory& from, const char* old_name, const Directory& to,
                      const char* new_name) noexcept;

/// Reads the name of an object: its number, as it is written. False for any other name.
bool parse_object(std::string_view name, std::uint64_t& number) noexcept;

/// A run as it lies on the disk.
struct RunContents {
  JournalContents journal;
  std::vector<std::uint64_t> present;  ///< moved objects that are there, ascending
  std::vector<std::uint64_t> staged;   ///< staged files that are there: not in place; ascending
  bool purge_begun = false;
  /// Without `objects` nothing is left to undo, and what was placed may be all that there is.
  bool has_objects = false;
};

/// Reads a run and checks that its journal names all that lies there. A run without a journal holds
/// no objects, or is kCorrupt.
Result<RunContents> read_run(const Directory& run);

/// The directory of all runs. kNotFound if the store has none.
Result<Directory> open_quarantine_directory(const Directory& root);

/// Directories are made with this mode, then given their own.
inline constexpr std::uint32_t kModeWhileMade = 0700;

/// Gives a file or directory its owner and mode. A user who may not give things away keeps them,
/// but gives them the group if it is one of his.
Status give_owner_and_mode(int fd, std::uint32_t uid, std::uint32_t gid, std::uint32_t mode);

/// Sets the time of modification of an open directory, also one before 1970. False: see errno.
bool set_mtime(int fd, std::int64_t nanoseconds) noexcept;

/// fsync of a directory.
Status sync_directory(const Directory& directory, std::string_view what);

/// The same of directories below v2, "" being v2 itself: those that were synced, or are not there
/// any more, are taken from `paths`. Stops at the first that fails.
Status sync_directories(const LockedStore& store, std::set<std::string>& paths);

}  // namespace regsweep::storage
