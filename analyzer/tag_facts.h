#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/retention.h"
#include "analyzer/survey.h"
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

/// The times alone.
TagTimes created_times(const std::vector<std::vector<TagFacts>>& facts);

}  // namespace regsweep::analyzer
