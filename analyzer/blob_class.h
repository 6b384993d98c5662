#pragma once

#include <cstdint>

#include "analyzer/account.h"

namespace regsweep::analyzer {

/// Blobs and bytes by what keeps them. The three add up.
struct ClassSplit {
  std::uint64_t blobs = 0;
  Bytes tagged;
  Bytes untagged;
  Bytes garbage;

  Bytes total() const noexcept { return tagged + untagged + garbage; }
  ClassSplit& operator+=(const ClassSplit& other) noexcept;
};

/// What keeps a blob that is there: kTagged, kUntagged or kGarbage.
SpaceClass class_of(const Accounts& accounts, DigestId id) noexcept;

/// Counts a blob in its class.
void add_blob(const Survey& survey, const Accounts& accounts, DigestId id, ClassSplit& to);

}  // namespace regsweep::analyzer
