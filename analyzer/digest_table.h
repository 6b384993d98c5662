#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "storage/digest.h"

namespace regsweep::analyzer {

/// A digest's row in every column. An enum, so that it never mixes with a repository or a count.
enum class DigestId : std::uint32_t {};
inline constexpr DigestId kNoDigest{0xffffffffU};
constexpr std::size_t row(DigestId id) noexcept { return static_cast<std::size_t>(id); }
constexpr DigestId digest_id(std::size_t row) noexcept {
  return static_cast<DigestId>(static_cast<std::uint32_t>(row));
}

/// The 32 bytes of a sha256 digest, without its algorithm.
using Sha256 = std::array<std::uint8_t, 32>;

/// Numbers digests. First come the sha256 digests given to the constructor, by rank; then those met
/// later (missing blobs, aliases of other algorithms), numbered as they come until seal() numbers
/// them by rank as well. So ids depend on the store alone, never on the timing of threads.
/// Memory: 32 bytes a ranked digest + 256 KiB; about 150 bytes for each of the others, which a
/// healthy store hardly has.
class DigestTable {
 public:
  DigestTable() = default;
  /// `ranked` must be sorted and without duplicates.
  explicit DigestTable(std::vector<Sha256> ranked);

  std::optional<DigestId> find(const storage::Digest& digest) const;

  /// Has the processor fetch what find() will look at. Of many digests, do so for each of them
  /// before finding the first: then the waits for memory overlap.
  void prefetch(const storage::Digest& digest) const noexcept;

  /// Returns the digest's id and whether it is new. Safe from many threads, until seal().
  std::pair<DigestId, bool> intern(const storage::Digest& digest);

  /// Numbers the late digests by rank. Returns the new id of each late digest by its old position
  /// behind the ranked ones. Not safe beside other calls.
  std::vector<DigestId> seal();

  /// Safe beside intern(), for an id that is known.
  storage::Digest operator[](DigestId id) const;
  std::size_t size() const noexcept { return ranked_.size() + late_.size(); }
  std::size_t ranked_size() const noexcept { return ranked_.size(); }

  /// Compares two digests' text by their ids.
  bool less(DigestId a, DigestId b) const;

 private:
  /// Held while late digests are looked at, for as long as more of them may come.
  std::unique_lock<std::mutex> lock_late() const;

  struct Hash {
    std::size_t operator()(const storage::Digest& digest) const noexcept;
  };

  std::vector<Sha256> ranked_;
  std::vector<std::uint32_t> bucket_;  // 65,537 rows by the first two bytes: sha256 spreads evenly
  std::vector<storage::Digest> late_;
  std::unordered_map<storage::Digest, DigestId, Hash> late_ids_;
  bool sealed_ = false;  // late_ does not move any more
  mutable std::unique_ptr<std::mutex> late_mutex_ = std::make_unique<std::mutex>();
};

}  // namespace regsweep::analyzer
