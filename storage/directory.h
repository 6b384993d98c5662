#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "storage/result.h"
#include "storage/unique_fd.h"

namespace regsweep::storage {

enum class FileType : std::uint8_t { kRegular, kDirectory, kSymlink, kOther, kUnknown };

/// What one lstat tells. `allocated_bytes` is st_blocks × 512: what `du` counts.
struct FileFacts {
  FileType type = FileType::kUnknown;
  std::uint32_t hard_links = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;
  std::int64_t mtime_seconds = 0;
  std::int64_t mtime_nanoseconds = 0;  ///< the same time, in full: since 1970
  std::int64_t ctime_nanoseconds = 0;  ///< when content or inode last changed; nobody can set it
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

/// One name in a directory. `type` is kUnknown on file systems that do not tell.
struct DirectoryEntry {
  std::string_view name;
  FileType type = FileType::kUnknown;
};

/// Facts of an open file, by fstat.
Result<FileFacts> facts_of(int fd);

/// Bytes for a listing buffer: one getdents64 call returns about 700 blob names.
inline constexpr std::size_t kListingBytes = 64 * 1024;

/// An open directory, for looking only: it has no operation that changes anything. Names may have
/// several components ("<hex>/link"); none of them may leave the directory or be a symbolic link
/// (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or step by step on kernels without it).
/// Safe from many threads, except that two must not list the same object at once.
class Directory {
 public:
  Directory() = default;
  explicit Directory(UniqueFd fd) noexcept : fd_(std::move(fd)) {}

  /// Opens an absolute path that the user named: here, and only here, symbolic links are followed.
  static Result<Directory> open_path(const std::string& path);

  /// Opens a directory below this one. kNotFound: known absent. kDenied: no permission, or a
  /// symbolic link. kCorrupt: something else than a directory. kIo: everything else.
  Result<Directory> open(const char* name) const;

  /// lstat of the last component.
  Result<FileFacts> stat(const char* name) const;

  /// The same in one system call, for "directory/file" of which `directory` was just listed as one:
  /// if it became a symbolic link since, this follows it. StillWatch tells whether that can have
  /// been.
  Result<FileFacts> stat_listed(const char* name) const;

  /// Facts of the directory itself.
  Result<FileFacts> stat_self() const;

  /// Reads the start of a regular file into `buffer`; returns the bytes read. A result equal to the
  /// buffer's size means that there may be more. kCorrupt: not a regular file. A file that gives
  /// just `expected_bytes`, fewer than the buffer has, is taken for what was expected and not
  /// looked at, which spares a system call; every other one is, and its facts put into `facts`.
  Result<std::size_t> read(const char* name, std::span<char> buffer,
                           std::uint64_t expected_bytes = 0, FileFacts* facts = nullptr) const;

  /// Calls `sink` for every name with a buffer of its own. Not to be used twice on one object.
  template <class Sink>
  Status each(Sink&& sink) {
    const auto buffer = std::make_unique_for_overwrite<char[]>(kListingBytes);
    for (;;) {
      const Result<bool> more = next(std::span<char>(buffer.get(), kListingBytes), sink);
      if (!more) return more.error();
      if (!*more) return kOk;
    }
  }

  int fd() const noexcept { return fd_.get(); }

 private:
  /// Reads the next names into `buffer` and calls `sink` for each but "." and "..", in the file
  /// system's order. Returns false at the end. The names live until the next call.
  template <class Sink>
  Result<bool> next(std::span<char> buffer, Sink&& sink) {
    const Result<std::size_t> got = fill(buffer);
    if (!got) return got.error();
    for (std::size_t at = 0; at < *got;) {
      const DirectoryEntry entry = decode(buffer.data(), at);
      if (entry.name != "." && entry.name != "..") sink(entry);
    }
    return *got != 0;
  }

  Result<std::size_t> fill(std::span<char> buffer);
  static DirectoryEntry decode(const char* buffer, std::size_t& at) noexcept;

  UniqueFd fd_;
};

/// Watches whether any name in a directory was given to something else since the watch began.
class StillWatch {
 public:
  explicit StillWatch(const Directory& directory);
  /// False also if that cannot be told: the clock of changes ticks coarsely.
  bool still(const Directory& directory) const;

 private:
  std::int64_t ctime_nanoseconds_ = 0;
  bool can_tell_ = false;
};

/// Errors from errno, with the system's words: kNotFound for ENOENT only.
Error system_error(int error_number, std::string_view what);

}  // namespace regsweep::storage
