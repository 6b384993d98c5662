#pragma once

#include "analyzer/audit.h"
#include "reports/json_values.h"

namespace regsweep::reports {

/// The places where blobs are at home, for the page's treemap. At most `most_tags` tags are nodes;
/// the smallest ones of each repository become one, "smaller".
///
/// {"nodes": [[kind, parent, name, own…]…], "unheld": own, "orphans": own}: parents come first, the
/// root is its own; `own` is one number for no blobs, 0, or an array: blobs, then tagged, untagged
/// and garbage bytes apparent, then the three allocated. A "smaller" node has the number of its
/// tags as its name.
Json page_tree(const analyzer::Audit& audit, std::size_t most_tags);

}  // namespace regsweep::reports
