#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/quarantine_run.h"
#include "storage/result.h"
#include "storage/sweeper_lock.h"

namespace regsweep::storage {

/// What became of a run's additions.
struct AdditionsUndone {
  std::uint64_t taken_away = 0;      ///< files
  std::vector<std::string> skipped;  ///< files that are others by now, and stay
  std::vector<std::string> kept;     ///< directories that were made and hold something, and stay
  std::unordered_set<std::string> touched;  ///< directories whose times this changed, or had
};

/// Directories that were there before the run, which removed them as empty and then made them again
/// for an addition: undo keeps them, but with what the journal has of them.
std::unordered_set<std::string> remade_directories(const JournalContents& journal);

/// Deletes what was staged and never placed; takes away what was placed and still is that very
/// file, what refers to others first; then removes the directories that were made, if they are
/// empty. This comes before moved objects are put back, where additions may stand. Leaves alone
/// what an earlier undo put back already, so it can be repeated after any interruption.
Result<AdditionsUndone> take_away_additions(const LockedStore& store, const Directory& run,
                                            const RunContents& contents);

}  // namespace regsweep::storage
