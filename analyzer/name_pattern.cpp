#include "analyzer/name_pattern.h"

#include <fnmatch.h>

namespace regsweep::analyzer {

std::optional<NamePattern> NamePattern::parse(std::string_view text, std::string& why) {
  constexpr std::string_view kRegex = "re:";
  NamePattern pattern;
  pattern.text_ = text;
  if (text.empty() || text == kRegex) {
    why = "an empty pattern";
    return std::nullopt;
  }
  if (!text.starts_with(kRegex)) return pattern;
  try {
    pattern.regex_.emplace(std::string(text.substr(kRegex.size())));
  } catch (const std::regex_error& error) {
    why = std::string("no regular expression: ") + error.what();
    return std::nullopt;
  }
  return pattern;
}

bool NamePattern::matches(const std::string& name) const {
  if (regex_) return std::regex_search(name, *regex_);
  return ::fnmatch(text_.c_str(), name.c_str(), 0) == 0;
}

}  // namespace regsweep::analyzer
