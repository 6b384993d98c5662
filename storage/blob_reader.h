#pragma once

#include <cstddef>
#include <cstdint>
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

/// Reads a file as a guest in the host's page cache: asks for what lies ahead while what came is
/// being used, and afterwards gives up again those pages, and only those, that were not cached
/// before. Which these are a read that may not wait tells (RWF_NOWAIT): it needs no permission that
/// reading does not need, unlike mincore.
class SparingReader final : public BlobReader {
 public:
  /// `file` is a descriptor of a regular file, open for reading, at its start.
  SparingReader(UniqueFd file, const FileFacts& facts, Freshness freshness);
  ~SparingReader() override;

  const FileFacts& facts() const noexcept override { return facts_; }
  Result<std::size_t> read(std::span<char> buffer) override;
  Result<FileFacts> facts_now() const override;

 private:
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  Result<std::size_t> read_small(std::span<char> buffer);
  Result<std::size_t> read_at_offset(std::span<char> buffer);
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
};

}  // namespace regsweep::storage
