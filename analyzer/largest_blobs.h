#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/blob_class.h"

namespace regsweep::analyzer {

inline constexpr std::size_t kMostOwners = 16;  ///< a large blob names no more

/// A large blob and who has it.
struct LargeBlob {
  DigestId id = kNoDigest;
  SpaceClass space_class = SpaceClass::kGarbage;
  std::uint64_t repositories = 0;     ///< that reach it; of garbage, that link it
  std::vector<std::uint32_t> owners;  ///< the first of these by name, at most kMostOwners
};

/// The `most` blobs that take most on disk, the largest first, then by digest. Costs a walk over
/// what each repository reaches; no I/O. Runs in the caller's TBB arena.
std::vector<LargeBlob> largest_blobs(const Survey& survey, const Accounts& accounts,
                                     std::size_t most);

}  // namespace regsweep::analyzer
