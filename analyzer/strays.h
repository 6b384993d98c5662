#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/graph.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// Files, or directories, that no registry writes and no rule takes. A store may hold tens of
/// millions of them: they are counted, and those that come first by path are named.
struct Strays {
  static constexpr std::size_t kNamed = 100;

  std::uint64_t objects = 0;
  Bytes bytes;
  std::vector<std::string> paths;  ///< kNamed at most, below the v2 directory; sorted by settle()

  void add(storage::Event event);
  /// To be called once, when all were added: the same paths in the same order, however they came.
  void settle();
};

/// Whether a stray is a file `link` among the revisions of a repository, or a directory that may
/// hold one: see Survey::may_have_stray_links.
bool may_be_stray_link(const storage::Event& event);

}  // namespace regsweep::analyzer
