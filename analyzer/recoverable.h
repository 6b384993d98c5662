#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/closure.h"
#include "analyzer/name_pattern.h"
#include "analyzer/survey.h"
#include "storage/digest.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// A manifest that may become a tag.
struct Candidate {
  storage::Digest digest;
  std::int64_t seconds = 0;   ///< when a tag came to mean it or it was pushed, since 1970; of a
                              ///< deleted revision when it was deleted; 0: not known
  bool has_revision = false;  ///< its repository still links it
  ManifestType type = ManifestType::kUnreadable;
  Bytes size;               ///< distinct present blobs that a pull needs
  std::vector<Lack> lacks;  ///< what a pull would miss; empty: it is whole
};

/// What a tag's `current/link` says.
enum class TagNow : std::uint8_t {
  kMeans,    ///< a digest
  kNothing,  ///< there is none: the tag is half deleted
  kDamaged,  ///< it holds no digest, or cannot be read
};

/// A tag that meant something else before.
struct TagPast {
  std::string tag;
  TagNow now = TagNow::kMeans;
  std::optional<storage::Digest> means;  ///< set if kMeans
  std::int64_t pushed_seconds = 0;       ///< of what it means now; 0: not known
  std::vector<Candidate> before;         ///< newest first; then by digest
};

/// What of a repository can come back.
struct RepositoryPast {
  std::string name;
  std::vector<TagPast> tags;        ///< by name
  std::vector<Candidate> untagged;  ///< images that no tag means or meant, newest first
};

/// Whose past is looked at.
struct PastFilter {
  NamePattern repository;
  std::optional<NamePattern> tag;  ///< then only tags of such names, and nothing untagged
};

/// What can come back.
struct Recoverable {
  std::vector<RepositoryPast> repositories;  ///< by name; those without anything left out
  std::vector<std::string> problems;         ///< what could not be looked at, by path
};

/// Looks for it in the repositories that one of the filters fits (in all, if there is none):
/// entries of tags' indexes, tags without a current link, revisions that no tag reaches, and
/// directories of revisions whose link was deleted, as long as the manifest's blob is there or its
/// revision is linked. Children of indexes and manifests with a present subject are no images that
/// lost a tag. Reads manifests that no repository links; hashes nothing; changes nothing. Runs in
/// the caller's TBB arena. Source: distribution registry/storage/tagstore.go, Tag and Untag;
/// registry/handlers/manifests.go, DeleteManifest.
Recoverable find_recoverable(const storage::Store& store, const Survey& survey,
                             const std::vector<PastFilter>& filters);

/// An entry of a tag's index: a digest that the tag means or meant.
struct TagIndexEntry {
  storage::Digest digest;
  storage::FileFacts facts;  ///< of its link: when the tag came to mean it
};

/// The entries of a tag's index that have a link, by algorithm and digest. What could not be listed
/// is added to `problems`, unless that is null.
std::vector<TagIndexEntry> tag_entries(const storage::Store& store, const std::string& repository,
                                       const std::string& tag, std::vector<std::string>* problems);

}  // namespace regsweep::analyzer
