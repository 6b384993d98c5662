#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/digest.h"
#include "storage/directory.h"
#include "storage/result.h"

namespace regsweep::storage {

/// A blob that was read whole and found sound, and the file that was read.
struct SoundBlob {
  Digest digest;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_nanoseconds = 0;
  std::int64_t ctime_nanoseconds = 0;
  std::int64_t read_at_seconds = 0;  ///< since 1970

  bool is_of(const FileFacts& facts) const noexcept {
    return inode == facts.inode && size_bytes == facts.size_bytes &&
           mtime_nanoseconds == facts.mtime_nanoseconds &&
           ctime_nanoseconds == facts.ctime_nanoseconds;
  }
};

/// What earlier verifications found sound, in an SQLite file outside the store. Only sound blobs
/// are in it: what was damaged is read again each time. A kill at any moment loses at most the
/// results of the last seconds. Safe from many threads.
class ResultCache {
 public:
  /// Opens or makes the file, for the user alone to read, and its directories. `store` says
  /// which store the results are of: kUsage if the file holds another's, or is another program's.
  /// kDenied, kIo: as the system says; another process that uses it is waited for a few seconds.
  static Result<std::unique_ptr<ResultCache>> open(const std::string& path,
                                                   const std::string& store);
  ~ResultCache();

  /// Calls `sink` for every entry read at or after `since_seconds`, in the order of digests.
  Status each(std::int64_t since_seconds, const std::function<void(const SoundBlob&)>& sink);

  /// Notes a result; it is on disk within seconds, or at flush().
  Status add(const SoundBlob& blob);
  Status flush();

  /// When the round that a run with a time limit began was started, if it is not finished yet.
  Result<std::optional<std::int64_t>> open_round();
  Status begin_round(std::int64_t now_seconds);
  Status end_round();

 private:
  struct Impl;
  explicit ResultCache(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace regsweep::storage
