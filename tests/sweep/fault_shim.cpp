// Loaded with LD_PRELOAD into regsweep by the scripts here: counts its system calls, makes one of
// them fail, or kills the process right before one that changes something.
//
// Environment (only calls below REGSWEEP_FAULT_PATH count, if that is set):
//   REGSWEEP_FAULT_KILL=N      SIGKILL right before the Nth call that changes something; a write
//                              puts half of its bytes first, as a crash may
//   REGSWEEP_FAULT_STOP=N      SIGSTOP right before it instead, once
//   REGSWEEP_FAULT_CALL=NAME   with REGSWEEP_FAULT_ERRNO=EIO… and REGSWEEP_FAULT_AT=N: the Nth
//                              call of this name fails; REGSWEEP_FAULT_FROM=1: and all after it;
//                              REGSWEEP_FAULT_EVERY=1: and each further Nth. NAME "looking" stands
//                              for every call that changes nothing
//   REGSWEEP_FAULT_SHORT=N     a read brings N bytes at most
//   REGSWEEP_FAULT_UNTYPED=1   listings do not tell what kind a name is, as of some file systems
//   REGSWEEP_FAULT_COUNT=FILE  at exit, a line "NAME N" for each kind of call, and "change N"
//   REGSWEEP_FAULT_LOG=FILE    appends "NAME PATH" for each call that changes something, and
//                              "failed NAME PATH" for those made to fail
// Names: rename unlink rmdir mkdir create write fdatasync fsync ftruncate fchmod fchown utimens
// openat openat2 fstatat getdents read open fstat.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace {

enum Kind : std::size_t {
  kRename,
  kUnlink,
  kRmdir,
  kMkdir,
  kCreate,
  kWrite,
  kFdatasync,
  kFsync,
  kFtruncate,
  kFchmod,
  kFchown,
  kUtimens,
  kOpenat,
  kOpenat2,
  kFstatat,
  kGetdents,
  kRead,
  kOpen,
  kFstat,
  kKinds,
  kLooking
};
constexpr std::array<std::string_view, kKinds> kNames = {
    "rename",  "unlink",    "rmdir",  "mkdir",  "create",  "write",  "fdatasync",
    "fsync",   "ftruncate", "fchmod", "fchown", "utimens", "openat", "openat2",
    "fstatat", "getdents",  "read",   "open",   "fstat"};
constexpr bool changes(Kind kind) { return kind < kOpenat; }

struct Settings {
  std::string_view path;
  const char* count_file = nullptr;
  int log = -1;
  std::uint64_t kill = 0;
  std::uint64_t stop = 0;
  std::uint64_t at = 0;
  bool from = false;
  bool every = false;
  std::uint64_t short_bytes = 0;
  bool untyped = false;
  Kind call = kKinds;
  int error = 0;
};

std::array<std::atomic<std::uint64_t>, kKinds> counts{};
std::atomic<std::uint64_t> change_count{0};
std::atomic<std::uint64_t> looking_count{0};
Settings settings;
bool ready = false;

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

long raw(long number, long a, long b, long c, long d = 0, long e = 0, long f = 0) {
  static const auto next = real<long (*)(long, ...)>("syscall");
  return next(number, a, b, c, d, e, f);
}

void put(int fd, const char* text, std::size_t size) {
  raw(SYS_write, fd, reinterpret_cast<long>(text), static_cast<long>(size));
}

std::uint64_t number_from(const char* name) {
  const char* text = getenv(name);
  return text == nullptr ? 0 : strtoull(text, nullptr, 10);
}

int error_from(std::string_view name) {
  if (name == "EIO") return EIO;
  if (name == "ENOSPC") return ENOSPC;
  if (name == "EACCES") return EACCES;
  if (name == "EROFS") return EROFS;
  if (name == "ENOENT") return ENOENT;
  if (name == "EMFILE") return EMFILE;
  if (name == "ENFILE") return ENFILE;
  if (name == "ENOMEM") return ENOMEM;
  if (name == "EINTR") return EINTR;
  if (name == "ESTALE") return ESTALE;
  return EINVAL;
}

