#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/result.h"

namespace regsweep::storage {

/// Environment variables by name. A value, so that tests bring their own.
using Environment = std::map<std::string, std::string>;

/// The variables of this process.
Environment process_environment();

/// Names of REGISTRY_* variables that mean a section read here, in byte order.
struct EnvironmentUse {
  std::vector<std::string> applied;
  /// Set, but reaching into a map that a registry lets none reach: it ignores the variable or,
  /// where it makes the map, panics.
  std::vector<std::string> without_effect;
};

/// storage.maintenance.uploadpurging: what a registry that runs does to uploads left unfinished.
struct UploadPurging {
  bool enabled = true;
  bool dry_run = false;  ///< only logs what it would remove
  std::chrono::seconds age = std::chrono::hours(168);
  std::chrono::seconds interval = std::chrono::hours(24);
};

/// What a registry's config.yml says that matters to its storage, the environment applied.
struct RegistryConfig {
  std::string path;            ///< the file, as it was named
  std::string driver;          ///< "filesystem", "s3", …: the key below `storage`
  std::string bucket;          ///< of another driver, where it names one: "bucket NAME"
  std::string root_directory;  ///< as written: a relative one is relative to the registry's own cwd
  bool read_only = false;      ///< storage.maintenance.readonly.enabled
  bool delete_enabled = false;        ///< storage.delete.enabled
  bool redirect_disabled = false;     ///< storage.redirect.disable
  std::string blob_descriptor_cache;  ///< "inmemory", "redis" or empty: stale after a sweep
  UploadPurging upload_purging;

  std::string http_address;  ///< http.addr as written, ":5000"; may be empty
  std::string http_network;  ///< http.net: empty or "tcp", or "unix"
  std::string http_prefix;   ///< http.prefix, usually empty
  bool http_tls = false;     ///< http.tls names a certificate or Let's Encrypt

  std::vector<std::string> redis_addresses;  ///< redis.addr (2.8) and redis.addrs (3.x)
  std::string proxy_remote_url;              ///< proxy.remoteurl: a pull-through cache if not empty

  bool harbor = false;  ///< the file has the realm that Harbor gives its registry
  EnvironmentUse environment;
};

/// Reads a registry's config file as the registry itself does: REGISTRY_* variables override it,
/// least specific first.
/// Errors: kNotFound; kDenied; kIo; kCorrupt if it is a directory, no YAML (line and column in the
/// message) or nothing a registry would start with; kUnsupported for another version than 0.1 and
/// for storage that is no filesystem.
/// Source: distribution configuration/parser.go and configuration.go, registry/handlers/app.go,
/// registry/storage/driver/filesystem/driver.go, v2.8.2 and v3.1.1; Harbor's realm:
/// make/photon/prepare/templates/registry/config.yml.jinja.
Result<RegistryConfig> read_registry_config(const std::string& path,
                                            const Environment& environment);

/// The same, whatever the storage is: `driver` says it, and `root_directory` is empty for another
/// than the filesystem's.
Result<RegistryConfig> read_any_registry_config(const std::string& path,
                                                const Environment& environment);

/// True for a file that means to be a registry config, valid or not: YAML whose top level is a map
/// with `version` or `storage`. False for anything else and for what can't be read.
bool looks_like_registry_config(const std::string& path);

/// Reads Go's time.ParseDuration form, "168h" or "1h30m", cut to whole seconds; none if it is none.
std::optional<std::chrono::seconds> parse_go_duration(const std::string& text);

}  // namespace regsweep::storage
