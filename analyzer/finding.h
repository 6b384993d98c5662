#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/damage.h"
#include "analyzer/hazard.h"

namespace regsweep::analyzer {

enum class Concern : std::uint8_t { kNote, kWarning, kDanger };

/// What can be wrong with a store. The words for each are in reports/finding_text.cpp.
enum class FindingCode : std::uint8_t {
  kUnreadable,       ///< something could not be read: the figures are incomplete
  kInterrupted,      ///< the user ended the reading before all was looked at
  kChanged,          ///< the store was written to meanwhile
  kDatabaseManaged,  ///< another database says what is alive
  kHarborManaged,    ///< Harbor's database says which images have a tag
  kProxyCache,
  kBrokenTags,
  kEmptyBlobs,
  kMissingBlobs,
  kWrongSizeBlobs,
  kBlobsNotFiles,
  kHollowIndexes,
  kNotUnderstood,  ///< manifests in which references may hide
  kDamagedRevisionLinks,
  kDamagedTagLinks,
  kDamagedLayerLinks,
  kCrossedRevisionLinks,  ///< their content names another digest than their path
  kCrossedLayerLinks,
  kDanglingRevisions,
  kDanglingLayerLinks,
  kTagsWithoutRevision,
  kTagsWithoutCurrent,
  kStrayInTags,
  kCollectorBreaksTags,
  kCollectorDropsReferrers,
  kCollectorAborts,
  kBadRepositoryNames,
  kSymlinks,
  kSpecialFiles,
  kStrayFiles,
  kStrayDirectories,
  kTemporaryFiles,
  kBlobsWithoutData,
  kEmptyDirectories,
  kEmptyRepositories,
  kStaleTagIndex,
  kOldUploads,
  kSparseIndexes,
  kForeignLayers,
  kRefusedManifests,  ///< a registry's collector refuses them; we do not
  kNoTags,
  kNoRepositories,
  kNoBlobs,
};

/// One row of the report's last section.
struct Finding {
  FindingCode code = FindingCode::kUnreadable;
  Concern concern = Concern::kNote;
  std::uint64_t objects = 0;          ///< how many there are; `subjects` may name fewer
  std::vector<std::string> subjects;  ///< digests, repositories, tags or paths; names are raw bytes
  Bytes bytes;                        ///< where bytes are what matters
  std::string detail;                 ///< the registry's or the system's own words
  std::optional<Hazard> hazard;       ///< for the kCollector… codes
};

inline constexpr std::size_t kMostSubjects = 100;  ///< a finding names no more

/// What only the caller knows.
struct FindingContext {
  std::string root;
  std::string store = {};  ///< what the user would give as STORE, raw
  bool database_lock = false;
  bool harbor = false;
  bool proxy_cache = false;
  std::int64_t now_seconds = 0;
  std::int64_t upload_age_seconds = 7 * 24 * 3600;  ///< the registry's own purging age
};

/// Of which repositories and digests there is to be told. What is of neither, as what could not be
/// read, is always told.
struct FindingScope {
  std::function<bool(const Repository&)> has_repository = [](const Repository&) { return true; };
  std::function<bool(DigestId)> has_digest = [](DigestId) { return true; };
};

/// Everything wrong or worth knowing, the gravest first; the order is fixed.
std::vector<Finding> find_all(const Survey& survey, const Accounts& accounts, const Damage& damage,
                              const std::vector<Hazard>& hazards, const FindingContext& context,
                              const FindingScope& scope = {});

/// Whether content or a link that something alive needs is damaged: exit code 3.
bool live_damage(const Survey& survey, const Accounts& accounts, const Damage& damage);

/// The same for links alone: one that holds no digest, or a tag whose revision link is missing.
bool live_link_damage(const Survey& survey, const Accounts& accounts,
                      const FindingScope& scope = {});

/// Whether an upload was begun, and last written to, at least an age in seconds ago. A registry's
/// own purging looks at its beginning alone.
bool is_old_upload(const Upload& upload, std::int64_t now_seconds,
                   std::int64_t age_seconds) noexcept;

/// How many such uploads there are, and their bytes: what a sweep takes.
SpaceRow old_uploads(const Survey& survey, std::int64_t now_seconds, std::int64_t age_seconds);

}  // namespace regsweep::analyzer
