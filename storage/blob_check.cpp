#include "storage/blob_check.h"

#include <algorithm>

namespace regsweep::storage {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;  // stays in a core's second-level cache

bool is_same_file(const FileFacts& a, const FileFacts& b) noexcept {
  return a.inode == b.inode && a.size_bytes == b.size_bytes &&
         a.mtime_nanoseconds == b.mtime_nanoseconds && a.ctime_nanoseconds == b.ctime_nanoseconds;
}

}  // namespace

BlobChecker::BlobChecker() : buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

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
    if (check.read_bytes == check.facts.size_bytes && *got < kBufferBytes) break;
  }
  check.actual = hash_.finish();
  // A file that is what its name says was whole, whatever happened to its times meanwhile.
  if (check.actual != digest) {
    const Result<FileFacts> now = (*reader)->facts_now();
    check.changed = !now || !is_same_file(check.facts, *now);
  }
  return check;
}

}  // namespace regsweep::storage
