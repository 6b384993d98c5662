#pragma once

#include <cstdint>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Repositories sorted into groups: every one is in exactly one.
struct Grouping {
  std::vector<std::string> names;           ///< of the groups, sorted; raw bytes
  std::vector<std::uint64_t> repositories;  ///< how many each has
  std::vector<std::uint32_t> group_of;      ///< by the survey's repositories, into `names`
  /// The group of those outside the asked-for namespace, always the last; nothing if there is none.
  std::optional<std::uint32_t> outside;
};

/// A user's group: repositories whose name the pattern finds something in belong to `name`, or, if
/// the pattern captures something, to `name=capture`.
struct GroupRule {
  std::string name;
  std::regex pattern;  ///< ECMAScript
};

/// Reads "team=^team(\d+)/". Nothing if there is no name or the pattern cannot be understood;
/// `why` says so then.
std::optional<GroupRule> parse_group_rule(std::string_view text, std::string& why);

inline constexpr std::string_view kNoGroup = "(no group)";  ///< where no rule fits

/// What sorts repositories, and which ones.
struct GroupOptions {
  std::string prefix;            ///< only this repository and what is below it; "": all
  std::size_t depth = 0;         ///< so many components of the name are a group's; 0: all
  std::vector<GroupRule> rules;  ///< the first that fits decides; none: by depth
};

/// Sorts the survey's repositories.
Grouping group_repositories(const Survey& survey, const GroupOptions& options);

/// Whether a repository is `prefix` or below it: "team" has "team" and "team/app", not "teams".
bool in_namespace(std::string_view repository, std::string_view prefix) noexcept;

/// The first `depth` components of a repository's name; the whole name if it has no more.
std::string_view first_components(std::string_view repository, std::size_t depth) noexcept;

/// The longest beginning of a name, in whole components, that a registry would accept by its
/// length; the whole name of any that it serves. Directories may be nested without end: what is
/// kept for each of them must not hold their whole path.
std::string_view servable_part(std::string_view name) noexcept;

/// "a/b" of "a/b/c", "" of "a".
std::string_view name_above(std::string_view name) noexcept;

}  // namespace regsweep::analyzer
