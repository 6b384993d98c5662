#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/backward.h"
#include "analyzer/ref.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// How a chain comes to an object.
enum class StepKind : std::uint8_t {
  kRoot,       ///< the tag means it, or it is the revision
  kReference,  ///< the one before names it
  kAlias,      ///< a link at the one before's path holds it: the same content by another name
  kReferrer,   ///< it names the one before as its subject
};

struct ChainStep {
  DigestId id = kNoDigest;
  StepKind kind = StepKind::kRoot;
  Role role = Role::kLayer;  ///< of a reference
  std::string platform;      ///< of an image, "linux/arm64"; "" until somebody reads it
};

/// A way from a root to an object: each step is one of the safe closure.
struct Chain {
  Ref root;                      ///< a tag, or a revision of one repository
  std::vector<ChainStep> steps;  ///< from what the root means to the object, both included
};

/// The shortest way from a tag, or where no tag leads to it from a revision, to the object that
/// `distances` were measured to (Backward). Of several the first root by repository and tag, or by
/// repository and digest; then at each step the first digest by text. Nothing if no root leads to
/// it.
std::optional<Chain> shortest_chain(const Survey& survey,
                                    const std::vector<std::uint32_t>& distances);

}  // namespace regsweep::analyzer
