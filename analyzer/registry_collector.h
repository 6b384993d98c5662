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

/// Does what a registry does in a run that is not dry. The paths are below v2.
class CollectorActions {
 public:
  virtual ~CollectorActions() = default;
  /// Whether the path is there, as a storage driver's Stat tells.
  virtual storage::Result<bool> exists(const std::string& path) = 0;
  /// Removes a file, or a directory with all below. kNotFound: it is not there, at which a registry
  /// aborts.
  virtual storage::Status remove_manifest(std::uint32_t repository, DigestId digest,
                                          const std::string& path) = 0;
  virtual storage::Status remove_tag_entry(std::uint32_t repository, DigestId digest,
                                           const std::string& path) = 0;
  virtual storage::Status remove_blob(const storage::Digest& digest, const std::string& path) = 0;
  virtual storage::Status remove_layer_link(std::uint32_t repository, DigestId digest,
                                            const std::string& path) = 0;
};

struct DoomedLink {
  std::uint32_t repository = 0;
  DigestId digest = kNoDigest;
};

/// What a registry's own collector would do with the store, or did.
struct CollectorRun {
  int exit_code = 0;
  std::string error;                   ///< its line on standard error; empty if it does not abort
  std::uint32_t error_repository = 0;  ///< where it aborted, if `error` is set in a repository
  bool in_repository = false;
  bool swept = false;  ///< it came to removing: manifests go before anything is found to be wrong
  std::uint64_t marked = 0;             ///< size of its mark set
  std::vector<std::uint8_t> marks;      ///< one byte a digest
  std::vector<DigestId> blobs;          ///< eligible blobs, by text
  std::vector<DoomedLink> manifests;    ///< eligible revisions, in its order
  std::vector<DoomedLink> layer_links;  ///< eligible layer links, in its order
};

/// Repeats a registry's collector on what the survey read: the same walk order, marks, lines and
/// aborts. Lines that a registry prints in map order come by digest. `output` may be null. Without
/// `actions` it is a dry run; with them it removes what a registry does, in its order, and stops
/// where it would. Source: distribution
/// registry/storage/{garbagecollect,catalog,linkedblobstore,tagstore}.go, v2.8.2 and v3.1.1.
CollectorRun replay_collector(const Survey& survey, const CollectorOptions& options,
                              CollectorOutput* output, CollectorActions* actions = nullptr);

}  // namespace regsweep::analyzer
