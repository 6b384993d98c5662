#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/damage.h"
#include "analyzer/finding.h"
#include "analyzer/hazard.h"
#include "analyzer/known.h"
#include "analyzer/savings.h"
#include "analyzer/survey.h"
#include "storage/store.h"

namespace regsweep::analyzer {

struct AuditOptions {
  bool exact = false;                        ///< visit every inode: the total is what `du` says
  const KnownList* known = nullptr;          ///< compare with it
  std::vector<storage::Digest> pinned = {};  ///< in use somewhere: see Survey::pinned
  storage::Interrupted interrupted = {};     ///< ends the reading early: see Survey::interrupted
  FindingContext context;
};

/// Everything an audit knows. What reports print comes from here and from nowhere else.
struct Audit {
  Survey survey;
  Accounts accounts;
  Damage damage;
  std::vector<Hazard> hazards;
  std::vector<Finding> findings;
  std::vector<std::string> refusals;  ///< why no blob may be swept as things are
  SpaceRow old_uploads;
  std::vector<Saving> frees_most;  ///< none if the survey is not complete
  std::optional<storage::DiskFigures> disk;
  std::optional<KnownComparison> known;  ///< if there was something to compare with
  FindingContext context;
  bool live_damage = false;  ///< something alive needs damaged content
};

/// Reads the store, and a second time if it seems damaged: damage that is not the same twice is a
/// change, and then the survey is not complete. `damage` becomes what was found.
Survey confirmed_survey(const storage::Store& store, const SurveyOptions& options, Damage& damage);

/// Reads the store and draws every conclusion. Never fails: what could not be read is a finding,
/// and then the survey is not complete. Runs in the caller's TBB arena.
Audit audit(const storage::Store& store, const AuditOptions& options);

}  // namespace regsweep::analyzer
