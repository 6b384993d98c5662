#pragma once

#include "analyzer/audit.h"
#include "analyzer/grouping.h"
#include "reports/sheet.h"

namespace regsweep::reports {

/// Repositories, or groups of them, with what each costs. The column RECLAIMABLE with its rest adds
/// up to the store's garbage, EXCLUSIVE to what tags and revisions keep. Runs in the caller's TBB
/// arena, as the others here do.
Sheet repository_sheet(const analyzer::Audit& audit, const analyzer::GroupOptions& options);

/// Tags with what each costs. EXCLUSIVE with its rest adds up to what tags keep.
Sheet tag_sheet(const analyzer::Audit& audit, std::string_view prefix);

/// Blobs by media type.
Sheet media_type_sheet(const analyzer::Audit& audit);

/// Blobs by the age of their file: when they were pushed first.
Sheet blob_age_sheet(const analyzer::Audit& audit, std::int64_t now_seconds);

/// Tags by when they were pushed last, with what would go if these and all older ones went.
Sheet push_age_sheet(const analyzer::Audit& audit, std::int64_t now_seconds);

/// The largest blobs with the repositories that have them.
Sheet largest_blob_sheet(const analyzer::Audit& audit, std::size_t most);

}  // namespace regsweep::reports