__attribute__((constructor)) void begin() {
  if (const char* path = getenv("REGSWEEP_FAULT_PATH")) settings.path = path;
  if (const char* call = getenv("REGSWEEP_FAULT_CALL")) {
    for (std::size_t i = 0; i < kKinds; ++i) {
      if (kNames[i] == call) settings.call = static_cast<Kind>(i);
    }
    if (std::string_view(call) == "looking") settings.call = kLooking;
  }
  if (const char* error = getenv("REGSWEEP_FAULT_ERRNO")) settings.error = error_from(error);
  settings.kill = number_from("REGSWEEP_FAULT_KILL");
  settings.stop = number_from("REGSWEEP_FAULT_STOP");
  settings.at = number_from("REGSWEEP_FAULT_AT");
  settings.from = number_from("REGSWEEP_FAULT_FROM") != 0;
  settings.every = number_from("REGSWEEP_FAULT_EVERY") != 0;
  settings.short_bytes = number_from("REGSWEEP_FAULT_SHORT");
  settings.untyped = number_from("REGSWEEP_FAULT_UNTYPED") != 0;
  settings.count_file = getenv("REGSWEEP_FAULT_COUNT");
  if (const char* log = getenv("REGSWEEP_FAULT_LOG")) {
    settings.log = static_cast<int>(raw(SYS_openat, AT_FDCWD, reinterpret_cast<long>(log),
                                        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  ready = true;
}

__attribute__((destructor)) void end() {
  if (settings.count_file == nullptr) return;
  const int file =
      static_cast<int>(raw(SYS_openat, AT_FDCWD, reinterpret_cast<long>(settings.count_file),
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  char line[64];
  for (std::size_t i = 0; i < kKinds; ++i) {
    const int size = snprintf(line, sizeof line, "%s %llu\n", kNames[i].data(),
                              static_cast<unsigned long long>(counts[i].load()));
    put(file, line, static_cast<std::size_t>(size));
  }
  const int size = snprintf(line, sizeof line, "change %llu\n",
                            static_cast<unsigned long long>(change_count.load()));
  put(file, line, static_cast<std::size_t>(size));
  const int looking = snprintf(line, sizeof line, "looking %llu\n",
                               static_cast<unsigned long long>(looking_count.load()));
  put(file, line, static_cast<std::size_t>(looking));
}

/// The path that a call is about.
struct Path {
  char text[4096];
  std::size_t size = 0;

  Path(int fd, const char* name) {
    if (name == nullptr || name[0] != '/') {
      if (fd == AT_FDCWD) {
        if (raw(SYS_getcwd, reinterpret_cast<long>(text), sizeof text, 0) > 0) size = strlen(text);
      } else {
        char link[32];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        const long got = raw(SYS_readlinkat, AT_FDCWD, reinterpret_cast<long>(link),
                             reinterpret_cast<long>(text), sizeof text);
        if (got > 0) size = static_cast<std::size_t>(got);
      }
    }
    if (name != nullptr && name[0] != '\0') {
      if (size != 0) add("/");
      add(name);
    }
  }
  void add(std::string_view more) {
    if (more.size() > sizeof text - size) more = more.substr(0, sizeof text - size);
    memcpy(text + size, more.data(), more.size());
    size += more.size();
  }
  std::string_view view() const { return {text, size}; }
};

void log(std::string_view before, Kind kind, const Path& path) {
  if (settings.log < 0) return;
  char line[4400];
  const int size =
      snprintf(line, sizeof line, "%.*s%s %.*s\n", static_cast<int>(before.size()), before.data(),
               kNames[kind].data(), static_cast<int>(path.size), path.text);
  if (size > 0) put(settings.log, line, static_cast<std::size_t>(size));
}

/// Counts a call. True if it shall fail: errno is set then. `before_death` is done before a kill.
template <class BeforeDeath>
bool fails(Kind kind, int fd, const char* name, BeforeDeath before_death) {
  if (!ready) return false;
  const int saved = errno;
  const Path path(fd, name);
  errno = saved;
  if (!settings.path.empty() && !path.view().starts_with(settings.path)) return false;
  const std::uint64_t number = ++counts[kind];
  if (changes(kind)) {
    const std::uint64_t change = ++change_count;
    if (change == settings.kill) {
      before_death();
      raw(SYS_kill, raw(SYS_getpid, 0, 0, 0), SIGKILL, 0);
    }
    if (change == settings.stop) raw(SYS_kill, raw(SYS_getpid, 0, 0, 0), SIGSTOP, 0);
    // Others may get here between the count and the death: they shall not do anything more.
    if (settings.kill != 0 && change > settings.kill) {
      for (;;) raw(SYS_pause, 0, 0, 0);
    }
  }
  const std::uint64_t looking = changes(kind) ? 0 : ++looking_count;
  const bool any = settings.call == kLooking && looking != 0;
  const std::uint64_t turn = any ? looking : number;
  const bool hit = (any || kind == settings.call) && settings.at != 0 &&
                   (turn == settings.at || (settings.from && turn > settings.at) ||
                    (settings.every && turn % settings.at == 0));
  if (hit) {
    log("failed ", kind, path);
    errno = settings.error;
  } else if (changes(kind)) {
    log("", kind, path);
    errno = saved;
  }
  return hit;
}
bool fails(Kind kind, int fd, const char* name) {
  return fails(kind, fd, name, [] {});
}

std::size_t shortened(std::size_t size) {
  return settings.short_bytes == 0 || settings.short_bytes > size ? size : settings.short_bytes;
}

/// Takes the types from a listing: struct linux_dirent64 is ino 8, off 8, reclen 2, type 1, name.
void untype(char* listing, long size) {
  for (long at = 0; at < size;) {
    std::uint16_t length;
    memcpy(&length, listing + at + 16, sizeof length);
    listing[at + 18] = DT_UNKNOWN;
    at += length;
  }
}

}  // namespace

extern "C" {

int renameat2(int from, const char* old_name, int to, const char* new_name,
              unsigned flags) noexcept {
  static const auto next = real<int (*)(int, const char*, int, const char*, unsigned)>("renameat2");
  return fails(kRename, from, old_name) ? -1 : next(from, old_name, to, new_name, flags);
}

int renameat(int from, const char* old_name, int to, const char* new_name) noexcept {
  static const auto next = real<int (*)(int, const char*, int, const char*)>("renameat");
  return fails(kRename, from, old_name) ? -1 : next(from, old_name, to, new_name);
}

int rename(const char* old_name, const char* new_name) noexcept {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  return fails(kRename, AT_FDCWD, old_name) ? -1 : next(old_name, new_name);
}

int unlinkat(int at, const char* name, int flags) noexcept {
  static const auto next = real<int (*)(int, const char*, int)>("unlinkat");
  const Kind kind = (flags & AT_REMOVEDIR) != 0 ? kRmdir : kUnlink;
  return fails(kind, at, name) ? -1 : next(at, name, flags);
}

int unlink(const char* name) noexcept {
  static const auto next = real<int (*)(const char*)>("unlink");
  return fails(kUnlink, AT_FDCWD, name) ? -1 : next(name);
}

int rmdir(const char* name) noexcept {
  static const auto next = real<int (*)(const char*)>("rmdir");
  return fails(kRmdir, AT_FDCWD, name) ? -1 : next(name);
}

int mkdirat(int at, const char* name, mode_t mode) noexcept {
  static const auto next = real<int (*)(int, const char*, mode_t)>("mkdirat");
  return fails(kMkdir, at, name) ? -1 : next(at, name, mode);
}

int mkdir(const char* name, mode_t mode) noexcept {
  static const auto next = real<int (*)(const char*, mode_t)>("mkdir");
  return fails(kMkdir, AT_FDCWD, name) ? -1 : next(name, mode);
}

ssize_t write(int fd, const void* bytes, std::size_t size) {
  static const auto next = real<ssize_t (*)(int, const void*, std::size_t)>("write");
  const auto half = [&] { next(fd, bytes, size / 2); };
  return fails(kWrite, fd, nullptr, half) ? -1 : next(fd, bytes, size);
}

ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
  static const auto next = real<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
  const auto half = [&] { next(fd, bytes, size / 2, offset); };
  return fails(kWrite, fd, nullptr, half) ? -1 : next(fd, bytes, size, offset);
}

int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  return fails(kFdatasync, fd, nullptr) ? -1 : next(fd);
}

int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  return fails(kFsync, fd, nullptr) ? -1 : next(fd);
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto next = real<int (*)(int, off_t)>("ftruncate");
  return fails(kFtruncate, fd, nullptr) ? -1 : next(fd, size);
}

int fchmod(int fd, mode_t mode) noexcept {
  static const auto next = real<int (*)(int, mode_t)>("fchmod");
  return fails(kFchmod, fd, nullptr) ? -1 : next(fd, mode);
}

int fchown(int fd, uid_t uid, gid_t gid) noexcept {
  static const auto next = real<int (*)(int, uid_t, gid_t)>("fchown");
  return fails(kFchown, fd, nullptr) ? -1 : next(fd, uid, gid);
}

int futimens(int fd, const struct timespec times[2]) noexcept {
  static const auto next = real<int (*)(int, const struct timespec*)>("futimens");
  return fails(kUtimens, fd, nullptr) ? -1 : next(fd, times);
}

int utimensat(int at, const char* name, const struct timespec times[2], int flags) noexcept {
  static const auto next =
      real<int (*)(int, const char*, const struct timespec*, int)>("utimensat");
  return fails(kUtimens, at, name) ? -1 : next(at, name, times, flags);
}

int openat(int at, const char* name, int flags, ...) {
  static const auto next = real<int (*)(int, const char*, int, mode_t)>("openat");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return fails((flags & O_CREAT) != 0 ? kCreate : kOpenat, at, name) ? -1
                                                                     : next(at, name, flags, mode);
}

int fstatat(int at, const char* name, struct stat* out, int flags) noexcept {
  static const auto next = real<int (*)(int, const char*, struct stat*, int)>("fstatat");
  return fails(kFstatat, at, name) ? -1 : next(at, name, out, flags);
}

int open(const char* name, int flags, ...) {
  static const auto next = real<int (*)(const char*, int, mode_t)>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return fails((flags & O_CREAT) != 0 ? kCreate : kOpen, AT_FDCWD, name) ? -1
                                                                         : next(name, flags, mode);
}

int fstat(int fd, struct stat* out) noexcept {
  static const auto next = real<int (*)(int, struct stat*)>("fstat");
  return fails(kFstat, fd, nullptr) ? -1 : next(fd, out);
}

ssize_t read(int fd, void* bytes, std::size_t size) {
  static const auto next = real<ssize_t (*)(int, void*, std::size_t)>("read");
  return fails(kRead, fd, nullptr) ? -1 : next(fd, bytes, shortened(size));
}

ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) {
  static const auto next = real<ssize_t (*)(int, void*, std::size_t, off_t)>("pread");
  return fails(kRead, fd, nullptr) ? -1 : next(fd, bytes, shortened(size), offset);
}

ssize_t preadv2(int fd, const struct iovec* parts, int count, off_t offset, int flags) {
  static const auto next = real<ssize_t (*)(int, const struct iovec*, int, off_t, int)>("preadv2");
  if (fails(kRead, fd, nullptr)) return -1;
  struct iovec first = parts[0];
  first.iov_len = shortened(first.iov_len);
  return count == 1 ? next(fd, &first, 1, offset, flags) : next(fd, parts, count, offset, flags);
}

long syscall(long number, ...) noexcept {
  std::array<long, 6> arguments{};
  va_list rest;
  va_start(rest, number);
  for (long& argument : arguments) argument = va_arg(rest, long);
  va_end(rest);
  const int fd = static_cast<int>(arguments[0]);
  if (number == SYS_openat2 && fails(kOpenat2, fd, reinterpret_cast<const char*>(arguments[1]))) {
    return -1;
  }
  if (number == SYS_getdents64 && fails(kGetdents, fd, nullptr)) return -1;
  const long done = raw(number, arguments[0], arguments[1], arguments[2], arguments[3],
                        arguments[4], arguments[5]);
  if (number == SYS_getdents64 && settings.untyped) {
    untype(reinterpret_cast<char*>(arguments[1]), done);
  }
  return done;
}

}  // extern "C"
