#pragma once

#include <ostream>
#include <string>

#include "analyzer/audit.h"

namespace regsweep::reports {

struct TextOptions {
  bool raw_bytes = false;  ///< sizes as plain numbers of bytes
  bool apparent = false;   ///< st_size instead of what the disk holds
  bool color = false;
  bool verbose = false;  ///< every subject of a finding
  std::size_t most_repositories = 10;
  std::size_t width = 0;  ///< columns of the terminal; 0: as wide as it gets
};

/// Prints the audit for a person.
void write_audit_text(const analyzer::Audit& audit, const TextOptions& options, std::ostream& out);

}  // namespace regsweep::reports
