#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/blob_class.h"
#include "analyzer/damage.h"

namespace regsweep::analyzer {

/// A namespace, a repository or a tag, with the blobs at home there and not further down.
struct SpaceNode {
  enum class Kind : std::uint8_t { kNamespace, kRepository, kTag };

  Kind kind = Kind::kNamespace;
  std::uint32_t parent = 0;  ///< its row; the root is its own
  std::uint32_t depth = 0;   ///< steps from the root
  TagRef tag;                ///< of a repository and a tag: which
  ClassSplit own;            ///< blobs at home here
};

/// Every blob of a store at exactly one place, so that the places can be drawn as areas that add
/// up.
///
/// A blob that something keeps is held by each tag that reaches it, with that tag's referrers; in a
/// repository where no tag reaches it but a revision does, by the repository. Garbage is held by
/// the repositories that link it. A blob is at home at the lowest place that has all its holders
/// below it or is the only one: what two tags of one repository share is the repository's, what
/// two repositories of one namespace share is the namespace's. Hence, of a repository with its
/// tags, tagged + untagged = RepositoryFigures::exclusive and garbage = reclaimable.
///
/// Below a namespace are its namespaces and repositories. A repository that has others below it,
/// as `team/app` beside `team/app/worker`, is in the namespace of its own name. One whose name is
/// longer than a registry accepts is in the lowest namespace above it whose name is not.
struct SpaceTree {
  std::vector<SpaceNode> nodes;              ///< parents before what is below them; [0] is the root
  std::vector<std::string> namespaces;       ///< names of the first nodes: "", "team", "team/app"
  std::vector<std::uint32_t> repository_at;  ///< the survey's repositories' rows
  ClassSplit unheld;   ///< alive as a referrer of something alive, in no repository
  ClassSplit orphans;  ///< garbage no repository links

  /// What is at home at each node or below it.
  std::vector<ClassSplit> totals() const;
};

/// Finds where each blob is at home. Costs a walk over what each repository reaches and one over
/// what each tag reaches, 4 bytes a digest + 8 bytes a digest and thread; no I/O. Runs in the
/// caller's TBB arena.
SpaceTree space_tree(const Survey& survey, const Accounts& accounts);

}  // namespace regsweep::analyzer
