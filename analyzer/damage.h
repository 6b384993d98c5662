#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/backward.h"
#include "analyzer/mark.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// A tag by its place in the survey.
struct TagRef {
  std::uint32_t repository = 0;
  std::uint32_t tag = 0;
  auto operator<=>(const TagRef&) const = default;
};

/// A tag that cannot be pulled whole, and one digest that is the reason.
struct BrokenTag {
  TagRef tag;
  DigestId cause = kNoDigest;
};

/// What metadata tells of damage in content: no blob is read for it.
struct Damage {
  std::vector<DigestId> empty;           ///< present blobs of zero bytes that something refers to
  std::vector<DigestId> missing;         ///< referred to and absent, foreign layers left out
  std::vector<DigestId> wrong_size;      ///< present blobs of another size than manifests declare
  std::vector<DigestId> sparse_indexes;  ///< indexes of which some children are absent
  std::vector<DigestId> hollow_indexes;  ///< indexes of which every child is absent
  std::vector<DigestId> not_files;       ///< a link, device or directory stands in place of `data`
  std::vector<DigestId> garbled;         ///< manifests that cannot be parsed
  std::vector<DigestId> foreign_layers;  ///< absent as their `urls` announce
  std::vector<BrokenTag> broken_tags;    ///< in the survey's order
  Marks broken;                          ///< 1 for everything that reaches damage

  /// The lists that mean damage; the others are notes.
  std::array<const std::vector<DigestId>*, 6> lists() const {
    return {&empty, &missing, &wrong_size, &hollow_indexes, &garbled, &not_files};
  }
  bool none() const {
    for (const auto* list : lists()) {
      if (!list->empty()) return false;
    }
    return true;
  }
  bool any(const Marks& live, const std::vector<DigestId>& of) const {
    for (const DigestId id : of) {
      if (live[row(id)] != 0) return true;
    }
    return false;
  }
};

/// Finds it. An image with an absent or empty part is broken; an index only if a child that is
/// there is, or if it has none left: whatever else means an absent one.
Damage find_damage(const Survey& survey);

/// Spreads badness upwards: returns 1 for each of `bad` and for every manifest that reaches one of
/// them. `named_by` goes back along references (references_policy()). `cause`, if given, becomes
/// for each the smallest of the bad digests that it reaches; a bad one is its own.
Marks spread(const Backward& named_by, const Marks& bad, std::vector<DigestId>* cause);

/// The tags that mean something in `broken`, in the survey's order.
std::vector<BrokenTag> broken_tags(const Survey& survey, const Marks& broken,
                                   const std::vector<DigestId>& cause);

}  // namespace regsweep::analyzer
