#pragma once

#include <string>

#include "analyzer/audit.h"
#include "tests/store_builder.h"

namespace regsweep::tests {

/// Compares text with the file of that name in tests/golden; REGSWEEP_GOLDEN=write writes it anew.
void expect_golden(const std::string& name, const std::string& text);

/// Writes a store with some of everything that a report has a line for.
void write_golden_store(StoreBuilder& store);

/// The audit as it would be on a file system of 4 KiB blocks, at /var/lib/registry.
analyzer::Audit steady_audit(const StoreBuilder& store);

}  // namespace regsweep::tests
