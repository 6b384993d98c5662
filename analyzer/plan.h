#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/deletion.h"
#include "analyzer/repair_rules.h"
#include "analyzer/survey.h"
#include "storage/store.h"
#include "storage/sweeper.h"

namespace regsweep::analyzer {

/// What may be swept. Everything but unreachable blobs must be asked for.
struct PlanRules {
  bool untagged = false;    ///< revisions that no tag needs, with what only they use
  bool dead_links = false;  ///< layer links no manifest of the repository needs, or to nothing
  bool temporary = false;   ///< "*.tmp" files
  bool stale_tags = false;  ///< entries of tags' indexes that are of the past
  bool empty = false;       ///< empty directories and repositories
  std::optional<std::int64_t> uploads_age_seconds;  ///< unfinished uploads at least this old
  std::int64_t min_age_seconds = 24 * 3600;         ///< younger objects are kept
  std::optional<std::uint64_t> enough_bytes;        ///< stop when this much is freed
  std::vector<std::string> ignore_damaged;          ///< digests and repositories, item by item
  std::vector<storage::Digest> pinned = {};  ///< in use somewhere: these stay, with what they need
  /// Set: a plan to delete just this; of the other rules only ages and damage count.
  std::optional<Deletions> deletions = {};
};

/// Number and bytes of one class of a plan.
struct PlanTotal {
  std::uint64_t objects = 0;
  Bytes bytes;
};

/// What would be removed, in order, and why nothing is, where that is so.
struct Plan {
  PlanRules rules;
  std::int64_t created_seconds = 0;
  std::string root;
  std::string v2;
  std::string config_path;   ///< of the registry, if the store was found through it
  std::uint64_t device = 0;  ///< of the v2 directory: with its inode, which store this is
  std::uint64_t inode = 0;
  std::string fingerprint;                 ///< sha256 over what the plan was judged by
  std::vector<storage::Removal> removals;  ///< by class, then by path
  std::array<PlanTotal, storage::kRemovalClasses> totals;
  PlanTotal total;
  PlanTotal held_back;                ///< garbage too young to go
  std::vector<std::string> problems;  ///< what could not be looked at, and hence stays
  std::vector<std::string> refusals;  ///< why no blob may be swept; then there are none in it
  std::uint64_t blobs_in_store = 0;
  Bytes bytes_in_store;  ///< of blobs
  bool has_tags = false;
  std::optional<RepairRules> repair;         ///< set: a repair's plan, and `rules` mean nothing
  std::vector<storage::Addition> additions;  ///< of a repair, in the order of placing
};

/// "blob", "revision" and so on, as plans and tables show it.
std::string_view removal_class_name(storage::RemovalClass removal_class) noexcept;
std::optional<storage::RemovalClass> removal_class_of(std::string_view name) noexcept;

/// Adds a removal to a plan's totals.
void count_in(Plan& plan, const storage::Removal& removal);

struct PlanContext {
  std::string root;
  std::string v2;
  std::string config_path;
  std::int64_t now_seconds = 0;
  bool database_lock = false;
  bool harbor = false;  ///< tags are in Harbor's database: they must not decide
};

/// A plan of nothing so far: when and for which store.
Plan begin_plan(const PlanContext& context);

/// Works out a plan: looks at each object once more for its identity and age, and changes nothing.
/// `survey` is as before when it returns (Without), but for which of several names of a file has
/// its bytes. Runs in the caller's TBB arena.
Plan make_plan(const storage::Store& store, Survey& survey, const PlanRules& rules,
               const PlanContext& context);

/// One hash over what tells whether a plan still speaks of the same content: every repository's
/// tags and revisions, and every blob with its size. Hex of a sha256.
std::string fingerprint_of(const Survey& survey);

/// What a survey must find for a plan by these rules.
SurveyOptions survey_options_for(const PlanRules& rules);

}  // namespace regsweep::analyzer
