#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/directory.h"
#include "storage/result.h"
#include "storage/run_journal.h"
#include "storage/sweeper.h"
#include "storage/sweeper_lock.h"

namespace regsweep::storage {

/// What a run adds to the store: files are written into its `objects`, and renamed from there to
/// their places. For one thread at a time.
class AdditionWriter {
 public:
  /// All three must outlive it. `objects` is the run's directory of that name.
  AdditionWriter(const LockedStore& store, const Directory& objects, RunJournal& journal)
      : store_(store), objects_(objects), journal_(journal) {}

  /// See Sweeper::stage().
  Status stage(const std::vector<Addition>& batch, std::size_t& staged);

  /// See Sweeper::place(). After a failure it goes on, when repeated, with the one that failed.
  Status place(std::size_t& placed);

 private:
  struct Staged {
    std::uint64_t object;
    AdditionClass addition_class;
    std::string path;
    Identity identity;
    bool is_noted = false;  ///< the journal has its place record
  };

  Status plan(std::size_t& planned);
  Status plan_one(Staged& one);
  Status carry_out(std::size_t planned);
  Status put(const Staged& one);
  Status prepare(const Staged& one, const Directory& parent) const;
  Result<Directory> open_or_make(const std::string& path);
  Status make(const Directory& parent, const std::string& path);
  std::string object_path(std::uint64_t object) const;

  const LockedStore& store_;
  const Directory& objects_;
  RunJournal& journal_;
  std::vector<Staged> staged_;                 ///< all of the run, in order
  std::size_t placed_ = 0;                     ///< the first of them that is not in place
  std::unordered_set<std::string> half_made_;  ///< directories without their owner and mode yet
  std::set<std::string> changed_;              ///< directories that are to be synced
  std::string open_path_;                      ///< of `open_`, the parent opened last
  std::optional<Directory> open_;
};

}  // namespace regsweep::storage
