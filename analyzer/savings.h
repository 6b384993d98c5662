#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/account.h"

namespace regsweep::analyzer {

/// How many of the newest tags of each repository the proposals keep.
inline constexpr std::array<std::uint32_t, 2> kKeptTags = {10, 3};

/// One thing to do, and what it frees if it alone is done.
struct Saving {
  enum class Kind : std::uint8_t {
    kGarbage,   ///< sweep what nothing reaches
    kUploads,   ///< remove unfinished uploads that are old
    kUntagged,  ///< sweep what no tag reaches; without the garbage
    kKeepLast,  ///< drop all but the last tags of each repository of a namespace, then sweep
  };
  Kind kind = Kind::kGarbage;
  std::string name_space;   ///< kKeepLast: the first component of its repositories' names, raw
  std::uint32_t keep = 0;   ///< kKeepLast: how many tags of each repository stay
  std::uint64_t count = 0;  ///< blobs, uploads' files or, of kKeepLast, tags that go
  Bytes frees;
};

/// What would free space, what frees most first. Kept tags of a repository are the `keep` pushed
/// last, those pushed at the same time by name, any whose time is not known, `latest`, and what is
/// in use (manifests_in_use()); where tags cannot be read, none goes. Bytes of kKeepLast are exact
/// under sharing: blobs that only dropped tags of the one namespace reach. Those of garbage and
/// untagged manifests are not in it, so that all three may be added; two namespaces' may be added
/// as well, and may free more together than they do alone. Runs in the caller's TBB arena; no I/O.
std::vector<Saving> what_frees_most(const Survey& survey, const Accounts& accounts,
                                    const SpaceRow& old_uploads);

}  // namespace regsweep::analyzer
