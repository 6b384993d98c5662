#pragma once

#include <string>
#include <vector>

#include "analyzer/deletion.h"
#include "analyzer/ref.h"

namespace regsweep::analyzer {

/// What else a deletion touches, or leaves with less than it had.
struct ChosenRef {
  Ref ref;
  /// Other tags of the repository that mean the same digest: with a tag they stay, with a revision
  /// they go.
  std::vector<TagRef> siblings;
  std::vector<DigestId> referrers;  ///< manifests with it as their subject, by text
  std::vector<TagRef> signatures;   ///< tags named after the digest, as cosign does it
  std::vector<DigestId> parents;    ///< manifests that list it, by text
  std::vector<std::string> below;   ///< repositories below a whole one, which stay
};

/// Why something that a user named cannot be deleted.
enum class ChoiceProblem : std::uint8_t {
  kNone,
  kNoRepository,     ///< a digest alone: of which repository?
  kIsLayer,          ///< the repository links it as a layer: it goes with what needs it
  kWholeRepository,  ///< a repository, and the user did not say that whole ones may go
  kInUse,            ///< it, an image of it, or something in the repository is pinned
  kStrayFile,        ///< a file stands where only tags should be
};

/// Whether a resolved name can be deleted. `in_use`: manifests_in_use() of the survey.
ChoiceProblem problem_of(const Survey& survey, const Ref& ref, bool whole_repositories,
                         const std::vector<DigestId>& in_use);

/// What else is touched if these go. One pass over the references for all; no I/O.
std::vector<ChosenRef> choose(const Survey& survey, const std::vector<Ref>& refs);

/// What is to go for what was chosen: a tag alone; a revision with the tags of its repository that
/// mean it, as the API's DELETE by digest does; a repository whole. Source: distribution v2.8.2
/// registry/handlers/manifests.go, DeleteManifest.
Deletions deletions_for(const Survey& survey, const std::vector<ChosenRef>& chosen);

}  // namespace regsweep::analyzer
