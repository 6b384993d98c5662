#include "storage/quarantine_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include "storage/layout.h"
#include "storage/retried.h"
#include "storage/sweeper_object.h"
#include "storage/sweeper_shape.h"
#include "storage/sweeper_tree.h"

namespace regsweep::storage {
namespace {

int make_directory(const Directory& at, const char* name) noexcept {
  return retried([&] { return ::mkdirat(at.fd(), name, 0700); });
}

/// Takes back what begin() made if it does not come to its end.
class Unmaker {
 public:
  Unmaker() = default;
  ~Unmaker() {
    if (kept_) return;
    if (run_ != nullptr) {
      unlink_at(*run_, kJournalFile, 0);
      unlink_at(*run_, kObjects, AT_REMOVEDIR);
    }
    if (quarantine_ != nullptr) unlink_at(*quarantine_, id_.c_str(), AT_REMOVEDIR);
    if (root_ != nullptr) unlink_at(*root_, layout::kQuarantine, AT_REMOVEDIR);
  }
  Unmaker(const Unmaker&) = delete;
  Unmaker& operator=(const Unmaker&) = delete;

  void made_quarantine(const Directory& root) { root_ = &root; }
  void made_run(const Directory& quarantine, const std::string& id) {
    quarantine_ = &quarantine;
    id_ = id;
  }
  void opened_run(const Directory& run) { run_ = &run; }
  void keep() { kept_ = true; }

