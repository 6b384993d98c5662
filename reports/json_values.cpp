#include "reports/json_values.h"

#include <algorithm>

namespace regsweep::reports {
namespace {

/// How deep lists and objects stand in one another in a text that may be JSON.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth != 0) {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

storage::Result<Json> parse_json(std::string_view text) {
  const auto corrupt = [](const char* message) {
    return storage::Error{storage::Errc::kCorrupt, {}, message, 0};
  };
  if (depth_of(text) > kDeepestJson) return corrupt("it is nested too deeply");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return corrupt("it is not JSON");
  return json;
}

}  // namespace regsweep::reports
