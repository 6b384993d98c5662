#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/saved_audit.h"

namespace regsweep::reports {

/// A number in the older and in the newer audit; both at most 2^63 - 1.
struct Change {
  std::uint64_t before = 0;
  std::uint64_t after = 0;

  std::int64_t by() const noexcept { return static_cast<std::int64_t>(after - before); }
  /// How far apart, whatever the direction.
  std::uint64_t distance() const noexcept {
    return after > before ? after - before : before - after;
  }
  Change& operator+=(const Change& other) noexcept {
    before += other.before;
    after += other.after;
    return *this;
  }
  bool operator==(const Change&) const = default;
};

/// The same of sizes in bytes.
struct BytesChange {
  Change apparent;
  Change allocated;

  BytesChange& operator+=(const BytesChange& other) noexcept {
    apparent += other.apparent;
    allocated += other.allocated;
    return *this;
  }
  bool operator==(const BytesChange&) const = default;
};

/// What of one of the two audits is told beside the changes.
struct DiffSide {
  std::string file;
  std::string root;
  bool complete = false;
  bool exact = false;
};

struct SpaceChange {
  Change objects;
  BytesChange bytes;
  bool estimated = false;  ///< in one of the audits or both
};

/// What can be added across repositories: no blob is in two of them.
struct AdditiveChange {
  Change tags;
  Change revisions;
  Change layer_links;
  BytesChange exclusive;
  BytesChange reclaimable;

  AdditiveChange& operator+=(const AdditiveChange& other) noexcept;
  bool operator==(const AdditiveChange&) const = default;
};

enum class RepositoryState : std::uint8_t { kChanged, kNew, kGone };

struct RepositoryChange {
  std::string name;
  RepositoryState state = RepositoryState::kChanged;
  AdditiveChange additive;
  BytesChange size;
  BytesChange shared;
  BytesChange untagged;
};

/// All findings of one code. New if there were none before, gone if there are none any more.
struct FindingChange {
  std::string code;
  analyzer::Concern concern = analyzer::Concern::kNote;
  Change objects;
  std::string message;  ///< the newer audit's, else the older one's
};

/// Why two audits cannot be compared in full.
enum class DiffNote : std::uint8_t {
  kOtherStore,     ///< the roots differ
  kOldIncomplete,  ///< not everything could be read then
  kNewIncomplete,
  kExactDiffers,  ///< one visited every inode, the other did not
  kEstimated,     ///< neither did: one class of space is estimated
};

/// The growth between two audits. Holds no repository and no finding that is the same in both.
struct AuditDiff {
  DiffSide before;
  DiffSide after;
  std::vector<DiffNote> notes;
  Change repository_count;
  Change tags;
  Change blobs;
  std::array<SpaceChange, analyzer::kSpaceClasses> space;
  SpaceChange total;
  std::vector<RepositoryChange> repositories;  ///< by name
  std::uint64_t new_repositories = 0;
  std::uint64_t gone_repositories = 0;
  std::uint64_t unchanged_repositories = 0;
  AdditiveChange all_repositories;  ///< the sums over all, the unchanged ones among them
  BytesChange not_exclusive;        ///< tagged and untagged blobs of several repositories, or none
  BytesChange garbage_of_several;
  BytesChange garbage_of_none;
  std::vector<FindingChange> findings;  ///< the gravest first, then by code
  std::uint64_t unchanged_findings = 0;

  bool complete() const noexcept { return before.complete && after.complete; }
};

/// Compares what `read_saved_audit` gave. Linear in the repositories.
AuditDiff compare_audits(const SavedAudit& before, const SavedAudit& after);

enum class DiffSort : std::uint8_t { kSize, kExclusive, kReclaimable, kTags, kName };

/// How the repositories are to be listed.
struct DiffOrder {
  DiffSort sort = DiffSort::kSize;
  bool apparent = false;  ///< by st_size instead of what the disk holds
  std::size_t most_repositories = static_cast<std::size_t>(-1);
};

/// The repositories to list, the largest change first whatever its direction; equal ones by name.
/// Points into the diff.
struct DiffRows {
  std::vector<const RepositoryChange*> shown;
  std::uint64_t others_count = 0;  ///< changed repositories that are not shown
  AdditiveChange others;           ///< their sums
};
DiffRows diff_rows(const AuditDiff& diff, const DiffOrder& order);

/// "changed", "new" or "gone".
std::string_view state_name(RepositoryState state) noexcept;

/// The stable name of a note in JSON, such as "other-store".
std::string_view note_code(DiffNote note) noexcept;

/// A note in words.
std::string note_text(DiffNote note, const AuditDiff& diff);

}  // namespace regsweep::reports
