#include "analyzer/blob_class.h"

namespace regsweep::analyzer {

ClassSplit& ClassSplit::operator+=(const ClassSplit& other) noexcept {
  blobs += other.blobs;
  tagged += other.tagged;
  untagged += other.untagged;
  garbage += other.garbage;
  return *this;
}

SpaceClass class_of(const Accounts& accounts, DigestId id) noexcept {
  if (accounts.live_by_tag[row(id)] != 0) return SpaceClass::kTagged;
  return accounts.live[row(id)] != 0 ? SpaceClass::kUntagged : SpaceClass::kGarbage;
}

void add_blob(const Survey& survey, const Accounts& accounts, DigestId id, ClassSplit& to) {
  ++to.blobs;
  const Bytes bytes = survey.graph.bytes(id);
  switch (class_of(accounts, id)) {
    case SpaceClass::kTagged:
      to.tagged += bytes;
      break;
    case SpaceClass::kUntagged:
      to.untagged += bytes;
      break;
    default:
      to.garbage += bytes;
  }
}

}  // namespace regsweep::analyzer
