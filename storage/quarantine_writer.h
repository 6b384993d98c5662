#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/journal.h"
#include "storage/quarantine_run.h"
#include "storage/sweeper.h"
#include "storage/sweeper_lock.h"

namespace regsweep::storage {

/// The run that a Sweeper moves things to. Safe from many threads: one works at a time.
class QuarantineWriter {
 public:
  /// Makes the run's directory and begins its journal. Leaves nothing behind if it fails.
  /// Errors as Sweeper::begin_quarantine().
  static Result<std::unique_ptr<QuarantineWriter>> begin(const LockedStore& store);

  /// See Sweeper::quarantine(). Empty directories are removed and made anew by undo.
  Status move(const std::vector<Removal>& batch, std::size_t& moved);

  /// Removes an empty directory, with what undo needs to make it again in the journal. Not synced:
  /// a power cut may lose that, and undo then does without the directory.
  Result<Removed> remove_directory(const Removal& removal);

  /// See Sweeper::end_quarantine().
  Status end();

  const std::string& id() const noexcept { return id_; }

 private:
  struct Place {  ///< the parent directory that was opened last
    std::string path;
    Directory directory;
    bool is_open = false;
  };
  struct Planned {
    const Removal* removal;
    std::uint64_t object;
    bool is_gone;
  };

  QuarantineWriter(const LockedStore& store, std::string id, Directory run, Directory objects,
                   JournalWriter journal, const PlaceFacts& facts);

  Status open_parent(const std::string& path, Place& place) const;
  Status record_directory(const std::string& path, const Directory& directory);
  Status plan(const std::vector<Removal>& batch, std::vector<Planned>& planned);
  Status carry_out(const Planned& planned, Place& place);

  const LockedStore& store_;
  std::string id_;
  Directory run_;
  Directory objects_;
  PlaceFacts facts_;  ///< of `objects_`
  std::mutex mutex_;
  JournalWriter journal_;
  std::uint64_t next_object_ = 0;
  std::unordered_set<std::string> recorded_;  ///< directories that the journal holds
  std::vector<std::string> newly_recorded_;   ///< of them, those not yet written
};

}  // namespace regsweep::storage
