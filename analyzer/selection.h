#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Which blobs of a store a partial run reads. All conditions hold at once.
struct Selection {
  std::uint32_t shard = 1;   ///< 1 to shards
  std::uint32_t shards = 1;  ///< every blob is in exactly one, by its digest alone
  double sample_percent = 100;
  std::uint64_t seed = 0;  ///< of the sample
  /// Of the blobs that are there only those with an mtime after this. Missing ones have none: it
  /// costs nothing to tell of them.
  std::optional<std::int64_t> newer_than_seconds;
  std::vector<std::string> repositories;  ///< only what these reach or link; empty: all
};

/// Whether a digest is in the shard. For any number of shards they are disjoint and complete.
bool in_shard(const storage::Digest& digest, const Selection& selection) noexcept;

/// Whether a digest is in the sample: about `sample_percent` of all, the same ones for the same
/// seed.
bool in_sample(const storage::Digest& digest, const Selection& selection) noexcept;

/// Whether a selection is about a repository: one that it names, or any if it names none.
bool is_selected(const Repository& repository, const Selection& selection);

/// What the selection is about, whatever shard or sample: 1 a digest for repositories and age.
std::vector<std::uint8_t> scope(const Survey& survey, const Selection& selection);

/// The blobs in scope, shard and sample that have a regular file, by id.
std::vector<DigestId> choose(const Survey& survey, const Selection& selection,
                             const std::vector<std::uint8_t>& in_scope);

}  // namespace regsweep::analyzer
