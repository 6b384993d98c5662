#include "storage/sweeper_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "storage/layout.h"
#include "storage/retried.h"

namespace regsweep::storage {
namespace {

/// The v2 directory's path below the root, empty if it is the root. False if it lies elsewhere.
bool path_below(const std::string& root, const std::string& v2, std::string& below) {
  below.clear();
  if (v2 == root) return true;
  const std::string prefix = root.ends_with('/') ? root : root + '/';
  if (!v2.starts_with(prefix) || v2.size() == prefix.size()) return false;
  below = v2.substr(prefix.size());
  return true;
}

Error read_only(const std::string& v2) {
  return {Errc::kUnsupported, v2, "mounted read-only: nothing can be removed here", EROFS};
}

Status take_lock(const Directory& v2, const std::string& path) {
  const int locked = retried([&] { return ::flock(v2.fd(), LOCK_EX | LOCK_NB); });
  if (locked == 0) return kOk;
  if (errno == EWOULDBLOCK) {
    return Error{Errc::kDenied, path, "another regsweep is changing this store", EWOULDBLOCK};
  }
  Error error = system_error(errno, "cannot lock the store");
  error.code = Errc::kUnsupported;
  error.path = path;
  return error;
}

/// Asks now rather than stopping at the first removal. Deeper directories may still refuse.
Status may_write(const Directory& v2, const std::string& path) {
  for (const char* name : {layout::kBlobs, layout::kRepositories}) {
    if (::faccessat(v2.fd(), name, W_OK | X_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0) continue;
    if (errno == ENOENT) continue;
    if (errno == EROFS) return read_only(path);
    Error error = system_error(errno, "cannot change this directory");
    error.path = path + '/' + name;
    return error;
  }
  return kOk;
}

}  // namespace

Result<LockedStore> lock_store(const std::string& root, const std::string& v2) {
  LockedStore store;
  store.v2_path = v2;
  std::string below;
  if (!path_below(root, v2, below)) {
    return Error{Errc::kUsage, v2, "does not lie in the store's root " + root, 0};
  }
  Result<Directory> root_directory = Directory::open_path(root);
  if (!root_directory) return root_directory.error();
  store.root = std::move(*root_directory);
  Result<Directory> v2_directory =
      below.empty() ? Directory::open_path(root) : store.root.open(below.c_str());
  if (!v2_directory) {
    Error error = v2_directory.error();
    error.path = v2;
    return error;
  }
  store.v2 = std::move(*v2_directory);
  struct statvfs fs;
  if (::fstatvfs(store.v2.fd(), &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0) return read_only(v2);
  if (const Status locked = take_lock(store.v2, v2); !locked) return locked.error();
  if (const Status allowed = may_write(store.v2, v2); !allowed) return allowed.error();
  return store;
}

}  // namespace regsweep::storage
