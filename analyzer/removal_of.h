#pragma once

#include <string>
#include <utility>

#include "analyzer/plan.h"
#include "storage/store.h"
#include "storage/sweeper.h"

namespace regsweep::analyzer {

/// A removal of what stands at `path`, by the facts of what it is to be known by
/// (storage::identity_path()). It counts no bytes yet.
inline storage::Removal removal_of(storage::RemovalClass removal_class, std::string path,
                                   const storage::FileFacts& facts, std::string reason) {
  storage::Removal removal;
  removal.removal_class = removal_class;
  removal.path = std::move(path);
  removal.identity = storage::identity_of(facts);
  removal.reason = std::move(reason);
  return removal;
}

/// Notes in a plan which store it is for; that this cannot be told is a problem.
inline void note_store(const storage::Store& store, Plan& plan) {
  if (const auto facts = store.stat_path(".")) {
    plan.device = facts->device;
    plan.inode = facts->inode;
  } else {
    plan.problems.push_back("docker/registry/v2: " + facts.error().message);
  }
}

}  // namespace regsweep::analyzer
