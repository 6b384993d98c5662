#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "storage/blob_check.h"
#include "storage/digest.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// What hashing a blob showed.
enum class Sound : std::uint8_t {
  kSound,       ///< its bytes have the digest of its name
  kDamaged,     ///< they have another one, twice, the second time from the device
  kUnreadable,  ///< the device or its file system gives them up: a bad sector
  kUnknown,     ///< it is not there, no file, not permitted, or written to meanwhile
};

struct SoundnessOf {
  Sound state = Sound::kUnknown;
  storage::FileFacts facts;  ///< of kDamaged: the file that was read
  std::string message;       ///< what is wrong, for all but kSound
};

/// Remembers which blobs were hashed, and what that showed. For one thread at a time; hashes on
/// many.
class Soundness {
 public:
  /// `store` must outlive it.
  explicit Soundness(const storage::Store& store) : store_(store) {}

  /// Hashes those that were not hashed yet. Runs in the caller's TBB arena.
  void check(std::vector<storage::Digest> digests);

  /// What is known of a blob; check() must have been asked about it.
  const SoundnessOf& of(const storage::Digest& digest) const { return known_.at(digest); }

  bool is_sound(const storage::Digest& digest) const {
    const auto at = known_.find(digest);
    return at != known_.end() && at->second.state == Sound::kSound;
  }

  /// Notes a blob as sound that somebody else has hashed.
  void trust(const storage::Digest& digest) { known_[digest] = {Sound::kSound, {}, {}}; }

  std::uint64_t hashed_blobs() const noexcept { return hashed_blobs_; }
  std::uint64_t hashed_bytes() const noexcept { return hashed_bytes_; }

 private:
  const storage::Store& store_;
  std::map<storage::Digest, SoundnessOf> known_;
  std::uint64_t hashed_blobs_ = 0;
  std::uint64_t hashed_bytes_ = 0;
};

/// Hashes one blob, and once more from the device if it is not what it should be.
SoundnessOf check_blob(const storage::Store& store, const storage::Digest& digest,
                       storage::BlobChecker& checker, std::uint64_t& read_bytes);

}  // namespace regsweep::analyzer
