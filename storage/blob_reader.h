#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "storage/directory.h"
#include "storage/result.h"
#include "storage/unique_fd.h"

namespace regsweep::storage {

/// An open blob, read once from front to back. For one thread at a time.
class BlobReader {
 public:
  virtual ~BlobReader() = default;

  /// What the file was when it was opened.
  virtual const FileFacts& facts() const noexcept = 0;

  /// The next bytes; 0 at the end. An error holds the system's words and where in the file it was.
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;

  /// What the file is now: other than facts(), if it was written to meanwhile.
  virtual Result<FileFacts> facts_now() const = 0;
};

/// Whether a file may come from the host's cache, or must come from the device.
enum class Freshness : std::uint8_t { kCachedToo, kFromDevice };

/// How a large file is read where it is not cached.
enum class Uncached : std::uint8_t {
  kAhead,   ///< through the page cache, asking for what lies ahead: long runs for a moving head
  kDirect,  ///< past the page cache (O_DIRECT): costs the processor next to nothing
};

/// Buffers for BlobReader::read() begin at a multiple of this, or are not read into directly.
inline constexpr std::size_t kDirectAlignment = 4096;

/// The most that one read() brings in: a large page, which a device fills in one piece.
inline constexpr std::size_t kMostReadBytes = 2 * 1024 * 1024;

/// Reads a file as a guest in the host's page cache. What is cached is read from there. What is not
/// is read past the cache; where that cannot be or should not be, through the cache, asking for
/// what lies ahead while what came is being used, and afterwards those pages are given up again.
/// Which are cached a read that may not wait tells (RWF_NOWAIT): it needs no permission that
/// reading does not need, unlike mincore.
class SparingReader final : public BlobReader {
 public:
  /// `file` is a descriptor of a regular file, open for reading, at its start.
  SparingReader(UniqueFd file, const FileFacts& facts, Freshness freshness, Uncached uncached);
  ~SparingReader() override;

  /// The same from a descriptor as it was opened. kCorrupt: not a regular file.
  static Result<std::unique_ptr<BlobReader>> open(UniqueFd file, Freshness freshness,
                                                  Uncached uncached);

  const FileFacts& facts() const noexcept override { return facts_; }
  Result<std::size_t> read(std::span<char> buffer) override;
  Result<FileFacts> facts_now() const override;

 private:
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  Result<std::size_t> read_small(std::span<char> buffer);
  Result<std::size_t> read_large(std::span<char> buffer);
  Result<std::size_t> read_at_offset(std::span<char> buffer);
  bool set_direct(bool wanted);
  bool is_cached(std::uint64_t offset) const;
  void look_ahead();
  void give_up_behind();

  UniqueFd file_;
  FileFacts facts_;
  std::uint64_t offset_ = 0;
  std::uint64_t looked_to_ = 0;  ///< up to here it is known what was cached
  std::vector<Range> borrowed_;  ///< not cached before; to be given up, ascending
  std::size_t given_up_ = 0;     ///< of `borrowed_`
  bool is_large_ = false;
  bool may_be_direct_ = false;
  bool is_direct_ = false;  ///< how the descriptor stands
};

}  // namespace regsweep::storage
