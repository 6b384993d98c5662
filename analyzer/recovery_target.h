#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/survey.h"
#include "storage/digest.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// A tag and what it shall mean.
struct RecoveryTarget {
  std::uint32_t repository = 0;  ///< row of Survey::repositories
  std::string tag;               ///< need not be there
  storage::Digest digest;
  bool operator==(const RecoveryTarget&) const = default;
};

enum class TargetOutcome : std::uint8_t {
  kFound,
  kNotATarget,         ///< not of the form repository:tag@digest, or too few digits
  kBadTag,             ///< no registry accepts a tag of such a name
  kUnknownRepository,  ///< no repository has this name
  kUnknownDigest,      ///< nothing here has or names such a digest
  kAmbiguous,          ///< several digests begin so
};

/// What became of a user's text.
struct ResolvedTarget {
  TargetOutcome outcome = TargetOutcome::kNotATarget;
  RecoveryTarget target;                    ///< if found; else as far as it got
  std::vector<std::string> suggestions;     ///< repositories near in spelling
  std::vector<storage::Digest> candidates;  ///< if ambiguous: some, by digest
  std::uint64_t candidate_count = 0;        ///< if ambiguous: of all
};

/// Reads "team/app:1.0@sha256:ab12…", with a registry's host in front or without. A short digest
/// means the one that begins so among those that the tag meant or the repository links; if there is
/// none, among the manifests in the store. At least 4 digits with the algorithm, 6 without.
ResolvedTarget resolve_target(const storage::Store& store, const Survey& survey,
                              std::string_view text);

}  // namespace regsweep::analyzer
