#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/directory.h"
#include "storage/journal.h"
#include "storage/quarantine_run.h"
#include "storage/result.h"

namespace regsweep::storage {

/// The journal of a run that goes on, with what moves and additions share: the numbers of objects,
/// and which directories undo knows about. For one thread at a time.
class RunJournal {
 public:
  /// `path` is the run's below the root, for errors; `facts` are those of the directory
  /// of all runs.
  RunJournal(JournalWriter writer, std::string path, const PlaceFacts& facts)
      : writer_(std::move(writer)), path_(std::move(path)), facts_(facts) {}

  std::uint64_t next_object() noexcept { return next_object_++; }

  /// Notes a directory as it is before this run's first change to it; not again, and not one that
  /// the run made. kUnsupported: a rename between it and `objects` cannot work.
  Status note_directory(const std::string& path, const Directory& directory);

  /// Notes that a directory is going to be made; not again.
  void note_made(const std::string& path);
  /// Whether the journal says that the run made, or is going to make, this directory.
  bool is_made(const std::string& path) const { return made_.contains(path); }

  /// Notes any other record.
  void add(const JournalRecord& record) { writer_.add(record); }

  /// Writes what was noted. If it fails, all of it is forgotten.
  Status flush(bool sync);

  /// Of the run, below the root.
  const std::string& path() const noexcept { return path_; }

 private:
  JournalWriter writer_;
  std::string path_;
  PlaceFacts facts_;
  std::uint64_t next_object_ = 0;
  std::unordered_set<std::string> recorded_;  ///< directories as they were
  std::unordered_set<std::string> made_;
  std::vector<std::string> new_recorded_;  ///< of them, those not yet written
  std::vector<std::string> new_made_;
};

/// Why a rename between a path and the quarantine cannot work.
Error other_file_system(std::string path);

}  // namespace regsweep::storage
