// Patterns for names. The first line is the pattern, those behind it are names. Checked:
// - a pattern is read or refused with a reason, and an empty one is refused;
// - a glob without '[' and '\' fits what a matcher of ten lines says that it fits ('*' is anything,
//   '?' one byte);
// - every name fits itself as a glob if it has none of these characters, and fits "*";
// - a regular expression without special characters is found where the text is.
// Regular expressions with back references are left out: they alone may take time without bound.
#include <cctype>

#include "analyzer/name_pattern.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using analyzer::NamePattern;

constexpr std::size_t kLongest = 24;

bool fits(std::string_view glob, std::string_view name) {
  if (glob.empty()) return name.empty();
  if (glob[0] == '*')
    return fits(glob.substr(1), name) || (!name.empty() && fits(glob, name.substr(1)));
  return !name.empty() && (glob[0] == '?' || glob[0] == name[0]) &&
         fits(glob.substr(1), name.substr(1));
}

bool refers_back(std::string_view text) {
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at + 2)) {
    const unsigned char next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
    if (std::isdigit(next) != 0) return true;
  }
  return false;
}

void check_name(const NamePattern& pattern, const std::string& name) {
  const std::string& text = pattern.text();
  const bool matches = pattern.matches(name);
  if (text.starts_with("re:")) {
    const std::string plain = text.substr(3);
    if (plain.find_first_of("^$\\.*+?()[]{}|") != std::string::npos) return;
    REGSWEEP_HOLDS(matches == (name.find(plain) != std::string::npos), shown(text + ' ' + name));
  } else if (text.find_first_of("[\\") == std::string::npos) {
    REGSWEEP_HOLDS(matches == fits(text, name), shown(text + ' ' + name));
  }
}

}  // namespace

REGSWEEP_FUZZER(pattern) {
  Pieces lines(input);
  const std::string_view text = lines.line();
  if (text.starts_with("re:") && refers_back(text)) return;
  // No file's name and no argument has a NUL.
  if (text.size() > kLongest || input.find('\0') != std::string_view::npos) return;
  std::string why;
  const auto pattern = NamePattern::parse(text, why);
  REGSWEEP_HOLDS(pattern.has_value() == why.empty(), shown(text) + ' ' + why);
  REGSWEEP_HOLDS(!text.empty() || !pattern, "the empty pattern");
  while (!lines.at_end()) {
    const std::string name(lines.line().substr(0, kLongest));
    if (pattern) check_name(*pattern, name);
    static const NamePattern any = *NamePattern::parse("*", why);
    REGSWEEP_HOLDS(any.matches(name), shown(name));
    if (name.empty() || name.find_first_of("*?[\\") != std::string::npos) continue;
    if (name.starts_with("re:")) continue;
    REGSWEEP_HOLDS(NamePattern::parse(name, why)->matches(name), shown(name));
  }
}

}  // namespace regsweep::fuzz
