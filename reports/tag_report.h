#pragma once

#include <ostream>
#include <vector>

#include "analyzer/tag_facts.h"
#include "analyzer/tag_list.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// What a list of tags shows, in the order in which it is shown.
struct TagReport {
  std::vector<analyzer::TagLine> tags;
  bool with_history = false;
  bool with_untagged = false;
  std::vector<analyzer::UntaggedRevision> untagged;
};

/// Prints the tags as a table, digests shortened but with -v, which also names the first of the
/// other tags on each digest.
void write_tags_text(const analyzer::Survey& survey, const TagReport& report,
                     const TextOptions& options, std::ostream& out);

/// Prints the tags as one JSON object, schema regsweep.tags/1 (docs/schemas/tags.json).
void write_tags_json(const analyzer::Survey& survey, const TagReport& report, std::ostream& out);

/// Prints the tags alone, RFC 4180 with a line of names; several platforms are one field.
void write_tags_csv(const analyzer::Survey& survey, const TagReport& report, std::ostream& out);

}  // namespace regsweep::reports
