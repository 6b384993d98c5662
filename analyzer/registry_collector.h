#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

enum class RegistryVersion : std::uint8_t { k2_8, k3 };

struct CollectorOptions {
  RegistryVersion version = RegistryVersion::k3;
  bool delete_untagged = false;  ///< `-m`
  std::string root;              ///< for the paths in messages
};

/// Takes the lines that the registry prints on standard output.
class CollectorOutput {
 public:
  virtual ~CollectorOutput() = default;
  virtual void line(std::string_view text) = 0;
};

struct DoomedLink {
  std::uint32_t repository = 0;
  DigestId digest = kNoDigest;
};

/// What a registry's own collector would do with the store, had it been asked for a dry run.
struct CollectorRun {
  int exit_code = 0;
  std::string error;                     ///< its line on standard error; empty if it does not abort
  std::uint32_t error_repository = 0;    ///< where it aborted, if `error` is set in a repository
  bool in_repository = false;
  std::uint64_t marked = 0;              ///< size of its mark set
  std::vector<std::uint8_t> marks;       ///< one byte a digest
  std::vector<DigestId> blobs;           ///< eligible blobs, by text
  std::vector<DoomedLink> manifests;     ///< eligible revisions, in its order
  std::vector<DoomedLink> layer_links;   ///< eligible layer links, in its order
};

/// Repeats a registry's collector on what the survey read: the same walk order, marks, lines and
/// aborts. Lines that a registry prints in map order come by digest. `output` may be null.
/// Source: distribution registry/storage/{garbagecollect,catalog,linkedblobstore,tagstore}.go,
/// v2.8.2 and v3.1.1.
CollectorRun replay_collector(const Survey& survey, const CollectorOptions& options,
                              CollectorOutput* output);

}  // namespace regsweep::analyzer
