#include "analyzer/digest_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <random>

namespace regsweep::analyzer {
namespace {

using storage::Algorithm;
using storage::Digest;

constexpr std::size_t kBuckets = 1U << 16;

std::size_t bucket_of(const std::uint8_t* bytes) noexcept {
  return static_cast<std::size_t>(bytes[0]) << 8 | bytes[1];
}

/// The first eight bytes as a number in the same order: most comparisons need no more.
std::uint64_t prefix_of(const std::uint8_t* bytes) noexcept {
  std::uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

constexpr std::size_t kWords = sizeof(Digest{}.bytes) / sizeof(std::uint64_t);

/// Drawn anew by each process. A digest would be its own best hash, but one that a manifest or a
/// link names is no hash of anything: whoever writes it could choose thousands that all meet in one
/// place.
const std::array<std::uint64_t, kWords>& secret() {
  static const auto drawn = [] {
    std::array<std::uint64_t, kWords> words;
    std::random_device source;
    for (std::uint64_t& word : words) word = std::uint64_t{source()} << 32 | source();
    return words;
  }();
  return drawn;
}

std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::size_t DigestTable::Hash::operator()(const Digest& digest) const noexcept {
  static_assert(kWords % 2 == 0);
  const auto& key = secret();
  std::array<std::uint64_t, kWords> words;
  std::memcpy(words.data(), digest.bytes.data(), sizeof words);
  std::uint64_t hash = static_cast<std::uint64_t>(digest.algorithm);
  for (std::size_t i = 0; i < kWords; i += 2) {
    hash ^= folded_product(words[i] ^ key[i], words[i + 1] ^ key[i + 1]);
  }
  return hash;
}

DigestTable::DigestTable(std::vector<Sha256> ranked) : ranked_(std::move(ranked)) {
  bucket_.resize(kBuckets + 1);
  for (const Sha256& bytes : ranked_) ++bucket_[bucket_of(bytes.data()) + 1];
  std::partial_sum(bucket_.begin(), bucket_.end(), bucket_.begin());
}

std::unique_lock<std::mutex> DigestTable::lock_late() const {
  return sealed_ ? std::unique_lock<std::mutex>() : std::unique_lock(*late_mutex_);
}

std::optional<DigestId> DigestTable::find(const Digest& digest) const {
  if (digest.algorithm == Algorithm::kSha256 && !bucket_.empty()) {
    const std::size_t bucket = bucket_of(digest.bytes.data());
    const std::uint64_t prefix = prefix_of(digest.bytes.data());
    std::size_t begin = bucket_[bucket];
    std::size_t end = bucket_[bucket + 1];
    while (begin < end) {
      const std::size_t middle = begin + (end - begin) / 2;
      const std::uint64_t other = prefix_of(ranked_[middle].data());
      int order = other < prefix ? -1 : other > prefix ? 1 : 0;
      if (order == 0) order = std::memcmp(ranked_[middle].data(), digest.bytes.data(), 32);
      if (order == 0) return digest_id(middle);
      if (order < 0) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
  }
  const auto lock = lock_late();
  const auto late = late_ids_.find(digest);
  if (late == late_ids_.end()) return std::nullopt;
  return late->second;
}

void DigestTable::prefetch(const Digest& digest) const noexcept {
  if (digest.algorithm != Algorithm::kSha256 || bucket_.empty()) return;
  constexpr std::size_t kPerLine = 64 / sizeof(Sha256);
  constexpr std::size_t kMost = 8 * kPerLine;  // of a bucket that is larger, none is likelier
  const std::size_t bucket = bucket_of(digest.bytes.data());
  const std::size_t end = std::min<std::size_t>(bucket_[bucket + 1], bucket_[bucket] + kMost);
  for (std::size_t at = bucket_[bucket]; at < end; at += kPerLine) {
    __builtin_prefetch(ranked_.data() + at);
  }
}

std::pair<DigestId, bool> DigestTable::intern(const Digest& digest) {
  if (const auto known = find(digest)) return {*known, false};
  const std::lock_guard lock(*late_mutex_);
  const auto [at, is_new] = late_ids_.try_emplace(digest, digest_id(size()));
  if (is_new) late_.push_back(digest);
  return {at->second, is_new};
}

std::vector<DigestId> DigestTable::seal() {
  std::vector<std::uint32_t> order(late_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return late_[a] < late_[b]; });
  std::vector<DigestId> renumbered(late_.size());
  std::vector<Digest> sorted(late_.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    renumbered[order[rank]] = digest_id(ranked_.size() + rank);
    sorted[rank] = late_[order[rank]];
  }
  late_ = std::move(sorted);
  sealed_ = true;
  for (auto& [digest, id] : late_ids_) id = renumbered[row(id) - ranked_.size()];
  return renumbered;
}

Digest DigestTable::operator[](DigestId id) const {
  if (row(id) >= ranked_.size()) {
    const auto lock = lock_late();
    return late_[row(id) - ranked_.size()];
  }
  Digest digest;
  std::copy(ranked_[row(id)].begin(), ranked_[row(id)].end(), digest.bytes.begin());
  return digest;
}

bool DigestTable::less(DigestId a, DigestId b) const {
  if (row(a) < ranked_.size() && row(b) < ranked_.size()) return a < b;
  return (*this)[a] < (*this)[b];
}

}  // namespace regsweep::analyzer
