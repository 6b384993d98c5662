#include "storage/sweeper_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "storage/beneath.h"
#include "storage/retried.h"

namespace regsweep::storage {
namespace {

constexpr int kMaxDepth = 256;

struct Child {
  std::string name;
  FileType type;
};

Status remove_child(const Directory& at, const Child& child, int depth);

Status clear(const Directory& directory, std::string_view guarded, int depth) {
  Result<Directory> listed = reopen(directory);
  if (!listed) return listed.error();
  std::vector<Child> children;
  Status read = listed->each([&](const DirectoryEntry& entry) {
    children.push_back({std::string(entry.name), entry.type});
  });
  if (!read) return read;
  for (const Child& child : children) {
    if (!guarded.empty() && child.name == guarded) {
      return Error{Errc::kChanged, child.name, "appeared while its directory was being removed", 0};
    }
  }
  for (const Child& child : children) {
    Status removed = remove_child(*listed, child, depth);
    if (!removed && removed.error().code != Errc::kNotFound) return removed;
  }
  return kOk;
}

Status remove_directory(const Directory& at, const std::string& name, int depth) {
  if (depth > kMaxDepth) {
    return Error{Errc::kUnsupported, name, "directories are nested too deeply", 0};
  }
  const int fd = open_beneath(at.fd(), name.c_str(), O_PATH | O_DIRECTORY, Mounts::kStay);
  if (fd < 0 && errno == EXDEV) {
    return Error{Errc::kUnsupported, name, "another file system is mounted here", EXDEV};
  }
  if (fd < 0) return change_error(errno, "cannot open directory", name);
  const Status cleared = clear(Directory{UniqueFd(fd)}, {}, depth + 1);
  if (!cleared) return below(name, cleared.error());
  if (unlink_at(at, name.c_str(), AT_REMOVEDIR) != 0) {
    return change_error(errno, "cannot remove directory", name);
  }
  return kOk;
}

Status remove_child(const Directory& at, const Child& child, int depth) {
  if (child.type != FileType::kDirectory) {
    if (unlink_at(at, child.name.c_str(), 0) == 0) return kOk;
    if (errno != EISDIR) return change_error(errno, "cannot remove", child.name);
  }
  return remove_directory(at, child.name, depth);
}

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
  return remove_child(at, {name, type}, 0);
}

Status clear_directory(const Directory& directory, std::string_view guarded) {
  return clear(directory, guarded, 0);
}

}  // namespace regsweep::storage
