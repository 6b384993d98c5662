#include "storage/beneath.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>

#include "storage/unique_fd.h"

namespace regsweep::storage {
namespace {

std::atomic<bool> openat2_works{true};

bool look_at(int fd, struct stat& facts) noexcept {
  int looked;
  do {
    looked = ::fstat(fd, &facts);
  } while (looked != 0 && errno == EINTR);
  return looked == 0;
}

/// One component. O_DIRECTORY says ENOTDIR of a symbolic link, which shall be ELOOP.
int open_component(int dir, const char* name, int flags) noexcept {
  int fd;
  do {
    fd = ::openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW);
  } while (fd < 0 && errno == EINTR);
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

/// /proc/self/fd, or nothing where it is not what it should be.
UniqueFd open_own_descriptors() noexcept {
  UniqueFd fd(::open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct statfs fs;
  if (fd && (::fstatfs(fd.get(), &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC)) return {};
  return fd;
}

/// Opens what an O_PATH descriptor holds. ENOENT: there is no way to it.
int reopen_object(int object, int flags) noexcept {
  static const UniqueFd own = open_own_descriptors();
  if (!own) {
    errno = ENOENT;
    return -1;
  }
  std::array<char, 16> name;
  *std::to_chars(name.data(), name.data() + name.size() - 1, object).ptr = '\0';
  int fd;
  do {
    fd = ::openat(own.get(), name.data(), flags | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

int open_beneath_stepwise(int dir, const char* name, int flags, Mounts mounts) noexcept {
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
  if (openat2_works.load(std::memory_order_relaxed)) {
    struct open_how how = {};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    if (mounts == Mounts::kStay) how.resolve |= RESOLVE_NO_XDEV;
    long fd;
    do {
      fd = ::syscall(SYS_openat2, dir, name, &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
    openat2_works.store(false, std::memory_order_relaxed);
  }
  return open_beneath_stepwise(dir, name, flags, mounts);
}

int open_file_beneath(int dir, const char* name, struct stat& facts) noexcept {
  const UniqueFd object(open_beneath(dir, name, O_PATH | O_NOFOLLOW));
  if (!object || !look_at(object.get(), facts)) return -1;
  if (S_ISDIR(facts.st_mode) || S_ISLNK(facts.st_mode)) {
    errno = S_ISDIR(facts.st_mode) ? EISDIR : ELOOP;
    return -1;
  }
  if (!S_ISREG(facts.st_mode)) {
    errno = ENXIO;
    return -1;
  }
  // O_NONBLOCK: without /proc, what became a FIFO meanwhile must not hang the run.
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  const int fd = reopen_object(object.get(), kFlags);
  if (fd >= 0 || errno != ENOENT) return fd;
  return open_beneath(dir, name, kFlags);
}

}  // namespace regsweep::storage
