#pragma once

#include <array>
#include <string_view>

#include "analyzer/account.h"

namespace regsweep::reports {

/// What the classes of space are called, in the order in which every report lists them.
struct SpaceName {
  std::string_view name;   ///< stable, in JSON: "tagged"
  std::string_view label;  ///< for people: "reached by a tag"
};
inline constexpr std::array<SpaceName, analyzer::kSpaceClasses> kSpaceNames = {{
    {"tagged", "reached by a tag"},
    {"untagged", "untagged manifests and what only they use"},
    {"garbage", "garbage: nothing refers to it"},
    {"uploads", "unfinished uploads"},
    {"quarantine", "quarantine"},
    {"other", "other files"},
    {"structure", "links and directories"},
}};

}  // namespace regsweep::reports
