#include "storage/run_journal.h"

#include <cerrno>

#include "storage/sweeper_tree.h"

namespace regsweep::storage {

Status RunJournal::note_directory(const std::string& path, const Directory& directory) {
  // What undo takes away again needs no time; and what lay there before has another one.
  if (recorded_.contains(path) || made_.contains(path)) return kOk;
  const Result<PlaceFacts> facts = place_facts(directory);
  if (!facts) return facts.error();
  if (!same_file_system(*facts, facts_)) return other_file_system({});
  add(DirectoryRecord{path, facts->mtime_nanoseconds, facts->mode, facts->uid, facts->gid});
  recorded_.insert(path);
  new_recorded_.push_back(path);
  return kOk;
}

void RunJournal::note_made(const std::string& path) {
  if (!made_.insert(path).second) return;
  add(MkdirRecord{path});
  new_made_.push_back(path);
}

Status RunJournal::flush(bool sync) {
  const Status written = writer_.flush(sync);
  if (!written) {
    for (const std::string& path : new_recorded_) recorded_.erase(path);
    for (const std::string& path : new_made_) made_.erase(path);
  }
  new_recorded_.clear();
  new_made_.clear();
  if (!written) return below(path_, written.error());
  return kOk;
}

Error other_file_system(std::string path) {
  return {Errc::kUnsupported, std::move(path),
          "lies on another file system, or mount, than the quarantine: nothing can be moved there",
          EXDEV};
}

}  // namespace regsweep::storage
