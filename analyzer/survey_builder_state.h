#pragma once

#include <tbb/concurrent_vector.h>
#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "analyzer/survey_builder.h"

/// What a SurveyBuilder holds between a scan and finish(): for its own two files alone.
namespace regsweep::analyzer {

inline std::uint32_t clamp32(std::uint64_t value) noexcept {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

inline std::uint16_t flags_of(const storage::FileFacts& facts) noexcept {
  std::uint16_t flags = kPresent;
  if (facts.type != storage::FileType::kRegular) flags |= kNotAFile;
  if (facts.type == storage::FileType::kRegular && facts.hard_links > 1) flags |= kHardLinked;
  return flags;
}

/// Bytes count only for regular files: the rest is not the blob's.
inline std::uint64_t size_of(const storage::FileFacts& facts) noexcept {
  return facts.type == storage::FileType::kRegular ? facts.size_bytes : 0;
}
inline std::uint32_t sectors_of(const storage::FileFacts& facts) noexcept {
  return facts.type == storage::FileType::kRegular ? clamp32(facts.allocated_bytes / 512) : 0;
}
inline std::uint32_t mtime_of(const storage::FileFacts& facts) noexcept {
  return clamp32(static_cast<std::uint64_t>(std::max<std::int64_t>(facts.mtime_seconds, 0)));
}

struct SurveyBuilder::BlobRecord {
  Sha256 digest;
  std::uint64_t size_bytes;
  std::uint32_t sectors;
  std::uint32_t mtime_seconds;
  std::uint16_t flags;
};

/// A digest met after the blobs were ranked: missing, of another algorithm, or pushed meanwhile.
struct SurveyBuilder::LateNode {
  bool looked_up = false;
  bool present = false;
  bool unknown = false;  ///< the system would not say whether it is there
  bool claimed = false;
  storage::FileFacts facts;
};

struct SurveyBuilder::RepositoryState {
  std::mutex mutex;
  Repository repository;
};

struct SurveyBuilder::Shared {
  std::array<std::vector<BlobRecord>, 256> shards;
  std::mutex other_mutex;
  std::vector<storage::BlobEntry> other_blobs;  ///< of algorithms no registry stores under
  std::vector<std::tuple<storage::Digest, std::uint64_t, std::uint64_t>> hard_links;
  std::unique_ptr<std::atomic<std::uint8_t>[]> claimed;
  mutable std::mutex late_mutex;
  std::vector<LateNode> late;
  tbb::concurrent_vector<std::unique_ptr<RepositoryState>> repositories;
  tbb::concurrent_vector<Upload> uploads;
  tbb::concurrent_vector<storage::Event> events;
  tbb::concurrent_vector<storage::WalkEntry> walk;
  tbb::concurrent_vector<StrayLink> stray_links;
  tbb::concurrent_vector<std::pair<DigestId, DigestId>> aliases;
  tbb::enumerable_thread_specific<ManifestCollector> collectors;
  std::atomic<bool> changed{false};
  std::mutex large_mutex;  ///< held while a document is read that is larger than a manifest may be
};

}  // namespace regsweep::analyzer