 private:
  const Directory* root_ = nullptr;
  const Directory* quarantine_ = nullptr;
  const Directory* run_ = nullptr;
  std::string id_;
  bool kept_ = false;
};

/// Makes or opens the directory of all runs. Returns its facts.
Result<PlaceFacts> set_up_quarantine(const LockedStore& store, Directory& quarantine,
                                     Unmaker& unmaker) {
  if (make_directory(store.root, layout::kQuarantine) == 0) {
    unmaker.made_quarantine(store.root);
  } else if (errno != EEXIST) {
    return change_error(errno, "cannot make the quarantine", layout::kQuarantine);
  }
  Result<Directory> opened = open_quarantine_directory(store.root);
  if (!opened) return opened.error();
  quarantine = std::move(*opened);
  Result<PlaceFacts> facts = place_facts(quarantine);
  if (!facts) return below(layout::kQuarantine, facts.error());
  const Result<PlaceFacts> v2_facts = place_facts(store.v2);
  if (!v2_facts) return below(store.v2_path, v2_facts.error());
  if (!same_file_system(*facts, *v2_facts)) return other_file_system(store.v2_path);
  return facts;
}

/// Makes a run's directory with `objects` in it. Returns the run's id.
Result<std::string> set_up_run(const Directory& quarantine, std::int64_t now, Directory& run,
                               Unmaker& unmaker) {
  std::string id = make_run_id(now);
  for (int attempts = 16; make_directory(quarantine, id.c_str()) != 0; id = make_run_id(now)) {
    if (errno != EEXIST || --attempts == 0) {
      return change_error(errno, "cannot make the quarantine", id);
    }
  }
  unmaker.made_run(quarantine, id);
  Result<Directory> opened = quarantine.open(id.c_str());
  if (!opened) return below(id, opened.error());
  run = std::move(*opened);
  unmaker.opened_run(run);
  if (make_directory(run, kObjects) != 0) {
    return change_error(errno, "cannot make the quarantine", id + '/' + kObjects);
  }
  return id;
}

}  // namespace

QuarantineWriter::QuarantineWriter(const LockedStore& store, std::string id, Directory run,
                                   Directory objects, RunJournal journal)
    : store_(store),
      id_(std::move(id)),
      run_(std::move(run)),
      objects_(std::move(objects)),
      journal_(std::move(journal)),
      additions_(store_, objects_, journal_) {}

Result<std::unique_ptr<QuarantineWriter>> QuarantineWriter::begin(const LockedStore& store) {
  const Result<PlaceFacts> root_before = place_facts(store.root);
  if (!root_before) return root_before.error();
  Directory quarantine;
  Directory run;
  Unmaker unmaker;  // behind what it refers to
  const Result<PlaceFacts> facts = set_up_quarantine(store, quarantine, unmaker);
  if (!facts) return facts.error();
  const std::int64_t now = now_nanoseconds();
  const Result<std::string> id = set_up_run(quarantine, now, run, unmaker);
  if (!id) return below(layout::kQuarantine, id.error());

  const std::string path = std::string(layout::kQuarantine) + '/' + *id;
  Result<Directory> objects = run.open(kObjects);
  if (!objects) return below(path, objects.error());
  Result<JournalWriter> journal = JournalWriter::create(run);
  if (!journal) return below(path, journal.error());
  journal->add(BeginRecord{store.v2_path, now, root_before->mtime_nanoseconds});
  if (const Status begun = journal->flush(true); !begun) return below(path, begun.error());
  for (const Directory* made :
       std::initializer_list<const Directory*>{&run, &quarantine, &store.root}) {
    if (const Status synced = sync_directory(*made, path); !synced) return synced.error();
  }
  unmaker.keep();
  return std::unique_ptr<QuarantineWriter>(
      new QuarantineWriter(store, *id, std::move(run), std::move(*objects),
                           RunJournal(std::move(*journal), path, *facts)));
}

Status QuarantineWriter::open_parent(const std::string& path, Place& place) const {
  std::string parent = parent_of(path);
  if (place.is_open && place.path == parent) return kOk;
  place.is_open = false;
  Result<Directory> directory = open_place(store_.v2, parent);
  if (!directory) return directory.error();
  place.directory = std::move(*directory);
  place.path = std::move(parent);
  place.is_open = true;
  return kOk;
}

/// Looks at a batch and notes it in the journal, up to the first that is not as it was judged.
Status QuarantineWriter::plan(std::span<const Removal> batch, std::vector<Planned>& planned) {
  Place place;
  for (const Removal& removal : batch) {
    if (Status shaped = check_shape(removal.removal_class, removal.path); !shaped) {
      return shaped;
    }
    const Status opened = open_parent(removal.path, place);
    if (!opened && opened.error().code == Errc::kNotFound) {
      planned.push_back({&removal, 0, true});
      continue;
    }
    if (!opened) return below(removal.path, opened.error());
    const std::string name = last_component(removal.path);
    const Result<Presence> there = check_object(place.directory, name, removal);
    if (!there) return below(removal.path, there.error());
    if (*there == Presence::kGone) {
      planned.push_back({&removal, 0, true});
      continue;
    }
    if (const Status recorded = journal_.note_directory(place.path, place.directory); !recorded) {
      return below(removal.path, recorded.error());
    }
    if (removal.removal_class == RemovalClass::kEmptyDirectory) {
      const Result<Directory> self = open_place(place.directory, name);
      if (!self) return below(removal.path, self.error());
      if (const Status recorded = journal_.note_directory(removal.path, *self); !recorded) {
        return below(removal.path, recorded.error());
      }
      journal_.add(RmdirRecord{removal.path});
      planned.push_back({&removal, 0, false});
    } else {
      const std::uint64_t object = journal_.next_object();
      journal_.add(MoveRecord{object, removal.removal_class, removal.path, removal.identity,
                              removal.apparent_bytes, removal.allocated_bytes});
      planned.push_back({&removal, object, false});
    }
  }
  return kOk;
}

/// Judges an object once more and moves it. One that went meanwhile is as good as moved.
Result<Removed> QuarantineWriter::carry_out(const Planned& planned, Place& place) {
  const Removal& removal = *planned.removal;
  if (planned.is_gone) return Removed::kAlreadyGone;
  const Status opened = open_parent(removal.path, place);
  if (!opened && opened.error().code == Errc::kNotFound) return Removed::kAlreadyGone;
  if (!opened) return below(removal.path, opened.error());
  const std::string name = last_component(removal.path);
  const Result<Presence> there = check_object(place.directory, name, removal);
  if (!there) return below(removal.path, there.error());
  if (*there == Presence::kGone) return Removed::kAlreadyGone;
  if (removal.removal_class == RemovalClass::kEmptyDirectory) {
    Result<Removed> removed = remove_object(store_.v2, removal);
    if (!removed) return below(removal.path, removed.error());
    return removed;
  }
  const int failed = rename_no_replace(place.directory, name.c_str(), objects_,
                                       std::to_string(planned.object).c_str());
  if (failed == EXDEV) return other_file_system(removal.path);
  // Gone between the last look and the move is as good as moved; a missing target is not.
  if (failed == ENOENT) {
    const Result<FileFacts> still = place.directory.stat(name.c_str());
    if (!still && still.error().code == Errc::kNotFound) return Removed::kAlreadyGone;
  }
  if (failed != 0) {
    return change_error(failed, "cannot move it to the quarantine", removal.path);
  }
  return Removed::kDone;
}

Status QuarantineWriter::move(const std::vector<Removal>& batch, std::vector<Removed>& done) {
  done.clear();
  const std::lock_guard lock(mutex_);
  std::vector<Planned> planned;
  planned.reserve(batch.size());
  Status fit = plan(batch, planned);
  if (Status written = journal_.flush(true); !written) return written;
  Place place;
  for (const Planned& one : planned) {
    const Result<Removed> removed = carry_out(one, place);
    if (!removed) return removed.error();
    done.push_back(*removed);
  }
  return fit;
}

Result<Removed> QuarantineWriter::remove_directory(const Removal& removal) {
  const std::lock_guard lock(mutex_);
  std::vector<Planned> planned;
  const Status fit = plan(std::span(&removal, 1), planned);
  if (const Status written = journal_.flush(false); !written) return written.error();
  if (!fit) return fit.error();
  if (planned.front().is_gone) return Removed::kAlreadyGone;
  Result<Removed> removed = remove_object(store_.v2, removal);
  if (!removed) return below(removal.path, removed.error());
  return removed;
}

Status QuarantineWriter::stage(const std::vector<Addition>& batch, std::size_t& staged) {
  const std::lock_guard lock(mutex_);
  return additions_.stage(batch, staged);
}

Status QuarantineWriter::place(std::size_t& placed) {
  const std::lock_guard lock(mutex_);
  return additions_.place(placed);
}

Status QuarantineWriter::end(bool finished) {
  const std::lock_guard lock(mutex_);
  if (Status synced = sync_directory(objects_, journal_.path()); !synced) return synced;
  if (finished) journal_.add(EndRecord{now_nanoseconds()});
  if (Status written = journal_.flush(true); !written) return written;
  return sync_directory(run_, journal_.path());
}

}  // namespace regsweep::storage
