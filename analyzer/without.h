#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/damage.h"
#include "analyzer/mark.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// A revision by its place: the link at this digest's path in one repository.
struct RevisionRef {
  std::uint32_t repository = 0;
  DigestId path = kNoDigest;
  auto operator<=>(const RevisionRef&) const = default;
};

/// What somebody thinks of taking away. Links to layers and blobs are never named: what nothing
/// reaches any more is for a collection.
struct Withdrawal {
  std::vector<TagRef> tags;
  std::vector<RevisionRef> revisions;
  bool empty() const noexcept { return tags.empty() && revisions.empty(); }
};

/// A survey without some tags and revisions, as if `tags/<tag>/current/link` and
/// `_manifests/revisions/<alg>/<hex>` were not there, for as long as this object lives. It changes
/// the survey in place and puts back what it took, because a copy of 10 million blobs' graph would
/// cost a gigabyte: nobody else may use the survey meanwhile.
///
///   const Marks before = mark(survey, safe_policy(true));
///   const Marks after = [&] {
///     const Without without(survey, removal);
///     return mark(survey, safe_policy(true));
///   }();
///   const Freed freed = freed_by(survey, before, after);
///
/// Numbers stay: a removed tag keeps its row, with LinkState::kAbsent and no digest, which every
/// policy and collector takes for "not there". Of revisions the links at the digest's own path go;
/// another link whose content names the digest is another revision. A manifest that no tag or
/// revision leads to any more is no manifest meanwhile, and no referrer: a survey of the store
/// would not find it. Rows of Graph::manifests, aliases, flags and the damage found before stay as
/// they were. Duplicates and what is not there are ignored. Costs a copy of the revision links of
/// each repository that is touched, and one walk over the manifests.
class Without {
 public:
  Without(Survey& survey, const Withdrawal& removal);
  ~Without();
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;

 private:
  void take_tags(std::vector<TagRef> tags);
  void take_revisions(std::vector<RevisionRef> revisions);
  void take_stray_links(const Repository& repository, DigestId path);
  void forget_unread_manifests();

  Survey& survey_;
  std::vector<std::pair<TagRef, Tag>> tags_;
  std::vector<std::pair<std::uint32_t, Links>> revisions_;  ///< by repository
  std::vector<StrayLink> stray_links_;                      ///< all, if some were taken
  bool strays_taken_ = false;
  std::vector<std::pair<DigestId, std::uint32_t>> manifests_;  ///< of Graph::manifest_of
  std::vector<std::pair<DigestId, DigestId>> referrers_;  ///< all, if some manifests were taken
};

/// What is pinned, and the manifests that list any of it, sorted: an index is in use if one of its
/// images is.
std::vector<DigestId> manifests_in_use(const Survey& survey);

/// What a collection gets back.
struct Freed {
  std::uint64_t blobs = 0;
  Bytes bytes;
  bool operator==(const Freed&) const = default;
};

/// What is marked before and not after. A file with several names counts once, and only if no name
/// of it stays marked.
Freed freed_by(const Survey& survey, const Marks& before, const Marks& after);

}  // namespace regsweep::analyzer
