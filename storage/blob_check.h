#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>

#include "storage/content_hash.h"
#include "storage/store.h"

namespace regsweep::storage {

/// What reading a blob from front to back showed.
struct BlobCheck {
  Digest actual;    ///< of its bytes, by the algorithm of its name
  FileFacts facts;  ///< when it was opened
  std::uint64_t read_bytes = 0;
  bool stopped = false;          ///< `pace` ended it: `actual` means nothing
  bool changed = false;          ///< written to while it was read: `actual` means nothing
  std::array<char, 512> head{};  ///< its first bytes, zeros behind its end
};

/// Asked after each piece of at most 2 MiB with its bytes; may wait. False: stop here.
using Pace = std::function<bool(std::uint64_t)>;

/// Hashes blobs; one a thread. Costs four system calls for a small blob in the cache, two for each
/// 256 KiB of a large one, or each 2 MiB where it is not cached.
class BlobChecker {
 public:
  BlobChecker();

  /// Errors are those of Store::open_blob and BlobReader::read.
  Result<BlobCheck> check(const Store& store, const Digest& digest, Freshness freshness,
                          const Pace& pace);

 private:
  ContentHash hash_;
  struct Free {
    void operator()(char* bytes) const noexcept;
  };
  std::unique_ptr<char[], Free> buffer_;
};

/// Whether what kept a blob from being read is the blob's: its device, or the file system on it,
/// gives it up. A want of descriptors or memory, and a server that is away, say nothing of it.
bool is_device_error(const Error& error) noexcept;

}  // namespace regsweep::storage
