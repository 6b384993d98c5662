#pragma once

#include <algorithm>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Whether a repository's links, which are sorted by text, have one at this digest's path, whatever
/// it holds.
inline bool has_path(const Graph& graph, const Links& links, DigestId id) {
  return std::binary_search(links.paths.begin(), links.paths.end(), id,
                            [&](DigestId a, DigestId b) { return graph.digests.less(a, b); });
}

}  // namespace regsweep::analyzer
