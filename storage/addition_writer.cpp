#include "storage/addition_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/addition_shape.h"
#include "storage/beneath.h"
#include "storage/retried.h"
#include "storage/staged_file.h"
#include "storage/sweeper_shape.h"
#include "storage/sweeper_tree.h"
#include "storage/unique_fd.h"

namespace regsweep::storage {
namespace {

constexpr std::uint32_t kFileBits = 0666;

Error taken(std::string path) {
  return {Errc::kChanged, std::move(path), "something stands there already", EEXIST};
}

}  // namespace

std::string AdditionWriter::object_path(std::uint64_t object) const {
  return journal_.path() + '/' + kObjects + '/' + std::to_string(object);
}

Status AdditionWriter::stage(const std::vector<Addition>& batch, std::size_t& staged) {
  staged = 0;
  Status fit(kOk);
  std::vector<std::uint64_t> objects;
  for (const Addition& addition : batch) {
    fit = check_addition(addition);
    if (!fit) break;
    objects.push_back(journal_.next_object());
    journal_.add(
        StageRecord{objects.back(), addition.addition_class, addition.path, addition.digest});
  }
  if (Status written = journal_.flush(true); !written) return written;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Addition& addition = batch[i];
    const Result<Identity> identity =
        write_staged(objects_, std::to_string(objects[i]).c_str(), addition);
    if (!identity) {
      fit =
          identity.error().path.empty() ? below(addition.path, identity.error()) : identity.error();
      break;
    }
    staged_.push_back({objects[i], addition.addition_class, addition.path, *identity});
    ++staged;
  }
  if (Status synced = sync_directory(objects_, journal_.path()); fit && !synced) return synced;
  return fit;
}

/// Looks where one is to go, and notes the directories that are to be made and the one that is
/// going to change: the nearest that is there.
Status AdditionWriter::plan_one(Staged& one) {
  const std::string parent = parent_of(one.path);
  std::vector<std::string> missing;
  std::string at = parent;
  Result<Directory> nearest = open_place(store_.v2, at);
  while (!nearest && nearest.error().code == Errc::kNotFound && !at.empty()) {
    missing.push_back(at);
    at = parent_of(at);
    nearest = open_place(store_.v2, at);
  }
  if (!nearest) return nearest.error();
  if (missing.empty()) {
    const Result<FileFacts> there = nearest->stat(last_component(one.path).c_str());
    if (there) return taken({});
    if (there.error().code != Errc::kNotFound) return there.error();
  }
  if (Status noted = journal_.note_directory(at, *nearest); !noted) return noted;
  for (auto path = missing.rbegin(); path != missing.rend(); ++path) journal_.note_made(*path);
  if (!one.is_noted) journal_.add(PlaceRecord{one.object, one.identity});
  return kOk;
}

/// Notes all that can be placed, up to the first that cannot, and writes the journal.
Status AdditionWriter::plan(std::size_t& planned) {
  Status fit(kOk);
  for (planned = placed_; planned < staged_.size(); ++planned) {
    if (const Status fits = plan_one(staged_[planned]); !fits) {
      fit = below(staged_[planned].path, fits.error());
      break;
    }
  }
  if (Status written = journal_.flush(true); !written) {
    planned = placed_;
    return written;
  }
  for (std::size_t i = placed_; i < planned; ++i) staged_[i].is_noted = true;
  return fit;
}

Status AdditionWriter::make(const Directory& parent, const std::string& path) {
  const std::string name = last_component(path);
  const Result<PlaceFacts> facts = place_facts(parent);
  if (!facts) return facts.error();
  if (!half_made_.contains(path)) {
    if (::mkdirat(parent.fd(), name.c_str(), kModeWhileMade) != 0) {
      return errno == EEXIST ? taken(path) : change_error(errno, "cannot make directory", path);
    }
    half_made_.insert(path);
    changed_.insert(parent_of(path));
    changed_.insert(path);
  }
  const Result<Directory> made = parent.open(name.c_str());
  const Status given = made ? give_owner_and_mode(made->fd(), facts->uid, facts->gid, facts->mode)
                            : Status(made.error());
  if (given) {
    half_made_.erase(path);
    return kOk;
  }
  if (unlink_at(parent, name.c_str(), AT_REMOVEDIR) == 0) half_made_.erase(path);
  return below(path, given.error());
}

/// Makes only what the journal names: if something else is missing it went since the journal was
/// written.
Result<Directory> AdditionWriter::open_or_make(const std::string& path) {
  Result<Directory> directory = open_place(store_.v2, path);
  const bool is_missing = !directory && directory.error().code == Errc::kNotFound;
  if (directory ? !half_made_.contains(path) : !is_missing) return directory;
  if (!journal_.is_made(path)) return directory;
  const Result<Directory> parent = open_or_make(parent_of(path));
  if (!parent) return parent.error();
  if (const Status made = make(*parent, path); !made) return made.error();
  return open_place(store_.v2, path);
}

/// Gives a staged file its owner and mode, and syncs that: once it is in place a registry may need
/// to read it.
Status AdditionWriter::prepare(const Staged& one, const Directory& parent) const {
  const Result<PlaceFacts> facts = place_facts(parent);
  if (!facts) return facts.error();
  const std::string name = std::to_string(one.object);
  const UniqueFd file(open_beneath(objects_.fd(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file) return change_error(errno, "cannot open", object_path(one.object));
  const Result<FileFacts> staged = facts_of(file.get());
  if (!staged) return below(object_path(one.object), staged.error());
  if (identity_of(*staged) != one.identity) {
    return Error{Errc::kCorrupt, object_path(one.object), "was written to after it was staged", 0};
  }
  Status given = give_owner_and_mode(file.get(), facts->uid, facts->gid, facts->mode & kFileBits);
  if (!given) return given;
  const int synced = retried([&] { return ::fsync(file.get()); });
  if (synced != 0) return change_error(errno, "cannot sync", object_path(one.object));
  return kOk;
}

Status AdditionWriter::put(const Staged& one) {
  const std::string parent = parent_of(one.path);
  if (!open_ || open_path_ != parent) {
    open_.reset();
    Result<Directory> directory = open_or_make(parent);
    if (!directory) return directory.error();
    open_ = std::move(*directory);
    open_path_ = parent;
  }
  if (Status prepared = prepare(one, *open_); !prepared) return prepared;
  const int failed = rename_no_replace(objects_, std::to_string(one.object).c_str(), *open_,
                                       last_component(one.path).c_str());
  if (failed == EEXIST) return taken({});
  if (failed == EXDEV) return other_file_system({});
  if (failed != 0) return change_error(failed, "cannot be put in its place", "");
  changed_.insert(parent);
  return kOk;
}

/// What is referred to is on the disk before what refers to it is in place.
Status AdditionWriter::carry_out(std::size_t planned) {
  for (; placed_ < planned; ++placed_) {
    const Staged& one = staged_[placed_];
    if (placed_ != 0 && staged_[placed_ - 1].addition_class != one.addition_class) {
      if (Status synced = sync_directories(store_, changed_); !synced) return synced;
    }
    if (const Status done = put(one); !done) {
      return done.error().path.empty() ? below(one.path, done.error()) : done.error();
    }
  }
  return kOk;
}

Status AdditionWriter::place(std::size_t& placed) {
  std::size_t planned = placed_;
  const Status fit = plan(planned);
  const Status done = carry_out(planned);
  open_.reset();
  placed = placed_;
  const Status synced = sync_directories(store_, changed_);
  if (!done) return done;
  return fit ? synced : fit;
}

}  // namespace regsweep::storage
