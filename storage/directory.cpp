#include "storage/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

#include "storage/beneath.h"
#include "storage/nanoseconds.h"
#include "storage/retried.h"

namespace regsweep::storage {
namespace {

/// Two changes within one tick have the same time. A kernel's longest is 10 ms.
constexpr std::int64_t kCoarsestTick = 100'000'000;

FileType type_from_mode(mode_t mode) noexcept {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  return FileType::kOther;
}

FileType type_from_dirent(unsigned char type) noexcept {
  switch (type) {
    case DT_REG:
      return FileType::kRegular;
    case DT_DIR:
      return FileType::kDirectory;
    case DT_LNK:
      return FileType::kSymlink;
    case DT_UNKNOWN:
      return FileType::kUnknown;
    default:
      return FileType::kOther;
  }
}

FileFacts facts_from(const struct stat& st) noexcept {
  FileFacts facts;
  facts.type = type_from_mode(st.st_mode);
  facts.hard_links = static_cast<std::uint32_t>(st.st_nlink);
  facts.size_bytes = static_cast<std::uint64_t>(st.st_size);
  facts.allocated_bytes = static_cast<std::uint64_t>(st.st_blocks) * 512;
  facts.mtime_seconds = st.st_mtim.tv_sec;
  facts.mtime_nanoseconds = nanoseconds_of(st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  facts.ctime_nanoseconds = nanoseconds_of(st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
  facts.device = st.st_dev;
  facts.inode = st.st_ino;
  return facts;
}

/// One read. Whatever the system says of it, the file was there to be opened: it is not absent.
Result<std::size_t> read_some(int fd, std::span<char> buffer) {
  const ssize_t got = retried([&] { return ::read(fd, buffer.data(), buffer.size()); });
  if (got < 0) return system_error(errno == ENOENT ? EIO : errno, "cannot read");
  return static_cast<std::size_t>(got);
}

}  // namespace

Error system_error(int error_number, std::string_view what) {
  Error error;
  error.error_number = error_number;
  error.code = error_number == ENOENT                              ? Errc::kNotFound
               : error_number == EACCES || error_number == EPERM   ? Errc::kDenied
               : error_number == ELOOP || error_number == EXDEV    ? Errc::kDenied
               : error_number == ENOTDIR || error_number == EISDIR ? Errc::kCorrupt
               : error_number == ENXIO                             ? Errc::kCorrupt
                                                                   : Errc::kIo;
  if (error.code == Errc::kNotFound) return error;  // expected often: no text, no allocation
  error.message = what;
  error.message += ": ";
  if (error_number == ELOOP) {
    error.message += "a symbolic link stands here and is not followed";
  } else if (error_number == ENXIO) {
    error.message += "a device, FIFO or socket, not a regular file, stands here and is not read";
  } else {
    error.message += std::generic_category().message(error_number);
  }
  return error;
}

Result<FileFacts> facts_of(int fd) {
  struct stat st;
  const int looked = retried([&] { return ::fstat(fd, &st); });
  if (looked != 0) return system_error(errno, "cannot stat");
  return facts_from(st);
}

Result<Directory> Directory::open_path(const std::string& path) {
  const int fd = retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) {
    Error error = system_error(errno, "cannot open directory");
    error.path = path;
    return error;
  }
  return Directory(UniqueFd(fd));
}

Result<Directory> Directory::open(const char* name) const {
  const int fd = open_beneath(fd_.get(), name, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return system_error(errno, "cannot open directory");
  return Directory(UniqueFd(fd));
}

Result<FileFacts> Directory::stat(const char* name) const {
  const char* slash = std::strrchr(name, '/');
  if (slash == nullptr) return stat_listed(name);
  const std::string parent(name, slash);
  const Directory held{UniqueFd(open_beneath(fd_.get(), parent.c_str(), O_PATH | O_DIRECTORY))};
  if (held.fd() < 0) return system_error(errno, "cannot stat");
  return held.stat_listed(slash + 1);
}

Result<FileFacts> Directory::stat_listed(const char* name) const {
  struct stat st;
  const int looked = retried([&] { return ::fstatat(fd_.get(), name, &st, AT_SYMLINK_NOFOLLOW); });
  if (looked != 0) return system_error(errno, "cannot stat");
  return facts_from(st);
}

StillWatch::StillWatch(const Directory& directory) {
  const Result<FileFacts> facts = directory.stat_self();
  struct timespec now;
  if (!facts || ::clock_gettime(CLOCK_REALTIME, &now) != 0) return;
  ctime_nanoseconds_ = facts->ctime_nanoseconds;
  const std::int64_t then = nanoseconds_of(now.tv_sec, now.tv_nsec);
  can_tell_ = ctime_nanoseconds_ > then || ctime_nanoseconds_ < then - kCoarsestTick;
}

bool StillWatch::still(const Directory& directory) const {
  if (!can_tell_) return false;
  const Result<FileFacts> facts = directory.stat_self();
  return facts && facts->ctime_nanoseconds == ctime_nanoseconds_;
}

Result<FileFacts> Directory::stat_self() const { return facts_of(fd_.get()); }

Result<std::size_t> Directory::read(const char* name, std::span<char> buffer,
                                    std::uint64_t expected_bytes, FileFacts* facts) const {
  // O_NONBLOCK: a FIFO in place of a file must not hang the scan; no effect on regular files.
  const UniqueFd file(open_beneath(fd_.get(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file) return system_error(errno, "cannot open");
  std::size_t done = 0;
  if (expected_bytes != 0 && expected_bytes < buffer.size()) {
    const Result<std::size_t> got = read_some(file.get(), buffer);
    if (got && *got == expected_bytes) return got;
    if (got) done = *got;  // an error is told below, if it is a file
  }
  const Result<FileFacts> known = facts_of(file.get());
  if (!known) return known.error();
  if (known->type == FileType::kDirectory) return system_error(EISDIR, "cannot read");
  if (known->type != FileType::kRegular) return system_error(ENXIO, "cannot read");
  if (facts != nullptr) *facts = *known;
  // Once it gave all that it holds, no read is needed that only tells of the end.
  while (done < buffer.size() && (done == 0 || done < known->size_bytes)) {
    const Result<std::size_t> got = read_some(file.get(), buffer.subspan(done));
    if (!got) return got.error();
    if (*got == 0) break;
    done += *got;
  }
  return done;
}

Result<std::size_t> Directory::fill(std::span<char> buffer) {
  const long got =
      retried([&] { return ::syscall(SYS_getdents64, fd_.get(), buffer.data(), buffer.size()); });
  if (got < 0) return system_error(errno, "cannot list directory");
  return static_cast<std::size_t>(got);
}

DirectoryEntry Directory::decode(const char* buffer, std::size_t& at) noexcept {
  // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name
  std::uint16_t length;
  std::memcpy(&length, buffer + at + 16, sizeof length);
  const auto type = static_cast<unsigned char>(buffer[at + 18]);
  const char* name = buffer + at + 19;
  at += length;
  return {std::string_view(name), type_from_dirent(type)};
}

}  // namespace regsweep::storage
