#pragma once

#include <cstdint>
#include <ostream>

#include "analyzer/audit.h"
#include "reports/json_values.h"

namespace regsweep::reports {

struct PageOptions {
  std::int64_t now_seconds = 0;    ///< ages count back from here
  std::size_t most_tags = 20'000;  ///< tags that are cells of their own; the smallest are summed up
  std::size_t most_blobs = 50;     ///< largest blobs to list
};

/// What the page of an audit shows. `tree` is every blob at exactly one place: see
/// analyzer::SpaceTree. Runs in the caller's TBB arena, as the other does.
Json page_data(const analyzer::Audit& audit, const PageOptions& options);

/// Writes the page: docs/page.md. The same for the same audit and options.
void write_audit_page(const analyzer::Audit& audit, const PageOptions& options, std::ostream& out);

}  // namespace regsweep::reports
