#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/plan.h"
#include "analyzer/recovery_target.h"
#include "analyzer/repair.h"
#include "analyzer/survey.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// What becomes of one tag.
struct TagRecovery {
  std::string repository;
  std::string tag;
  storage::Digest digest;                 ///< what it is to mean
  std::optional<storage::Digest> before;  ///< what it means now, if that is a digest
  bool is_new = false;                    ///< no such tag is there
  std::uint64_t entries = 0;              ///< of its index, that it comes back with
  std::uint64_t steps = 0;                ///< what is to be moved and added; 0: it is as wanted
  ManifestType type = ManifestType::kUnreadable;
  Bytes size;               ///< distinct present blobs that a pull needs
  std::vector<Lack> lacks;  ///< why the manifest is not whole: then nothing is done
  std::string obstacle;     ///< another reason for that; empty if there is none
};

/// What makes tags mean other digests.
struct Recovery {
  Plan plan;                      ///< without steps if a tag cannot be recovered, or with refusals
  std::vector<TagRecovery> tags;  ///< in the order of the targets, each once
  bool is_incomplete = false;     ///< what forbids it may only be that something was not read
  std::uint64_t hashed_blobs = 0;
  std::uint64_t hashed_bytes = 0;

  bool is_possible() const;
};

/// Works it out: hashes all that the manifests reach, since a registry serves through the links
/// that are added; changes nothing. The tag's directory goes to quarantine if something stands in
/// place of its current link, and comes back with all its entries; revision and layer links that
/// the repository lacks are added. Each tag must be named once only. Runs in the caller's TBB
/// arena. `survey` must have read layer links. carry_out_repair() carries it out.
Recovery make_recovery(const storage::Store& store, const Survey& survey,
                       const PlanContext& context, const std::vector<RecoveryTarget>& targets);

}  // namespace regsweep::analyzer
