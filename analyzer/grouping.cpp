#include "analyzer/grouping.h"

#include <map>
#include <utility>

#include "analyzer/name_pattern.h"

namespace regsweep::analyzer {
namespace {

std::string group_by_rules(const std::string& repository, const std::vector<GroupRule>& rules) {
  if (repository.size() > kLongestMatched) return std::string(kNoGroup);
  for (const GroupRule& rule : rules) {
    std::smatch found;
    if (!std::regex_search(repository, found, rule.pattern)) continue;
    return found.size() > 1 ? rule.name + "=" + found[1].str() : rule.name;
  }
  return std::string(kNoGroup);
}

std::string group_name(const std::string& repository, const GroupOptions& options) {
  if (!options.rules.empty()) return group_by_rules(repository, options.rules);
  if (options.depth != 0) return std::string(first_components(repository, options.depth));
  return repository;
}

}  // namespace

std::optional<GroupRule> parse_group_rule(std::string_view text, std::string& why) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    why = "want NAME=PATTERN, such as 'team=^team(\\d+)/'";
    return std::nullopt;
  }
  std::optional<std::regex> pattern = parse_regex(text.substr(equals + 1), why);
  if (!pattern) {
    why = "the pattern cannot be understood: " + why;
    return std::nullopt;
  }
  return GroupRule{std::string(text.substr(0, equals)), std::move(*pattern)};
}

bool in_namespace(std::string_view repository, std::string_view prefix) noexcept {
  if (!repository.starts_with(prefix)) return false;
  return prefix.empty() || repository.size() == prefix.size() || repository[prefix.size()] == '/';
}

std::string_view first_components(std::string_view repository, std::size_t depth) noexcept {
  std::size_t end = 0;
  for (std::size_t i = 0; i < depth; ++i) {
    end = repository.find('/', i == 0 ? 0 : end + 1);
    if (end == std::string_view::npos) return repository;
  }
  return repository.substr(0, end);
}

std::string_view servable_part(std::string_view name) noexcept {
  constexpr std::size_t kLongest = 255;  // distribution reference/reference.go, NameTotalLengthMax
  return name.size() <= kLongest ? name : name_above(name.substr(0, kLongest + 1));
}

std::string_view name_above(std::string_view name) noexcept {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash);
}

Grouping group_repositories(const Survey& survey, const GroupOptions& options) {
  std::map<std::string, std::uint32_t> groups;
  std::vector<const std::uint32_t*> of_repository;  // nodes of a map stay where they are
  bool any_outside = false;
  for (const Repository& repository : survey.repositories) {
    if (!in_namespace(repository.name, options.prefix)) {
      any_outside = true;
      of_repository.push_back(nullptr);
      continue;
    }
    const auto at = groups.try_emplace(group_name(repository.name, options), 0).first;
    of_repository.push_back(&at->second);
  }
  Grouping grouping;
  for (auto& [name, number] : groups) {
    number = static_cast<std::uint32_t>(grouping.names.size());
    grouping.names.push_back(name);
  }
  if (any_outside) {
    grouping.outside = static_cast<std::uint32_t>(grouping.names.size());
    grouping.names.emplace_back();
  }
  grouping.repositories.resize(grouping.names.size());
  for (const std::uint32_t* number : of_repository) {
    grouping.group_of.push_back(number != nullptr ? *number : *grouping.outside);
    ++grouping.repositories[grouping.group_of.back()];
  }
  return grouping;
}

}  // namespace regsweep::analyzer
