#pragma once

#include "storage/quarantine_run.h"
#include "storage/result.h"
#include "storage/sweeper.h"
#include "storage/sweeper_lock.h"

namespace regsweep::storage {

/// Takes away what a run added, then puts its objects back, in the reverse order of their classes,
/// and then gives the directories they came from their times again, except those with something
/// skipped below. What was skipped stays in the run, and its journal then says what did not; the
/// run itself is not removed. Can be repeated after any interruption: an object is either in the
/// run or not.
Result<QuarantineOutcome> restore_run(const LockedStore& store, const Directory& run,
                                      const RunContents& contents);

}  // namespace regsweep::storage
