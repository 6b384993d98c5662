#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/config.h"
#include "storage/result.h"

namespace regsweep::storage {

/// Where a store is, and what is known about who else works on it.
struct StoreLocation {
  std::string root;  ///< canonical absolute path of the root directory
  std::string v2;    ///< canonical path of its docker/registry/v2; `root` itself for a bare tree
  std::optional<RegistryConfig> config;  ///< if the store was found through one
  bool database_lock = false;            ///< GitLab's registry keeps its truth in a database
  bool harbor = false;       ///< Harbor's registry, by its config: tags are in a database
  bool proxy_cache = false;  ///< a pull-through cache, by its scheduler state or its config

  /// What to name as STORE to mean the same, from whatever directory: the config if the store was
  /// found through one, since it tells the registry's address, else the root.
  std::string argument() const;
};

/// What decides beside the storage over what is alive: "gitlab-database", "harbor",
/// "pull-through-cache", or "" for nothing.
std::string_view managed_by(bool database_lock, bool harbor, bool proxy_cache) noexcept;

/// Where a registry is looked for if no STORE was named.
struct DefaultStore {
  std::string config_path = "/etc/docker/registry/config.yml";
  std::string root_directory = "/var/lib/registry";
};

/// Finds the store that `argument` means: its root directory or `docker`, `docker/registry` or
/// `docker/registry/v2` in it; a directory that holds `blobs` and `repositories` itself; or a
/// registry's config file. Empty means the default config if there is one, else the default root.
/// The environment overrides config files and the default, never a directory that was named.
/// Errors: kNotFound, kDenied, kIo; kUsage if no store is there; those of read_registry_config.
Result<StoreLocation> locate_store(const std::string& argument, const Environment& environment,
                                   const DefaultStore& defaults = {});

}  // namespace regsweep::storage
