#pragma once

#include <string>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Whether a registry may find repositories there that were not seen here: a symbolic link among
/// them.
bool may_hide_repositories(const storage::Event& event);

/// Why no blob may be swept: everything that could hold a reference and was not read or not
/// understood, but for the digests and repositories named in `ignored`. Empty if blobs may go.
std::vector<std::string> find_refusals(const Survey& survey, bool database_lock,
                                       const std::vector<std::string>& ignored);

}  // namespace regsweep::analyzer
