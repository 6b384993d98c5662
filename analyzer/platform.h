#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/graph.h"
#include "storage/digest.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// The platforms that an index gives its children: "linux/arm64/v8", as `docker pull --platform`
/// takes it; "" where it says none. Empty if the document is no index.
/// Source: OCI image spec, index, `platform`.
std::vector<std::pair<storage::Digest, std::string>> platforms_of_index(std::string_view document);

/// The platform in an image's config; "" if it says none. Source: OCI image spec, config.
std::string platform_of_config(std::string_view document);

/// What an image's config says of it.
struct ConfigFacts {
  std::string platform;              ///< as platform_of_config()
  std::int64_t created_seconds = 0;  ///< since 1970; 0 if it does not say, or says no time
};
ConfigFacts facts_of_config(std::string_view document);

/// The same of blobs in a store, read up to 4 MiB; empty if they cannot be read or understood.
std::vector<std::pair<storage::Digest, std::string>> index_platforms(const storage::Store& store,
                                                                     const storage::Digest& index);
std::string config_platform(const storage::Store& store, const storage::Digest& config);
ConfigFacts config_facts(const storage::Store& store, const storage::Digest& config);

/// Of the first config that an image's manifest names and that is there, be it damaged.
ConfigFacts config_facts(const storage::Store& store, const Graph& graph, DigestId image);

/// Platforms of the images of one store; reads each document once. Also of a damaged one, if it
/// still says so: the answer does not depend on what else was read.
class Platforms {
 public:
  Platforms(const storage::Store& store, const Graph& graph) : store_(store), graph_(graph) {}

  /// What the image's config says; "" if nothing.
  const std::string& of_image(DigestId image);
  /// What the index says of its child, else the child's own config.
  const std::string& of_child(DigestId index, DigestId child);

 private:
  const storage::Store& store_;
  const Graph& graph_;
  std::map<DigestId, std::string> of_images_;
  std::map<DigestId, std::map<storage::Digest, std::string>> of_indexes_;  ///< where one is said
};

}  // namespace regsweep::analyzer
