#include <fcntl.h>
#include <tbb/parallel_for_each.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>

#include "storage/layout.h"
#include "storage/quarantine_run.h"
#include "storage/quarantine_undo.h"
#include "storage/sweeper.h"
#include "storage/sweeper_lock.h"
#include "storage/sweeper_tree.h"

namespace regsweep::storage {
namespace {

constexpr const char* kPurgeBegun = "a purge of it was begun: it can only be purged";

struct Entry {
  std::string name;
  FileType type;
};

Result<std::vector<Entry>> entries_of(const Directory& directory) {
  Result<Directory> listed = reopen(directory);
  if (!listed) return listed.error();
  std::vector<Entry> entries;
  const Status read = listed->each([&](const DirectoryEntry& entry) {
    entries.push_back({std::string(entry.name), entry.type});
  });
  if (!read) return read.error();
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

/// Whether an entry of a run's objects is a staged file: nothing that was taken from the store.
bool is_staged(const JournalContents& journal, const std::string& name) {
  std::uint64_t number = 0;
  return parse_object(name, number) && find_stage(journal, number) != nullptr;
}

std::uint64_t count_entries(const Directory& run, const char* name,
                            const JournalContents& journal) {
  const Result<Directory> directory = run.open(name);
  if (!directory) return 0;
  const Result<std::vector<Entry>> entries = entries_of(*directory);
  if (!entries) return 0;
  const auto moved = [&](const Entry& entry) { return !is_staged(journal, entry.name); };
  return static_cast<std::uint64_t>(std::count_if(entries->begin(), entries->end(), moved));
}

QuarantineRun describe(const Directory& run, const std::string& id) {
  QuarantineRun described;
  described.id = id;
  described.started_seconds = run_started_seconds(id);
  const Result<RunContents> contents = read_run(run);
  if (!contents) {
    const Error& error = contents.error();
    described.problem = error.path.empty() ? error.message : error.path + ' ' + error.message;
    described.objects = count_entries(run, kObjects, {}) + count_entries(run, kDeleted, {});
    return described;
  }
  described.finished = contents->journal.finished;
  described.objects = contents->present.size();
  for (const std::uint64_t object : contents->present) {
    described.allocated_bytes += find_move(contents->journal, object)->allocated_bytes;
  }
  if (contents->purge_begun) {
    described.problem = kPurgeBegun;
    described.objects += count_entries(run, kDeleted, contents->journal);
  }
  return described;
}

class DirectoryQuarantine final : public Quarantine {
 public:
  explicit DirectoryQuarantine(LockedStore store) : store_(std::move(store)) {}

  Result<std::vector<QuarantineRun>> runs() const override;
  Result<QuarantineOutcome> undo(const std::string& run_id) override;
  Result<QuarantineOutcome> purge(const std::string& run_id) override;

 private:
  Result<Directory> open_run(const std::string& run_id) const;
  Status remove_run(const std::string& run_id, const Directory& run,
                    const std::optional<BeginRecord>& begin);
  void remove_quarantine_if_empty(const std::optional<BeginRecord>& begin);

  LockedStore store_;
};

std::string path_of(const std::string& run_id) {
  return std::string(layout::kQuarantine) + '/' + run_id;
}

Result<std::vector<QuarantineRun>> DirectoryQuarantine::runs() const {
  std::vector<QuarantineRun> found;
  const Result<Directory> quarantine = open_quarantine_directory(store_.root);
  if (!quarantine && quarantine.error().code == Errc::kNotFound) return found;
  if (!quarantine) return quarantine.error();
  const Result<std::vector<Entry>> entries = entries_of(*quarantine);
  if (!entries) return below(layout::kQuarantine, entries.error());
  for (const Entry& entry : *entries) {
    if (!is_run_id(entry.name)) continue;
    const Result<Directory> run = quarantine->open(entry.name.c_str());
    if (run) {
      found.push_back(describe(*run, entry.name));
      continue;
    }
    QuarantineRun closed;  // one that cannot be looked at must not stand in the way of the others
    closed.id = entry.name;
    closed.started_seconds = run_started_seconds(entry.name);
    closed.problem = run.error().message.empty() ? "is not there any more" : run.error().message;
    found.push_back(std::move(closed));
  }
  return found;
}

Result<Directory> DirectoryQuarantine::open_run(const std::string& run_id) const {
  const Error unknown{Errc::kNotFound, path_of(run_id), "there is no such quarantine run", ENOENT};
  if (!is_run_id(run_id)) return unknown;
  const Result<Directory> quarantine = open_quarantine_directory(store_.root);
  if (!quarantine && quarantine.error().code == Errc::kNotFound) return unknown;
  if (!quarantine) return quarantine.error();
  Result<Directory> run = quarantine->open(run_id.c_str());
  if (!run && run.error().code == Errc::kNotFound) return unknown;
  if (!run) return below(path_of(run_id), run.error());
  return run;
}

/// Gives the root its time again too, unless somebody else changed the root since the run began.
void DirectoryQuarantine::remove_quarantine_if_empty(const std::optional<BeginRecord>& begin) {
  const Result<PlaceFacts> root = place_facts(store_.root);
  if (unlink_at(store_.root, layout::kQuarantine, AT_REMOVEDIR) != 0) return;
  if (!begin || !root || root->mtime_nanoseconds > begin->time_nanoseconds) return;
  static_cast<void>(set_mtime(store_.root.fd(), begin->root_mtime_nanoseconds));
}

/// Removes a run without objects. An undo's journal goes last but for the run itself; that of a
/// purge before `deleted`, which tells that none of it can be put back.
Status DirectoryQuarantine::remove_run(const std::string& run_id, const Directory& run,
                                       const std::optional<BeginRecord>& begin) {
  struct Part {
    const char* name;
    int flags;
  };
  for (const Part& part :
       {Part{kObjects, AT_REMOVEDIR}, Part{kJournalFile, 0}, Part{kDeleted, AT_REMOVEDIR}}) {
    if (unlink_at(run, part.name, part.flags) != 0 && errno != ENOENT) {
      return change_error(errno, "cannot remove", path_of(run_id) + '/' + part.name);
    }
  }
  const Result<Directory> quarantine = open_quarantine_directory(store_.root);
  if (!quarantine) return quarantine.error();
  if (unlink_at(*quarantine, run_id.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return change_error(errno, "cannot remove", path_of(run_id));
  }
  remove_quarantine_if_empty(begin);
  return kOk;
}

Result<QuarantineOutcome> DirectoryQuarantine::undo(const std::string& run_id) {
  const Result<Directory> run = open_run(run_id);
  if (!run) return run.error();
  const Result<RunContents> contents = read_run(*run);
  if (!contents) return below(path_of(run_id), contents.error());
  if (contents->purge_begun) return Error{Errc::kCorrupt, path_of(run_id), kPurgeBegun, 0};
  Result<QuarantineOutcome> outcome = QuarantineOutcome{};
  if (contents->has_objects) outcome = restore_run(store_, *run, *contents);
  if (!outcome || !outcome->skipped.empty()) return outcome;
  const Status removed = remove_run(run_id, *run, contents->journal.begin);
  if (!removed) return removed.error();
  return outcome;
}

std::uint64_t allocated_bytes_of(const JournalContents& journal, const std::string& name) {
  std::uint64_t number = 0;
  const MoveRecord* move = parse_object(name, number) ? find_move(journal, number) : nullptr;
  return move != nullptr ? move->allocated_bytes : 0;
}

/// Deletes all that lies in a directory of a run, on all cores: unlinking a large file takes long.
Status delete_objects(const Directory& run, const char* name, const JournalContents& journal,
                      QuarantineOutcome& outcome) {
  const Result<Directory> directory = run.open(name);
  if (!directory && directory.error().code == Errc::kNotFound) return kOk;
  if (!directory) return directory.error();
  const Result<std::vector<Entry>> entries = entries_of(*directory);
  if (!entries) return entries.error();
  std::mutex mutex;
  Status failed(kOk);
  tbb::parallel_for_each(entries->begin(), entries->end(), [&](const Entry& entry) {
    Status removed = remove_entry(*directory, entry.name, entry.type);
    const std::lock_guard lock(mutex);
    if (removed && !is_staged(journal, entry.name)) {
      ++outcome.objects;
      outcome.allocated_bytes += allocated_bytes_of(journal, entry.name);
    } else if (!removed && failed && removed.error().code != Errc::kNotFound) {
      failed = below(name, removed.error());
    }
  });
  return failed;
}

/// Makes sure that no undo takes away what was placed once the first object is deleted. Where not
/// even a rename finds space, the journal goes: nothing is put back without one. A full disk is why
/// one purges: what it refuses besides must not keep the objects.
Status begin_purge(const Directory& run) {
  const auto is_full = [](int error) { return error == ENOSPC || error == EDQUOT; };
  const int failed = rename_no_replace(run, kObjects, run, kDeleted);
  if (is_full(failed)) {
    if (unlink_at(run, kJournalFile, 0) != 0 && errno != ENOENT) {
      return change_error(errno, "cannot remove", kJournalFile);
    }
  } else if (failed != 0 && failed != EEXIST && failed != ENOENT) {
    return change_error(failed, "cannot rename", kObjects);
  }
  Status synced = sync_directory(run, "");
  if (synced || is_full(synced.error().error_number)) return kOk;
  // Nothing was deleted yet: it stays a run that can be undone.
  if (failed == 0) rename_no_replace(run, kDeleted, run, kObjects);
  return synced;
}

Result<QuarantineOutcome> DirectoryQuarantine::purge(const std::string& run_id) {
  const Result<Directory> run = open_run(run_id);
  if (!run) return run.error();
  JournalContents journal;  // only for the bytes: a damaged one can be purged as well
  if (Result<JournalContents> read = read_journal(*run); read) journal = std::move(*read);
  if (const Status begun = begin_purge(*run); !begun) return below(path_of(run_id), begun.error());
  QuarantineOutcome outcome;
  for (const char* name : {kDeleted, kObjects}) {
    const Status deleted = delete_objects(*run, name, journal, outcome);
    if (!deleted) return below(path_of(run_id), deleted.error());
  }
  const Result<std::vector<Entry>> rest = entries_of(*run);
  if (!rest) return below(path_of(run_id), rest.error());
  for (const Entry& entry : *rest) {
    if (entry.name == kJournalFile || entry.name == kDeleted) continue;
    const Status removed = remove_entry(*run, entry.name, entry.type);
    if (!removed) return below(path_of(run_id), removed.error());
  }
  const Status removed = remove_run(run_id, *run, std::nullopt);
  if (!removed) return removed.error();
  return outcome;
}

}  // namespace

Result<std::unique_ptr<Quarantine>> open_quarantine(const std::string& root,
                                                    const std::string& v2) {
  Result<LockedStore> store = lock_store(root, v2);
  if (!store) return store.error();
  return std::unique_ptr<Quarantine>(std::make_unique<DirectoryQuarantine>(std::move(*store)));
}

}  // namespace regsweep::storage
