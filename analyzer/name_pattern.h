#pragma once

#include <cstddef>
#include <optional>
#include <regex>
#include <string>
#include <string_view>

namespace regsweep::analyzer {

/// No regular expression fits a longer name: the library's matcher recurses, and a store may be
/// hostile.
inline constexpr std::size_t kLongestMatched = 4096;

/// A user's regular expression (ECMAScript, 1,000 bytes at most) for names that a store holds. To
/// search takes time in proportion to both, unless it has back references. Nothing if it cannot be
/// understood; `why` says so then.
std::optional<std::regex> parse_regex(std::string_view text, std::string& why);

/// A user's pattern for names of repositories or tags. A glob must fit the whole name: '*' stands
/// for anything, '/' too, '?' for one character, "[a-c]" for one of several. After "re:" comes a
/// regular expression that must be found somewhere in the name.
class NamePattern {
 public:
  /// Nothing if it is empty or cannot be understood; `why` says so then.
  static std::optional<NamePattern> parse(std::string_view text, std::string& why);

  bool matches(const std::string& name) const;
  const std::string& text() const noexcept { return text_; }  ///< as the user gave it

 private:
  std::string text_;
  std::optional<std::regex> regex_;
};

}  // namespace regsweep::analyzer
