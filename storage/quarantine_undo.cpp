#include "storage/quarantine_undo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "storage/addition_undo.h"
#include "storage/beneath.h"
#include "storage/journal.h"
#include "storage/sweeper_shape.h"
#include "storage/sweeper_tree.h"

namespace regsweep::storage {
namespace {

/// Something newer stands where a directory was: a file, or a symbolic link.
bool is_taken(const Error& error) noexcept {
  return error.error_number == ENOTDIR || error.error_number == ELOOP ||
         error.error_number == EEXIST;
}

class Undo {
 public:
  Undo(const LockedStore& store, const Directory& run, const RunContents& contents)
      : store_(store), run_(run), contents_(contents) {
    for (const DirectoryRecord& record : contents_.journal.directories) {
      records_.emplace(record.path, &record);
    }
  }

  Result<QuarantineOutcome> go() {
    touch_above_left();
    if (const Status taken = take_away(); !taken) return taken.error();
    if (const Status made = make_removed_directories(); !made) return made.error();
    if (const Status restored = restore_objects(); !restored) return restored.error();
    if (const Status timed = restore_times(); !timed) return timed.error();
    if (!outcome_.skipped.empty()) note_restored();
    return std::move(outcome_);
  }

 private:
  void touch_above_left();
  Status take_away();
  Status make_removed_directories();
  Status restore_objects();
  Status restore(const MoveRecord& move, const Directory& objects);
  Status restore_times();
  Status restore_time(const DirectoryRecord& record);
  void note_restored();
  void skip(const std::string& path);
  void leave_times_above(const std::string& path);
  Result<Directory> open_or_make(const std::string& path);
  Status make(const Directory& parent, const std::string& path);
  Status give_as_recorded(const Directory& place, const std::string& path) const;
  Result<Directory> finish_if_half_made(Directory directory, const std::string& path);

