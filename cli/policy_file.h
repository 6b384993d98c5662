#pragma once

#include <string>
#include <vector>

#include "analyzer/retention.h"
#include "storage/result.h"

namespace regsweep::cli {

/// Reads retention policies from a YAML file (docs/prune.md). kUsage, with the place and what is
/// wrong: it cannot be read, an unknown key, a bad pattern or age, a policy that tells no tags
/// apart, or no policy at all.
storage::Result<std::vector<analyzer::RetentionPolicy>> read_policy_file(const std::string& path);

/// The pattern that protects what most pulls mean, unless the user says otherwise.
inline constexpr std::string_view kProtected = "latest";

}  // namespace regsweep::cli
