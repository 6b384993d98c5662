#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/collectors.h"
#include "analyzer/hazard.h"
#include "analyzer/ref.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// What one of the registry's own collectors would do to something the user names: a blob, an image
/// with all it needs, a repository. Only what is there counts.
struct Fate : CollectorEnd {
  bool deletes_object = false;      ///< the blob itself goes
  bool object_must_live = false;    ///< by the safe closure, with what `-m` gives up taken away
  std::uint64_t revisions = 0;      ///< revision links to the object that go
  std::uint64_t parts = 0;          ///< further blobs that it needs, or that are in it, which go
  std::uint64_t parts_alive = 0;    ///< of these, those that must live
  DigestId first_part = kNoDigest;  ///< one of the latter, the first by text
  std::uint64_t lost_children =
      0;  ///< manifests that tags of a repository need, whose revision in it goes
  DigestId first_child = kNoDigest;

  /// Something that must live goes.
  bool is_loss() const noexcept {
    return (deletes_object && object_must_live) || parts_alive != 0 || lost_children != 0;
  }
};

/// What is looked at.
struct FateOf {
  DigestId object = kNoDigest;          ///< the blob itself; kNoDigest if it is none
  Marks parts;                          ///< 1 for it and for all that it needs
  std::vector<std::uint8_t> needed_in;  ///< 1 for each repository of which a tag needs it
};

/// 2.8, 2.8 -m, 3.x, 3.x -m. Repeats the four runs; no I/O. Runs in the caller's TBB arena.
std::array<Fate, kCollectors> find_fates(const Survey& survey, const Accounts& accounts,
                                         const std::string& root, const FateOf& of);

}  // namespace regsweep::analyzer
