#pragma once

#include <string>
#include <vector>

#include "analyzer/mark.h"
#include "analyzer/survey.h"
#include "analyzer/without.h"

namespace regsweep::analyzer {

/// A tag that is to go, by name, and what it meant when that was decided: it stays if it means
/// something else by now.
struct DoomedTag {
  std::string repository;
  std::string tag;
  std::string digest;  ///< `alg:hex`; "" if it meant none
  auto operator<=>(const DoomedTag&) const = default;
};

/// A manifest that a repository is to serve no more. The tags that mean it must be named, too: it
/// stays for another one.
struct DoomedRevision {
  std::string repository;
  std::string digest;
  auto operator<=>(const DoomedRevision&) const = default;
};

/// What a user wants to be gone, whatever refers to it.
struct Deletions {
  std::vector<DoomedTag> tags;
  std::vector<DoomedRevision> revisions;
  std::vector<std::string> repositories;  ///< whole, but for repositories below their name
  /// Also what only these kept alive: the revisions that no tag needs any more, and the blobs that
  /// nothing needs.
  bool sweep = false;
  bool garbage_too = false;  ///< with `sweep`, also what nothing needed before
};

/// What was alive before a deletion: reached by tags that could be read, and by anything.
struct AliveBefore {
  Marks tagged;
  Marks live;
};
AliveBefore alive_before(const Survey& survey);

/// A deletion in terms of one survey, and what was alive before it.
struct DeletionScope {
  const Deletions& deletions;
  Withdrawal
      removal;  ///< tags and revisions that are there, those of whole repositories among them
  std::vector<std::uint32_t> repositories;  ///< whole, ascending
  std::vector<std::string> problems;  ///< what means something else, or is meant, by now and stays
  AliveBefore before;                 ///< if it sweeps
};

/// Finds what is to go. What is not there any more is left out, and so is a revision that a tag
/// means which stays, as one may that came after the choice. Runs in the caller's TBB arena.
DeletionScope scope_of(const Survey& survey, const Deletions& deletions);

/// What would be free if just these tags went, with what no other tag needs then: revisions that
/// no tag needed before keep what they have. Exact under sharing, whatever its age; costs a
/// mark. `survey` is as before when it returns. Runs in the caller's TBB arena.
Freed freed_without(Survey& survey, const AliveBefore& before, const std::vector<TagRef>& tags);

}  // namespace regsweep::analyzer
