#include "analyzer/name_pattern.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstddef>

namespace regsweep::analyzer {
namespace {

/// More is no pattern that anybody wrote; compiling one takes stack for each parenthesis.
constexpr std::size_t kLongestRegex = 1000;

/// Whether it repeats, or refers back to, a number that the library has no room for: it does not
/// look. Names have none of these characters, so nothing else is meant.
bool has_large_number(std::string_view text) {
  constexpr std::size_t kMostDigits = 6;
  for (std::size_t at = 0; (at = text.find_first_of("{,\\", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", ++at), text.size());
    if (end - at > kMostDigits) return true;
  }
  return false;
}

/// Names come from whoever may push: none shall keep a search going for ever, as "(a+)+b" does
/// where all ways are tried one by one. Only a pattern that refers back to what it has found needs
/// that.
std::regex compiled(const std::string& text) {
#ifdef __GLIBCXX__
  try {
    return std::regex(text, std::regex::ECMAScript | std::regex_constants::__polynomial);
  } catch (const std::regex_error& error) {
    if (error.code() != std::regex_constants::error_complexity) throw;
  }
#endif
  return std::regex(text);
}

}  // namespace

std::optional<std::regex> parse_regex(std::string_view text, std::string& why) {
  if (text.size() > kLongestRegex) {
    why = "a regular expression that is too long";
    return std::nullopt;
  }
  if (has_large_number(text)) {
    why = "a regular expression with a number that is too large";
    return std::nullopt;
  }
  try {
    return compiled(std::string(text));
  } catch (const std::regex_error& error) {
    why = std::string("no regular expression: ") + error.what();
    return std::nullopt;
  }
}

std::optional<NamePattern> NamePattern::parse(std::string_view text, std::string& why) {
  constexpr std::string_view kRegex = "re:";
  NamePattern pattern;
  pattern.text_ = text;
  if (text.empty() || text == kRegex) {
    why = "an empty pattern";
    return std::nullopt;
  }
  if (!text.starts_with(kRegex)) return pattern;
  pattern.regex_ = parse_regex(text.substr(kRegex.size()), why);
  if (!pattern.regex_) return std::nullopt;
  return pattern;
}

bool NamePattern::matches(const std::string& name) const {
  if (regex_) return name.size() <= kLongestMatched && std::regex_search(name, *regex_);
  return ::fnmatch(text_.c_str(), name.c_str(), 0) == 0;
}

}  // namespace regsweep::analyzer
