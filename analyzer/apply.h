#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analyzer/plan.h"
#include "storage/store.h"
#include "storage/sweeper.h"

namespace regsweep::analyzer {

/// How an apply ended.
enum class ApplyEnd : std::uint8_t {
  kDone,
  kRefused,      ///< a safety rule forbids it; nothing was touched
  kStopped,      ///< part-way: something failed or changed; what was done is in `removed`
  kInterrupted,  ///< part-way, by the user
};

struct ApplyOptions {
  bool quarantine = true;
  PlanContext context;
};

/// Counts for a progress line.
struct ApplyProgress {
  std::atomic<std::uint64_t> objects{0};
  std::atomic<std::uint64_t> allocated_bytes{0};
  std::atomic<std::uint64_t> planned_objects{0};
  std::atomic<std::uint64_t> planned_bytes{0};
};

struct ApplyResult {
  ApplyEnd end = ApplyEnd::kDone;
  std::string reason;  ///< why it did not come to its end
  std::array<PlanTotal, storage::kRemovalClasses> removed;
  PlanTotal total;
  std::uint64_t already_gone = 0;  ///< an earlier apply, or another, had removed them
  std::vector<std::string> left;   ///< empty directories that no longer were
  std::string quarantine_run;      ///< id, for undo and purge
};

/// An error of the sweeper as a reason: "PATH: what is wrong with it".
std::string words(const storage::Error& error);

/// Why a plan must not be carried out: it would remove all blobs, or too many bytes (then
/// `is_share`), or goes by tags where there are none. `reason` is empty if it may be.
struct Objection {
  std::string reason;
  bool is_share = false;
};

/// `max_delete_percent` of the bytes in blobs may go.
Objection objection_to(const Plan& plan, double max_delete_percent);

/// Why `plan` does not fit the store as `fresh`, a plan by the same rules made now, shows it; empty
/// if it fits: each removal is in `fresh` with the same identity, or is gone already.
std::string mismatch(const Plan& plan, const Plan& fresh, const storage::Sweeper& sweeper);

/// `fresh` with the removals of `plan`, which must fit it. Totals count what is still there: the
/// rest an earlier apply has done. It is left out if `drop_gone`; a deletion (not a rename) may
/// have been cut off half-way, and is then finished by doing it again.
Plan narrowed(Plan fresh, const Plan& plan, bool drop_gone);

/// Carries out a plan that was just made from `planned` under the sweeper's lock: class by class,
/// each object checked once more right before it goes. Between links and blobs the store is read
/// again, and a blob that anything refers to by then stops it. `planned` is given up before that,
/// so that memory holds one survey at a time. `interrupted` is asked between steps.
ApplyResult carry_out(const Plan& plan, Survey planned, const storage::Store& store,
                      storage::Sweeper& sweeper, const ApplyOptions& options,
                      ApplyProgress& progress, const std::function<bool()>& interrupted);

}  // namespace regsweep::analyzer
