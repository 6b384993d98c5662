#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "analyzer/verify.h"
#include "reports/text_style.h"
#include "storage/result.h"

namespace regsweep::reports {

/// What a verify found, as a person asks: these tags are broken, by this blob, in these
/// repositories. Takes what verify_json() wrote, so that a merged report reads the same.
/// `options.verbose` names every tag.
void write_verify_text(const std::string& json, const TextOptions& options, std::ostream& out);

/// The report as one JSON object, schema regsweep.verify/1 (docs/schemas/verify.json). Holds no
/// times and no rates: the same store gives the same bytes.
std::string verify_json(const analyzer::Verification& verification);

/// What a merged report says of the store as a whole.
struct MergedVerify {
  std::string json;
  bool complete = false;
  bool live_damage = false;
};

/// Joins the reports of all shards of one store into what a single run would have written.
/// kCorrupt: one is no such report; kUsage: a shard is missing or there twice, they are of
/// different selections, or the store changed between them. `path` of an error is the name of the
/// report.
storage::Result<MergedVerify> merge_verify(
    const std::vector<std::pair<std::string, std::string>>& named_reports);

}  // namespace regsweep::reports