  const LockedStore& store_;
  const Directory& run_;
  const RunContents& contents_;
  std::unordered_map<std::string, const DirectoryRecord*> records_;
  std::unordered_set<std::string> touched_;        ///< directories whose times this undo changed
  std::unordered_set<std::string> above_skipped_;  ///< directories something was skipped below
  std::string open_path_;                          ///< of `open_`, the parent opened last
  std::optional<Directory> open_;
  QuarantineOutcome outcome_;
};

void Undo::skip(const std::string& path) {
  outcome_.skipped.push_back(path);
  leave_times_above(path);
}

void Undo::leave_times_above(const std::string& path) {
  for (std::string above = path; !above.empty();) {
    above = parent_of(above);
    if (!above_skipped_.insert(above).second) break;
  }
}

/// The directory is made with the mode and owner that the journal has for it, else its parent's.
Status Undo::make(const Directory& parent, const std::string& path) {
  const std::string name = last_component(path);
  const Result<PlaceFacts> facts = place_facts(parent);
  if (!facts) return facts.error();
  std::uint32_t mode = facts->mode;
  std::uint32_t uid = facts->uid;
  std::uint32_t gid = facts->gid;
  if (const auto record = records_.find(path); record != records_.end()) {
    mode = record->second->mode;
    uid = record->second->uid;
    gid = record->second->gid;
  }
  if (::mkdirat(parent.fd(), name.c_str(), kModeWhileMade) != 0 && errno != EEXIST) {
    return change_error(errno, "cannot make directory", "");
  }
  const Result<Directory> made = parent.open(name.c_str());
  if (!made) return made.error();
  return give_owner_and_mode(made->fd(), uid, gid, mode);
}

/// An earlier undo left the times of all directories above what it skipped.
void Undo::touch_above_left() {
  const JournalContents& journal = contents_.journal;
  if (journal.restored.empty()) return;
  const auto left = [&](std::string path) {
    while (!path.empty()) {
      path = parent_of(path);
      touched_.insert(path);
    }
  };
  for (const std::uint64_t object : contents_.present) left(find_move(journal, object)->path);
  for (const PlaceRecord& place : journal.places) {
    if (!journal.restored.contains(place.object)) left(find_stage(journal, place.object)->path);
  }
}

/// Additions stand where moved objects go back to.
Status Undo::take_away() {
  Result<AdditionsUndone> undone = take_away_additions(store_, run_, contents_);
  if (!undone) return undone.error();
  outcome_.taken_away = undone->taken_away;
  for (const std::string& path : undone->skipped) skip(path);
  for (const std::string& path : undone->kept) leave_times_above(path);
  touched_.merge(undone->touched);
  return kOk;
}

Status Undo::give_as_recorded(const Directory& place, const std::string& path) const {
  const DirectoryRecord& was = *records_.at(path);
  const Result<Directory> own = reopen(place);  // a place is open for its path alone
  if (!own) return own.error();
  return give_owner_and_mode(own->fd(), was.uid, was.gid, was.mode);
}

/// An undo that was killed right after it made a directory left it with the mode it is made with.
Result<Directory> Undo::finish_if_half_made(Directory directory, const std::string& path) {
  const auto record = records_.find(path);
  if (record == records_.end() || record->second->mode == kModeWhileMade) return directory;
  const Result<PlaceFacts> facts = place_facts(directory);
  if (!facts) return facts.error();
  if (facts->mode != kModeWhileMade) return directory;
  if (const Status done = give_as_recorded(directory, path); !done) return done.error();
  return directory;
}

Result<Directory> Undo::open_or_make(const std::string& path) {
  Result<Directory> directory = open_place(store_.v2, path);
  if (directory) return finish_if_half_made(std::move(*directory), path);
  if (directory.error().code != Errc::kNotFound || path.empty()) return directory;
  const Result<Directory> parent = open_or_make(parent_of(path));
  if (!parent) return parent.error();
  if (const Status made = make(*parent, path); !made) return made.error();
  return open_place(store_.v2, path);
}

/// Directories that were removed because they were empty, the last first. Not again in an undo that
/// only goes for what an earlier one skipped.
Status Undo::make_removed_directories() {
  if (!contents_.journal.restored.empty()) return kOk;
  const std::vector<RmdirRecord>& rmdirs = contents_.journal.rmdirs;
  const std::unordered_set<std::string> remade = remade_directories(contents_.journal);
  for (auto record = rmdirs.rbegin(); record != rmdirs.rend(); ++record) {
    // Without a record it was made by this run before this run removed it.
    if (!records_.contains(record->path)) continue;
    const Result<Directory> made = open_or_make(record->path);
    if (made) {
      if (remade.contains(record->path)) {
        const Status given = give_as_recorded(*made, record->path);
        if (!given) return below(record->path, given.error());
      }
      touched_.insert(record->path);
      touched_.insert(parent_of(record->path));
    } else if (is_taken(made.error())) {
      skip(record->path);
    } else {
      return below(record->path, made.error());
    }
  }
  return kOk;
}

Status Undo::restore(const MoveRecord& move, const Directory& objects) {
  const std::string parent = parent_of(move.path);
  if (!open_ || open_path_ != parent) {
    open_.reset();
    Result<Directory> directory = open_or_make(parent);
    if (!directory && is_taken(directory.error())) return skip(move.path), kOk;
    if (!directory) return below(move.path, directory.error());
    open_ = std::move(*directory);
    open_path_ = parent;
  }
  const int failed = rename_no_replace(objects, std::to_string(move.object).c_str(), *open_,
                                       last_component(move.path).c_str());
  if (failed == EEXIST || failed == ENOTEMPTY) return skip(move.path), kOk;
  if (failed != 0) return change_error(failed, "cannot put it back", move.path);
  touched_.insert(parent);
  ++outcome_.objects;
  outcome_.allocated_bytes += move.allocated_bytes;
  return kOk;
}

Status Undo::restore_objects() {
  const JournalContents& journal = contents_.journal;
  std::vector<const MoveRecord*> order;
  order.reserve(contents_.present.size());
  for (const std::uint64_t object : contents_.present) order.push_back(find_move(journal, object));
  std::sort(order.begin(), order.end(), [](const MoveRecord* a, const MoveRecord* b) {
    if (a->removal_class != b->removal_class) return a->removal_class > b->removal_class;
    return a->object > b->object;
  });
  // What an interrupted undo put back already has its directory's time to be set all the same.
  for (const MoveRecord& move : journal.moves) {
    const bool is_present =
        std::binary_search(contents_.present.begin(), contents_.present.end(), move.object);
    if (!is_present && !journal.restored.contains(move.object)) {
      touched_.insert(parent_of(move.path));
    }
  }
  if (order.empty()) return kOk;
  const Result<Directory> objects = run_.open(kObjects);
  if (!objects) return below(kObjects, objects.error());
  for (const MoveRecord* move : order) {
    if (Status restored = restore(*move, *objects); !restored) return restored;
  }
  open_.reset();
  return sync_directory(*objects, kObjects);
}

Status Undo::restore_time(const DirectoryRecord& record) {
  UniqueFd opened;
  int fd = store_.v2.fd();
  if (!record.path.empty()) {
    opened = UniqueFd(open_beneath(fd, record.path.c_str(), O_RDONLY | O_DIRECTORY));
    if (!opened && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return kOk;
    if (!opened) return change_error(errno, "cannot open directory", record.path);
    fd = opened.get();
  }
  // EPERM: the directory is another user's, who allows us to write but not to set times.
  if (!set_mtime(fd, record.mtime_nanoseconds) && errno != EPERM) {
    return change_error(errno, "cannot set the time", record.path);
  }
  return kOk;
}

Status Undo::restore_times() {
  for (const DirectoryRecord& record : contents_.journal.directories) {
    if (!touched_.contains(record.path) || above_skipped_.contains(record.path)) continue;
    if (Status timed = restore_time(record); !timed) return timed;
  }
  return kOk;
}

/// So that a later undo of what was skipped leaves alone the times of directories it has no part
/// in. Not being able to say so, on a full disk, is no reason to fail.
void Undo::note_restored() {
  const JournalContents& journal = contents_.journal;
  Result<JournalWriter> writer = JournalWriter::resume(run_, journal);
  if (!writer) return;
  const std::unordered_set<std::string> skipped(outcome_.skipped.begin(), outcome_.skipped.end());
  for (const MoveRecord& move : journal.moves) {
    if (journal.restored.contains(move.object)) continue;
    const bool was_present =
        std::binary_search(contents_.present.begin(), contents_.present.end(), move.object);
    if (!was_present || !skipped.contains(move.path)) writer->add(RestoredRecord{move.object});
  }
  for (const StageRecord& stage : journal.stages) {
    if (journal.restored.contains(stage.object) || skipped.contains(stage.path)) continue;
    writer->add(RestoredRecord{stage.object});
  }
  const Status written = writer->flush(true);
  static_cast<void>(written);
}

}  // namespace

Result<QuarantineOutcome> restore_run(const LockedStore& store, const Directory& run,
                                      const RunContents& contents) {
  return Undo(store, run, contents).go();
}

}  // namespace regsweep::storage
