#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/damage.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// What one tag costs. Exclusive bytes of tags may be added, sizes may not.
struct TagFigures {
  TagRef tag;
  Bytes size;       ///< distinct blobs it reaches, referrers left out
  Bytes exclusive;  ///< of these, those no other tag of the store reaches
};

/// Every tag that means a digest, by repository and name. Two tags on one digest have no exclusive
/// bytes: neither frees anything alone. Costs one walk a tag, and 4 bytes a digest + 4 bytes a
/// digest and thread; no I/O. Runs in the caller's TBB arena.
std::vector<TagFigures> tag_figures(const Survey& survey);

}  // namespace regsweep::analyzer
