#pragma once

#include <algorithm>
#include <vector>

namespace regsweep::analyzer {

/// Sorts rows and keeps one of each.
template <class T>
void sort_unique(std::vector<T>& rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

}  // namespace regsweep::analyzer
