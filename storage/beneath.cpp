#include "storage/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "storage/retried.h"
#include "storage/unique_fd.h"

namespace regsweep::storage {
namespace {

std::atomic<bool> openat2_works{true};

bool look_at(int fd, struct stat& facts) noexcept {
  const int looked = retried([&] { return ::fstat(fd, &facts); });
  return looked == 0;
}

/// One component. O_DIRECTORY says ENOTDIR of a symbolic link, which shall be ELOOP.
int open_component(int dir, const char* name, int flags) noexcept {
  const int fd = retried([&] { return ::openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW); });
  if (fd < 0 && errno == ENOTDIR) {
    struct stat st;
    const bool is_link = ::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    errno = is_link ? ELOOP : ENOTDIR;
  }
  return fd;
}

/// Without openat2 a bind mount of the same file system goes unseen.
bool same_device(int a, int b) noexcept {
  struct stat first;
  struct stat second;
  return look_at(a, first) && look_at(b, second) && first.st_dev == second.st_dev;
}

}  // namespace

int open_beneath_stepwise(int dir, const char* name, int flags, Mounts mounts) noexcept {
  if (std::strcmp(name, ".") == 0) return open_component(dir, name, flags);
  UniqueFd held;
  int at = dir;
  std::string component;
  for (const char* rest = name;;) {
    const char* slash = std::strchr(rest, '/');
    component.assign(rest,
                     slash != nullptr ? static_cast<std::size_t>(slash - rest) : std::strlen(rest));
    if (component.empty() || component == "." || component == "..") {
      errno = EXDEV;
      return -1;
    }
    const int step_flags = slash != nullptr ? O_PATH | O_DIRECTORY : flags;
    const int fd = open_component(at, component.c_str(), step_flags);
    if (fd < 0) return -1;
    if (mounts == Mounts::kStay && !same_device(dir, fd)) {
      ::close(fd);
      errno = EXDEV;
      return -1;
    }
    if (slash == nullptr) return fd;
    held = UniqueFd(fd);
    at = held.get();
    rest = slash + 1;
  }
}

int open_beneath(int dir, const char* name, int flags, Mounts mounts) noexcept {
  const bool tried = openat2_works.load(std::memory_order_relaxed);
  if (tried) {
    struct open_how how = {};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    if (mounts == Mounts::kStay) how.resolve |= RESOLVE_NO_XDEV;
    const long fd = retried([&] { return ::syscall(SYS_openat2, dir, name, &how, sizeof how); });
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  }
  // EPERM may be said of this one file: only what works otherwise tells of a filter.
  const int fd = open_beneath_stepwise(dir, name, flags, mounts);
  if (tried && fd >= 0) openat2_works.store(false, std::memory_order_relaxed);
  return fd;
}

}  // namespace regsweep::storage
