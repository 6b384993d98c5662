#include "storage/sweeper_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/beneath.h"
#include "storage/retried.h"

namespace regsweep::storage {
namespace {

/// Directories in one another that are held open at once, at most. Hostile ones nest without end:
/// those further up are closed meanwhile.
constexpr std::size_t kMostOpen = 16;

struct Child {
  std::string name;
  FileType type;
};

/// Removes what is no directory. False if it is one.
Result<bool> remove_file(const Directory& at, const Child& child) {
  if (child.type == FileType::kDirectory) return false;
  if (unlink_at(at, child.name.c_str(), 0) == 0) return true;
  if (errno != EISDIR) return change_error(errno, "cannot remove", child.name);
  return false;
}

/// Opens a directory to remove what lies in it. Error paths are `name`.
Result<Directory> open_to_clear(const Directory& at, const std::string& name) {
  const int fd = open_beneath(at.fd(), name.c_str(), O_RDONLY | O_DIRECTORY, Mounts::kStay);
  if (fd < 0 && errno == EXDEV) {
    return Error{Errc::kUnsupported, name, "another file system is mounted here", EXDEV};
  }
  if (fd < 0) return change_error(errno, "cannot open directory", name);
  return Directory(UniqueFd(fd));
}

Status remove_empty(const Directory& at, const std::string& name) {
  if (unlink_at(at, name.c_str(), AT_REMOVEDIR) == 0) return kOk;
  return change_error(errno, "cannot remove directory", name);
}

/// Removes all that lies in a directory, without recursion. Error paths are below it.
class Clearing {
 public:
  Status go(Directory top, std::string_view guarded) {
    if (Status listed = enter("", std::move(top)); !listed) return listed;
    for (const Child& child : levels_.back().children) {
      if (guarded.empty() || child.name != guarded) continue;
      return Error{Errc::kChanged, child.name, "appeared while its directory was being removed", 0};
    }
    for (;;) {
      const bool is_empty = levels_.back().children.empty();
      if (is_empty && levels_.size() == 1) return kOk;
      Status done = is_empty ? leave() : remove_next();
      if (!done && done.error().code != Errc::kNotFound) return at_level(done.error());
    }
  }

 private:
  struct Level {
    std::string name;
    Directory directory;
    std::vector<Child> children;      ///< still to be removed
    std::optional<FileFacts> closed;  ///< what the directory is, while it is not held open
  };

  Status enter(std::string name, Directory directory) {
    Level level{std::move(name), std::move(directory), {}, {}};
    const Status listed = level.directory.each([&](const DirectoryEntry& entry) {
      level.children.push_back({std::string(entry.name), entry.type});
    });
    if (!listed) return below(level.name, listed.error());
    if (levels_.size() >= kMostOpen) {
      if (Status closed = close(levels_[levels_.size() - kMostOpen]); !closed) return closed;
    }
    levels_.push_back(std::move(level));
    return kOk;
  }

  static Status close(Level& level) {
    if (level.closed) return kOk;
    const Result<FileFacts> facts = level.directory.stat_self();
    if (!facts) return facts.error();
    level.closed = *facts;
    level.directory = Directory();
    return kOk;
  }

  Status remove_next() {
    Level& level = levels_.back();
    const Child child = std::move(level.children.back());
    level.children.pop_back();
    const Result<bool> removed = remove_file(level.directory, child);
    if (!removed) return removed.error();
    if (*removed) return kOk;
    Result<Directory> opened = open_to_clear(level.directory, child.name);
    if (!opened) return opened.error();
    return enter(child.name, std::move(*opened));
  }

  /// Removes the directory that was cleared.
  Status leave() {
    const Level cleared = std::move(levels_.back());
    levels_.pop_back();
    Level& level = levels_.back();
    if (level.closed) {
      if (Status opened = open_again(level, cleared.directory); !opened) return opened;
    }
    return remove_empty(level.directory, cleared.name);
  }

  /// By way of what lies in it, if that still does.
  static Status open_again(Level& level, const Directory& inner) {
    const int fd =
        retried([&] { return ::openat(inner.fd(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return change_error(errno == ENOENT ? EIO : errno, "cannot open directory", "");
    level.directory = Directory(UniqueFd(fd));
    const Result<FileFacts> facts = level.directory.stat_self();
    if (!facts) return facts.error();
    if (facts->inode != level.closed->inode || facts->device != level.closed->device) {
      return Error{Errc::kChanged, "", "was moved away while it was being removed", 0};
    }
    level.closed.reset();
    return kOk;
  }

  Error at_level(Error error) const {
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      error = below(level->name, std::move(error));
    }
    return error;
  }

  std::vector<Level> levels_;  ///< each lies in the one before
};

}  // namespace

Error change_error(int error_number, std::string_view what, std::string path) {
  Error error = system_error(error_number, what);
  error.path = std::move(path);
  if (error.code == Errc::kNotFound) error.message = "is not there";
  return error;
}

Error below(const std::string& name, Error error) {
  if (error.path.empty()) {
    error.path = name;
  } else if (!name.empty()) {
    error.path = name + '/' + error.path;
  }
  return error;
}

Result<Directory> open_place(const Directory& at, const std::string& name) {
  int fd;
  if (name.empty()) {
    fd = ::openat(at.fd(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  } else {
    fd = open_beneath(at.fd(), name.c_str(), O_PATH | O_DIRECTORY);
  }
  if (fd < 0) return change_error(errno, "cannot open directory", "");
  return Directory(UniqueFd(fd));
}

Result<Directory> reopen(const Directory& directory) {
  const int fd =
      retried([&] { return ::openat(directory.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return change_error(errno, "cannot open directory", "");
  return Directory(UniqueFd(fd));
}

int unlink_at(const Directory& at, const char* name, int flags) noexcept {
  const int unlinked = retried([&] { return ::unlinkat(at.fd(), name, flags); });
  return unlinked;
}

Status remove_entry(const Directory& at, const std::string& name, FileType type) {
  const Result<bool> removed = remove_file(at, {name, type});
  if (!removed) return removed.error();
  if (*removed) return kOk;
  Result<Directory> opened = open_to_clear(at, name);
  if (!opened) return opened.error();
  if (const Status cleared = Clearing().go(std::move(*opened), {}); !cleared) {
    return below(name, cleared.error());
  }
  return remove_empty(at, name);
}

Status clear_directory(const Directory& directory, std::string_view guarded) {
  Result<Directory> listed = reopen(directory);
  if (!listed) return listed.error();
  return Clearing().go(std::move(*listed), guarded);
}

}  // namespace regsweep::storage
