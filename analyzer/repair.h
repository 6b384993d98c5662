#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/apply.h"
#include "analyzer/content_scan.h"
#include "analyzer/lost_manifests.h"
#include "analyzer/plan.h"
#include "storage/blob_source.h"
#include "storage/store.h"
#include "storage/sweeper.h"

namespace regsweep::analyzer {

/// Something that is not as it should be and that a repair does not touch.
struct LeftAlone {
  std::string path;    ///< below v2, or a source's file
  std::string reason;  ///< why it is left
  auto operator<=>(const LeftAlone&) const = default;
};

/// One thing that a tag lacks.
struct Lack {
  storage::Digest digest;
  std::string what;  ///< "layer", "config", "manifest"
  std::string why;   ///< "is not there", "is empty"
};

/// A tag that cannot be pulled whole after the repair, and why.
struct StillBroken {
  std::string repository;
  std::string tag;
  std::string problem;      ///< with the tag itself: its link holds no digest; else empty
  std::vector<Lack> lacks;  ///< in the order of the manifest, each digest once
};

/// What became of a lost manifest.
struct LostFound {
  LostManifest manifest;
  std::string tag;  ///< what it comes back as, in `repository`; empty if it stays lost
  std::string repository;
  std::string outcome;  ///< why it stays lost; empty without --lost-found
};

/// What a repair does and what it cannot do.
struct Repair {
  Plan plan;
  std::vector<LeftAlone> left;             ///< sorted
  std::vector<std::string> deleted_links;  ///< link directories that a registry's DELETE emptied
  std::vector<LostFound> lost;             ///< by digest
  std::string lost_unknown;                ///< why lost manifests were not looked for, or empty
  std::vector<StillBroken> broken;         ///< after it, in the survey's order
  bool damage_remains = false;  ///< after it, something alive (also untagged) needs what is damaged
  std::uint64_t hashed_blobs = 0;
  std::uint64_t hashed_bytes = 0;
};

/// Works out a repair. Reads the store, hashes what it is going to rely on or to take away, and
/// changes nothing. Runs in the caller's TBB arena.
/// `progress` counts what is read by RepairRules::read_all.
Repair make_repair(const storage::Store& store, const RepairRules& rules,
                   const PlanContext& context, std::span<const storage::BlobSource> sources,
                   ContentProgress& progress);

/// The present blobs that are not what their digests say, by reading every one of them; `problems`
/// gets those that could not be read.
std::vector<storage::Digest> damaged_by_reading(const storage::Store& store, const Survey& survey,
                                                ContentProgress& progress,
                                                std::vector<std::string>& problems);

/// The rules by which a given repair is worked out anew: what it names is hashed, not everything.
RepairRules rules_to_recheck(const Plan& plan);

/// Why a repair's plan does not fit the store as `fresh`, made anew by rules_to_recheck(), shows
/// it; empty if it fits: each step is still due, or was done by an earlier, interrupted apply.
std::string repair_mismatch(const Plan& plan, const Plan& fresh, const storage::Store& store);

/// `fresh` with the steps of `plan`, which must fit it, that are still to be done.
Plan narrowed_repair(Plan fresh, const Plan& plan, const storage::Store& store);

/// What a repair did.
struct RepairResult {
  ApplyEnd end = ApplyEnd::kDone;
  std::string reason;  ///< why it did not come to its end
  std::array<PlanTotal, storage::kRemovalClasses> moved;
  PlanTotal moved_total;
  std::array<std::uint64_t, storage::kAdditionClasses> added{};
  std::uint64_t added_total = 0;
  std::string quarantine_run;  ///< empty if nothing was to be done
};

/// Carries out a repair that was just worked out under the sweeper's lock: stages what is to be
/// added, moves what is damaged to quarantine, and puts the additions in place. `interrupted` is
/// asked until something is moved; from then on it goes through, so that no link is missing longer
/// than it must.
RepairResult carry_out_repair(const Plan& plan, storage::Sweeper& sweeper, ApplyProgress& progress,
                              const std::function<bool()>& interrupted);

/// "blob-data", "layer-link" and so on, as plans show it.
std::string_view addition_class_name(storage::AdditionClass addition_class) noexcept;
std::optional<storage::AdditionClass> addition_class_of(std::string_view name) noexcept;

}  // namespace regsweep::analyzer
