#pragma once

#include <ostream>

#include "reports/export_model.h"

namespace regsweep::reports {

/// Writes the store as a directory tree that `ncdu -f` and `gdu -f` show: namespaces, repositories,
/// tags, blobs. A blob that stands at several places is a hard link, which they count once, so that
/// the tree's total is the audit's. Source: https://dev.yorhel.nl/ncdu/jsonfmt, version 1.2.
/// Costs two walks over what each tag and each repository reaches; 13 bytes a digest.
void write_export_ncdu(const ExportModel& model, std::ostream& out, ExportProgress& progress);

}  // namespace regsweep::reports
