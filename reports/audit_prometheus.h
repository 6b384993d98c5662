#pragma once

#include <ostream>

#include "analyzer/audit.h"

namespace regsweep::reports {

/// The audit as a file for Prometheus' textfile collector: how large the store is, where its space
/// is, what frees it, findings, and what the `most` largest repositories cost, with one series for
/// all others. Hence the number of series does not grow with the store. Without a time of its own,
/// so that the same store gives the same bytes; the collector adds that of the file. Runs in the
/// caller's TBB arena.
void write_audit_prometheus(const analyzer::Audit& audit, std::size_t most, bool apparent,
                            std::ostream& out);

}  // namespace regsweep::reports
