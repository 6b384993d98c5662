#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/mark.h"
#include "analyzer/survey.h"
#include "storage/digest.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// A manifest that no repository holds any more and that nothing alive names.
struct LostManifest {
  storage::Digest digest;
  ManifestType type = ManifestType::kUnknown;
  Bytes size;                 ///< distinct present blobs that it reaches, itself included
  std::string platform;       ///< "linux/amd64", several with ", " between; empty if unknown
  std::uint64_t missing = 0;  ///< blobs it needs that are not there; foreign layers do not count
  std::vector<storage::Digest> children;  ///< manifests it names, those of indexes in it too
  std::vector<storage::Digest> parts;     ///< configs and layers of all of them, by digest
  std::vector<storage::Digest> blobs;     ///< the present blobs of it, parts and children
  std::vector<std::string> repositories;  ///< those that still link each of the parts, by name
};

/// Finds them, by digest: present, sound, at most 4 MiB, beginning with '{', understood and of a
/// known type; not in `held`, and not a child of another lost one. Runs in the caller's TBB arena.
/// Cost: opens each blob outside of `held` that is small enough, and reads on where it begins like
/// JSON.
std::vector<LostManifest> find_lost_manifests(const storage::Store& store, const Survey& survey,
                                              const Marks& held);

}  // namespace regsweep::analyzer
