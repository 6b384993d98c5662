#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/mark.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// The share of one group of repositories, or of one repository. size = exclusive + shared. Sizes
/// of two groups must not be added, exclusive and reclaimable bytes may. Source of the rules:
/// docs/repos.md.
struct RepositoryFigures {
  std::uint64_t tags = 0;
  std::uint64_t revisions = 0;
  std::uint64_t layer_links = 0;
  Bytes size;                            ///< distinct blobs that its tags and revisions reach
  Bytes exclusive;                       ///< of these, those nobody else reaches
  Bytes shared;                          ///< the rest
  Bytes untagged;                        ///< of its size, what only its untagged revisions reach
  Bytes reclaimable;                     ///< garbage that it alone links
  std::int64_t newest_push_seconds = 0;  ///< of its tags, since 1970; 0 if none is known
};

/// Who has what, and the garbage that is nobody's alone.
struct Attribution {
  std::vector<RepositoryFigures> groups;
  Bytes garbage_of_one;      ///< garbage that one group links: the sum of `reclaimable`
  Bytes garbage_of_several;  ///< garbage that several groups link
  Bytes garbage_of_none;     ///< orphans
  Bytes shared;              ///< reached by several groups
};

/// Shares a store out among groups: `group_of` names the group of each of the survey's
/// repositories, all below `groups`. `live` is what a tag or revision reaches. Costs one walk over
/// what each group reaches, and 8 bytes a digest + 4 bytes a digest and thread, of eight at most,
/// while it runs. Runs in the caller's TBB arena.
Attribution attribute(const Survey& survey, const Marks& live,
                      std::span<const std::uint32_t> group_of, std::size_t groups);

/// Shares it out among the repositories.
Attribution attribute(const Survey& survey, const Marks& live);

}  // namespace regsweep::analyzer
