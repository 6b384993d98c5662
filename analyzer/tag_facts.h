#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/retention.h"
#include "analyzer/survey.h"
#include "analyzer/tag_list.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// What the configs of a tag's images say.
struct TagFacts {
  std::vector<std::string> platforms;  ///< "linux/amd64"; of an index in its order, each once
  std::int64_t created_seconds = 0;  ///< since 1970: of an index's images the newest; 0: not known
};

/// Reads the configs (and indexes) of all tags of these repositories (of all, if none is named),
/// each once. By repository and tag; empty facts for what cannot be read or understood, and for
/// repositories that were not asked for. Attestations, whose platform is "unknown/unknown", are
/// left out. Runs in the caller's TBB arena. Source: OCI image spec, config, `created`.
std::vector<std::vector<TagFacts>> tag_facts(const storage::Store& store, const Survey& survey,
                                             const std::vector<std::uint32_t>& repositories);

/// Fills in what a list of tags does not have from the survey alone: reads the configs of the
/// listed tags. Runs in the caller's TBB arena.
void add_details(const storage::Store& store, const Survey& survey, std::vector<TagLine>& lines);

/// Fills in what each listed tag ever meant, by its index. One listing a tag and a stat an entry;
/// an index that cannot be read leaves it empty. Runs in the caller's TBB arena.
void add_history(const storage::Store& store, const Survey& survey, std::vector<TagLine>& lines);

/// A revision that no tag of its repository leads to.
struct UntaggedRevision {
  std::uint32_t repository = 0;
  DigestId digest = kNoDigest;
  ManifestType type = ManifestType::kUnknown;
  Bytes size;                       ///< distinct blobs it reaches, referrers left out
  std::int64_t linked_seconds = 0;  ///< mtime of its link: when it was pushed; 0 if not known
};

/// Those of these repositories, by repository, the newest first. One stat a revision.
std::vector<UntaggedRevision> untagged_revisions(const storage::Store& store, const Survey& survey,
                                                 const std::vector<std::uint32_t>& repositories);

/// The times alone.
TagTimes created_times(const std::vector<std::vector<TagFacts>>& facts);

}  // namespace regsweep::analyzer
