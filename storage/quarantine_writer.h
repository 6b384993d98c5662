#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "storage/addition_writer.h"
#include "storage/quarantine_run.h"
#include "storage/run_journal.h"
#include "storage/sweeper.h"
#include "storage/sweeper_lock.h"

namespace regsweep::storage {

/// The run that a Sweeper moves things to, and adds things from. Safe from many threads: one works
/// at a time.
class QuarantineWriter {
 public:
  /// Makes the run's directory and begins its journal. Leaves nothing behind if it fails.
  /// Errors as Sweeper::begin_quarantine().
  static Result<std::unique_ptr<QuarantineWriter>> begin(const LockedStore& store);

  /// See Sweeper::quarantine(). Empty directories are removed and made anew by undo.
  Status move(const std::vector<Removal>& batch, std::vector<Removed>& done);

  /// Removes an empty directory, with what undo needs to make it again in the journal. Not synced:
  /// a power cut may lose that, and undo then does without the directory.
  Result<Removed> remove_directory(const Removal& removal);

  /// See Sweeper::stage() and place().
  Status stage(const std::vector<Addition>& batch, std::size_t& staged);
  Status place(std::size_t& placed);

  /// See Sweeper::end_quarantine().
  Status end(bool finished);

  const std::string& id() const noexcept { return id_; }

 private:
  struct Place {  ///< the parent directory that was opened last
    std::string path;
    Directory directory;
    bool is_open = false;
  };
  struct Planned {
    const Removal* removal;  ///< of the batch, which must live as long
    std::uint64_t object;
    bool is_gone;
  };

  QuarantineWriter(const LockedStore& store, std::string id, Directory run, Directory objects,
                   RunJournal journal);

  Status open_parent(const std::string& path, Place& place) const;
  Status plan(std::span<const Removal> batch, std::vector<Planned>& planned);
  Result<Removed> carry_out(const Planned& planned, Place& place);

  const LockedStore& store_;
  std::string id_;
  Directory run_;
  Directory objects_;
  std::mutex mutex_;
  RunJournal journal_;
  AdditionWriter additions_;  ///< refers to all of them
};

}  // namespace regsweep::storage
