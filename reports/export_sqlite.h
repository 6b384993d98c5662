#pragma once

#include <string>

#include "reports/export_tables.h"
#include "storage/result.h"

namespace regsweep::reports {

/// Writes every table into an SQLite database at `path`, which must be absent or empty; nothing
/// else may look at it meanwhile. The same store gives the same file, byte for byte, with the same
/// libsqlite3. The file is not synced; after a failure it is of no use. Memory: a cache of 64 MiB.
storage::Status write_export_sqlite(const ExportModel& model, const std::string& path,
                                    ExportProgress& progress);

}  // namespace regsweep::reports
