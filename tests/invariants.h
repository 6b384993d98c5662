#pragma once

#include "analyzer/audit.h"
#include "tests/naive_store.h"
#include "tests/store_builder.h"

namespace regsweep::tests {

/// What must be true of every audit: rows add up, shares add up, and with --exact the total is
/// `du`'s.
void check_accounts(const analyzer::Audit& audit, const std::string& root);

/// The safe closure and every repository's figures are those of a second reading. For exact audits
/// of stores without hard links.
void check_closure(const analyzer::Audit& audit, const NaiveStore& naive);

/// No registry marks a present blob that the safe closure, with or without untagged revisions, does
/// not keep. Without -m, and with it. For exact audits.
void check_safe_is_superset(const analyzer::Audit& audit);

/// One thread, two and sixteen give the same JSON, byte for byte.
void check_determinism(const StoreBuilder& builder, bool exact);

}  // namespace regsweep::tests
