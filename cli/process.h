#pragma once

#include "cli/io.h"

namespace regsweep::cli {

/// Makes the process safe to work in, before it opens anything: closed standard streams keep their
/// numbers from the files that are opened (what is printed to them fails), the limit of open files
/// is what it may be at most, and what would abort the process (a thread that cannot be started
/// inside of TBB) ends it with a message and the exit status of Exit. Freed memory goes back to the
/// system. Called once by main.
void prepare_process();

/// How many threads to work with where `wanted` are: fewer if the system grants fewer, or if so
/// many would run out of descriptors. At least 1.
int affordable_threads(int wanted);

/// Says from now on that the store may have been changed; called right before that can happen.
void note_store_changes() noexcept;

/// The exit code where the results cannot be written: kUsage, or kApplyStopped if the store may
/// have been changed, so that nobody takes it for untouched. `words` say that.
struct Unwritten {
  Exit exit;
  const char* words;  ///< "; the results are cut off", say
};
Unwritten unwritten_results() noexcept;

/// How a run that cannot go on ends: the exit status, and what that means for the store.
struct Ending {
  int status;
  const char* words;  ///< "; nothing was changed", say
};
Ending ending_of_a_fall() noexcept;

}  // namespace regsweep::cli
