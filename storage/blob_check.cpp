#include "storage/blob_check.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace regsweep::storage {
namespace {

constexpr std::size_t kBufferBytes = kMostReadBytes;

bool is_same_file(const FileFacts& a, const FileFacts& b) noexcept {
  return a.inode == b.inode && a.size_bytes == b.size_bytes &&
         a.mtime_nanoseconds == b.mtime_nanoseconds && a.ctime_nanoseconds == b.ctime_nanoseconds;
}

}  // namespace

void BlobChecker::Free::operator()(char* bytes) const noexcept {
  ::operator delete[](bytes, std::align_val_t(kBufferBytes));
}

BlobChecker::BlobChecker()
    : buffer_(static_cast<char*>(::operator new[](kBufferBytes, std::align_val_t(kBufferBytes)))) {
  // In one piece of memory a device writes 2 MiB at once; in 512 pages it needs three times as long
  // (docs/benchmarks.md). Without large pages all works as well.
  static_cast<void>(::madvise(buffer_.get(), kBufferBytes, MADV_HUGEPAGE));
}

Result<BlobCheck> BlobChecker::check(const Store& store, const Digest& digest, Freshness freshness,
                                     const Pace& pace) {
  const Result<std::unique_ptr<BlobReader>> reader = store.open_blob(digest, freshness);
  if (!reader) return reader.error();
  BlobCheck check;
  check.facts = (*reader)->facts();
  hash_.begin(digest.algorithm);
  for (;;) {
    const Result<std::size_t> got = (*reader)->read({buffer_.get(), kBufferBytes});
    if (!got) return got.error();
    if (*got == 0) break;
    const std::span<const char> bytes(buffer_.get(), *got);
    if (check.read_bytes < check.head.size()) {
      const std::size_t room = check.head.size() - check.read_bytes;
      std::copy_n(bytes.begin(), std::min(bytes.size(), room),
                  check.head.begin() + static_cast<std::ptrdiff_t>(check.read_bytes));
    }
    hash_.add(bytes);
    check.read_bytes += bytes.size();
    if (!pace(bytes.size())) {
      check.stopped = true;
      return check;
    }
    // A short read that ends where the file ends is its end: spares small blobs a call.
    if (check.read_bytes == check.facts.size_bytes && *got % kDirectAlignment != 0) break;
  }
  check.actual = hash_.finish();
  // A file that is what its name says was whole, whatever happened to its times meanwhile.
  if (check.actual != digest) {
    const Result<FileFacts> now = (*reader)->facts_now();
    check.changed = !now || !is_same_file(check.facts, *now);
  }
  return check;
}

bool is_device_error(const Error& error) noexcept {
  switch (error.error_number) {
    case EIO:
    case ENODATA:  // a bad sector, as some disks report it
    case EUCLEAN:  // the file system found itself damaged
    case EBADMSG:  // a checksum of its does not match
      return true;
    default:
      return false;
  }
}

}  // namespace regsweep::storage
