#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/attribute.h"
#include "analyzer/mark.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// The rows into which every object of a store falls, each in exactly one.
enum class SpaceClass : std::uint8_t {
  kTagged,      ///< blobs reached by a tag
  kUntagged,    ///< blobs that only untagged revisions reach
  kGarbage,     ///< blobs that nothing reaches
  kUploads,     ///< files of unfinished uploads
  kQuarantine,  ///< files that an apply moved away
  kOther,       ///< files no registry needs: strays, temporary files, what lies beside the store
  kStructure,   ///< links and directories
};
inline constexpr std::size_t kSpaceClasses = 7;

struct SpaceRow {
  std::uint64_t objects = 0;
  Bytes bytes;
  bool estimated = false;  ///< counted, but not every one was sized (see Survey::exact)
};

/// Where the bytes of a store are.
struct Accounts {
  std::array<SpaceRow, kSpaceClasses> space;
  SpaceRow total;
  std::vector<RepositoryFigures> repositories;  ///< by the survey's repositories
  Bytes garbage_of_one;      ///< garbage that one repository links: the sum of `reclaimable`
  Bytes garbage_of_several;  ///< garbage that several repositories link
  Bytes garbage_of_none;     ///< orphans
  Bytes shared;              ///< reached by several repositories
  Marks live_by_tag;         ///< reached by a tag: what --untagged would keep
  Marks live;                ///< reached by a tag or a revision

  const SpaceRow& operator[](SpaceClass c) const { return space[static_cast<std::size_t>(c)]; }
  SpaceRow& operator[](SpaceClass c) { return space[static_cast<std::size_t>(c)]; }
};

/// How many of each thing a store has.
struct StoreCounts {
  std::uint64_t repositories = 0;
  std::uint64_t tags = 0;  ///< that can be read
  std::uint64_t revisions = 0;
  std::uint64_t layer_links = 0;
  std::uint64_t blobs = 0;  ///< that are there
};
StoreCounts counts_of(const Accounts& accounts) noexcept;

/// Counts everything once. Notes in the survey's flags which blobs share their file with another,
/// so that later sums agree. Runs in the caller's TBB arena; no I/O.
Accounts account(Survey& survey);

}  // namespace regsweep::analyzer
