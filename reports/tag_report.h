#pragma once

#include <ostream>
#include <vector>

#include "analyzer/tag_list.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// Prints the tags as a table: repository, tag, digest, type, size, state.
void write_tags_text(const analyzer::Survey& survey, const std::vector<analyzer::TagLine>& tags,
                     const TextOptions& options, std::ostream& out);

/// Prints the tags as one JSON object, schema regsweep.tags/1 (docs/schemas/tags.json).
void write_tags_json(const analyzer::Survey& survey, const std::vector<analyzer::TagLine>& tags,
                     std::ostream& out);

}  // namespace regsweep::reports
