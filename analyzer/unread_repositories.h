#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Whether a path below the v2 directory is what a registry keeps of a repository: below its
/// `_manifests`, `_layers` or `_uploads`. What else lies below its name is of other repositories.
bool is_of_repository(std::string_view path, std::string_view name);

/// One byte a repository: 1 where a part of it could not be read, so that its tags, revisions and
/// links need not be all that it has.
std::vector<std::uint8_t> unread_repositories(const Survey& survey);

}  // namespace regsweep::analyzer
