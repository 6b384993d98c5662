#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/name_pattern.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Which time of a tag says how new it is.
enum class NewestBy : std::uint8_t {
  kPush,     ///< when it was made to mean what it means: the time of its link
  kCreated,  ///< when its image was built, as its config says
};

/// What one policy says of the tags of some repositories. A tag is a candidate if a drop pattern
/// fits it, or if there is no drop pattern. A candidate stays if any of the keep rules says so, and
/// goes otherwise. Tags are counted one by one, whatever digest they mean.
struct RetentionPolicy {
  std::string name;                       ///< for reports
  std::vector<NamePattern> repositories;  ///< it is about those that one of these fits; empty: all
  std::vector<NamePattern> drop;
  std::vector<NamePattern> keep;
  std::optional<std::uint32_t> keep_last;          ///< so many of the newest candidates of each
                                                   ///< repository, those kept by a pattern included
  std::optional<std::int64_t> keep_newer_seconds;  ///< candidates younger than this
  NewestBy newest_by = NewestBy::kPush;
  bool may_empty = false;  ///< a repository's last tag may go, too

  /// Whether it can drop anything but everything: it has a rule that tells tags apart.
  bool tells_apart() const noexcept { return !drop.empty() || keep_last || keep_newer_seconds; }
};

/// What becomes of a tag, and by which rule: the first of these that applies.
enum class Verdict : std::uint8_t {
  kNoPolicy,          ///< stays: no policy is about its repository
  kNoCandidate,       ///< stays: no drop pattern fits it
  kInUse,             ///< stays: its digest, or an image of its index, is pinned
  kUnclear,           ///< stays: its link cannot be read or means no digest
  kKeptByPattern,     ///< stays: a keep pattern fits it
  kTimeUnknown,       ///< stays: a rule asks for its time, which is not known
  kKeptAsLast,        ///< stays: among the newest of its repository
  kKeptAsNewer,       ///< stays: young enough
  kLastOfRepository,  ///< stays: the newest of those that would leave the repository empty
  kDropped,
};
inline constexpr std::size_t kVerdicts = 10;

struct JudgedTag {
  Verdict verdict = Verdict::kNoPolicy;
  std::uint32_t policy = 0;   ///< row; means nothing for kNoPolicy
  std::uint32_t pattern = 0;  ///< kKeptByPattern: of `keep`; kDropped: of `drop`, if there are some
};

/// Times of tags by repository and tag, seconds since 1970; 0: not known.
using TagTimes = std::vector<std::vector<std::int64_t>>;

/// The times of pushes, as the survey has them.
TagTimes push_times(const Survey& survey);

/// Judges every tag, by repository and tag. Of the policies the first that is about a repository
/// counts. Of tags of the same time the first by name is the newest. `created` is asked for
/// policies that go by it.
std::vector<std::vector<JudgedTag>> judge_tags(const Survey& survey,
                                               const std::vector<RetentionPolicy>& policies,
                                               const TagTimes& created, std::int64_t now_seconds);

}  // namespace regsweep::analyzer
