#pragma once

#include <string>
#include <vector>

#include "analyzer/repair.h"
#include "tests/store_builder.h"

namespace regsweep::tests {

/// What a repair of the store would be, with blobs from these directories or stores.
analyzer::Repair repair_of(const StoreBuilder& builder, analyzer::RepairRules rules = {},
                           const std::vector<std::string>& from = {}, int threads = 2);

/// Works a repair out and carries it out under the store's lock.
struct Repaired {
  analyzer::Repair repair;
  analyzer::RepairResult result;
};
Repaired repaired(const StoreBuilder& builder, analyzer::RepairRules rules = {},
                  const std::vector<std::string>& from = {});

/// Takes the newest run back.
void undo_last(const StoreBuilder& builder);

/// "class path" of every step, removals with "-" before and additions with "+".
std::vector<std::string> steps_of(const analyzer::Plan& plan);

/// Everything below the root but the quarantine: path, mode, time, content; sorted.
std::vector<std::string> snapshot_of(const StoreBuilder& builder);

/// Content of a file below v2; "(none)" if it is not there.
std::string content_of(const StoreBuilder& builder, const std::string& path);

/// The digest that a name of the builder stands for.
storage::Digest digest_named(const StoreBuilder& builder, const std::string& name);

}  // namespace regsweep::tests
