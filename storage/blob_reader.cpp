#include "storage/blob_reader.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/retried.h"

namespace regsweep::storage {
namespace {

/// What is looked at, asked for and given up at once. 256 KiB take a core about 0.2 ms to hash; the
/// look takes 0.3 µs.
constexpr std::uint64_t kUnitBytes = 256 * 1024;

/// How far ahead is asked for: 8 MiB keep a disk of 1 GB/s busy for 8 ms, longer than a seek.
constexpr std::uint64_t kAheadBytes = 32 * kUnitBytes;

/// A range is given up as a whole, so that a large file costs few calls.
constexpr std::uint64_t kMostBorrowed = 16 * kUnitBytes;

void advise(int fd, std::uint64_t begin, std::uint64_t end, int advice) noexcept {
  // Advice only: what a file system does not heed costs speed or cache, nothing else.
  static_cast<void>(
      ::posix_fadvise(fd, static_cast<off_t>(begin), static_cast<off_t>(end - begin), advice));
}

}  // namespace

SparingReader::SparingReader(UniqueFd file, const FileFacts& facts, Freshness freshness,
                             Uncached uncached)
    : file_(std::move(file)),
      facts_(facts),
      is_large_(facts.size_bytes > kUnitBytes),
      may_be_direct_(is_large_ && uncached == Uncached::kDirect) {
  if (freshness == Freshness::kFromDevice) {
    advise(file_.get(), 0, facts_.size_bytes, POSIX_FADV_DONTNEED);
  }
  // The kernel's own read-ahead would cache what is_cached() is then asked about.
  if (is_large_) advise(file_.get(), 0, 0, POSIX_FADV_RANDOM);
}

Result<std::unique_ptr<BlobReader>> SparingReader::open(UniqueFd file, Freshness freshness,
                                                        Uncached uncached) {
  const Result<FileFacts> facts = facts_of(file.get());
  if (!facts) return facts.error();
  if (facts->type != FileType::kRegular) {
    return Error{Errc::kCorrupt, {}, "is not a regular file", 0};
  }
  return std::unique_ptr<BlobReader>(
      std::make_unique<SparingReader>(std::move(file), *facts, freshness, uncached));
}

SparingReader::~SparingReader() {
  for (; given_up_ < borrowed_.size(); ++given_up_) {
    advise(file_.get(), borrowed_[given_up_].begin, borrowed_[given_up_].end, POSIX_FADV_DONTNEED);
  }
}

bool SparingReader::is_cached(std::uint64_t offset) const {
  char byte;
  iovec one = {&byte, 1};
  return ::preadv2(file_.get(), &one, 1, static_cast<off_t>(offset), RWF_NOWAIT) == 1;
}

void SparingReader::look_ahead() {
  looked_to_ = std::max(looked_to_, offset_);
  const std::uint64_t end = std::min(offset_ + kAheadBytes, facts_.size_bytes);
  while (looked_to_ < end) {
    const std::uint64_t begin = looked_to_;
    looked_to_ = std::min(begin + kUnitBytes, facts_.size_bytes);
    if (is_cached(begin)) continue;
    advise(file_.get(), begin, looked_to_, POSIX_FADV_WILLNEED);
    const bool joins = borrowed_.size() > given_up_ && borrowed_.back().end == begin &&
                       begin - borrowed_.back().begin < kMostBorrowed;
    if (joins) {
      borrowed_.back().end = looked_to_;
    } else {
      borrowed_.push_back({begin, looked_to_});
    }
  }
}

void SparingReader::give_up_behind() {
  for (; given_up_ < borrowed_.size() && borrowed_[given_up_].end <= offset_; ++given_up_) {
    advise(file_.get(), borrowed_[given_up_].begin, borrowed_[given_up_].end, POSIX_FADV_DONTNEED);
  }
}

Result<std::size_t> SparingReader::read_at_offset(std::span<char> buffer) {
  const ssize_t got = retried([&] {
    return ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset_));
  });
  if (got >= 0) {
    offset_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
  // The file was there to be opened: whatever the system says now, it is not absent.
  Error error = system_error(errno == ENOENT ? EIO : errno, "cannot read");
  error.message += " at byte " + std::to_string(offset_);
  return error;
}

/// A small file is read at once without waiting; if it is not cached, again with waiting.
Result<std::size_t> SparingReader::read_small(std::span<char> buffer) {
  if (offset_ == 0) {
    iovec whole = {buffer.data(), buffer.size()};
    const ssize_t got = ::preadv2(file_.get(), &whole, 1, 0, RWF_NOWAIT);
    if (got > 0) {
      offset_ = static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
  }
  if (offset_ < facts_.size_bytes && borrowed_.empty()) {
    borrowed_.push_back({offset_, facts_.size_bytes});
  }
  return read_at_offset(buffer);
}

/// Switches the descriptor. False: its file system cannot read past the cache.
bool SparingReader::set_direct(bool wanted) {
  if (is_direct_ == wanted) return true;
  const int flags = ::fcntl(file_.get(), F_GETFL);
  if (flags < 0 ||
      ::fcntl(file_.get(), F_SETFL, wanted ? flags | O_DIRECT : flags & ~O_DIRECT) != 0) {
    return false;
  }
  is_direct_ = wanted;
  return true;
}

/// Reads the next units that are all cached, or all not.
Result<std::size_t> SparingReader::read_large(std::span<char> buffer) {
  // A read that ended between two blocks is gone on with as any other.
  const bool aligned = offset_ % kDirectAlignment == 0 &&
                       reinterpret_cast<std::uintptr_t>(buffer.data()) % kDirectAlignment == 0 &&
                       buffer.size() >= kUnitBytes;
  set_direct(false);  // else the look at the cache would miss it
  if (aligned && may_be_direct_ && !is_cached(offset_)) {
    if (set_direct(true)) {
      const std::size_t most = std::min(buffer.size(), kMostReadBytes) / kUnitBytes * kUnitBytes;
      const Result<std::size_t> got = read_at_offset(buffer.first(most));
      // EINVAL: the file system took the flag and does not read so after all.
      if (got || got.error().error_number != EINVAL) return got;
    }
    may_be_direct_ = false;
    set_direct(false);
  }
  if (!may_be_direct_) look_ahead();
  Result<std::size_t> got =
      read_at_offset(buffer.first(std::min<std::size_t>(buffer.size(), kUnitBytes)));
  give_up_behind();
  return got;
}

Result<std::size_t> SparingReader::read(std::span<char> buffer) {
  return is_large_ ? read_large(buffer) : read_small(buffer);
}

Result<FileFacts> SparingReader::facts_now() const { return facts_of(file_.get()); }

}  // namespace regsweep::storage
