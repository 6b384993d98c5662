#include "storage/locate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/named_path.h"

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;

constexpr const char* kInside = "docker/registry/v2";
constexpr std::size_t kNamedStores = 3;    // how many a message lists
constexpr std::size_t kLookedAt = 10'000;  // entries of a directory looked at for them

enum class Kind { kAbsent, kDirectory, kFile, kOther };

/// What `path` is, symbolic links followed. "Could not look" is an error, not kAbsent.
Result<Kind> kind_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Kind::kAbsent;
    return named_path_error(path, errno);
  }
  if (S_ISDIR(status.st_mode)) return Kind::kDirectory;
  return S_ISREG(status.st_mode) ? Kind::kFile : Kind::kOther;
}

/// Whether anything at all has this name, a dangling symbolic link included.
Result<bool> exists(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return named_path_error(path, errno);
}

bool is_dir(const fs::path& path) {
  const Result<Kind> kind = kind_of(path.string());
  return kind && *kind == Kind::kDirectory;
}

Result<std::string> canonical(const std::string& path) {
  boost::system::error_code failure;
  const fs::path result = fs::canonical(path, failure);
  if (failure) return named_path_error(path, failure.value());
  return result.string();
}

/// "a/b/c" for the last `count` components of a canonical path, to be compared with names.
std::string tail(const fs::path& path, int count) {
  fs::path result = path.filename();
  fs::path rest = path;
  for (int i = 1; i < count; ++i) {
    rest = rest.parent_path();
    result = rest.filename() / result;
  }
  return result.string();
}

fs::path up(fs::path path, int levels) {
  for (; levels > 0; --levels) path = path.parent_path();
  return path;
}

/// True if `path` holds `blobs` and `repositories` itself.
bool is_bare(const fs::path& path) {
  return is_dir(path / "blobs") && is_dir(path / "repositories");
}

/// Directories in `path` that are stores, by name; none if it can't be listed.
std::vector<std::string> stores_in(const fs::path& path) {
  std::vector<std::string> found;
  boost::system::error_code failure;
  fs::directory_iterator entry(path, failure);
  for (std::size_t i = 0; !failure && entry != fs::directory_iterator() && i < kLookedAt; ++i) {
    if (is_dir(entry->path() / kInside) || is_bare(entry->path())) {
      found.push_back(entry->path().string());
    }
    entry.increment(failure);
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Why `directory` is no store, and what might have been meant.
std::string no_store_message(const fs::path& directory, bool from_config) {
  if (from_config) {
    return fmt::format(
        "is no store: no {} in it, so nothing was ever pushed there, or the volume is not mounted",
        kInside);
  }
  for (fs::path above = directory.parent_path(); !above.empty(); above = above.parent_path()) {
    if (is_dir(above / kInside)) {
      return fmt::format("is a part of the store {}: name that directory", above.string());
    }
  }
  std::string message =
      fmt::format("is no store: looked for {} in it, and for blobs and repositories", kInside);
  std::vector<std::string> near = stores_in(directory);
  if (!near.empty()) {
    const std::size_t more = near.size() - std::min(near.size(), kNamedStores);
    near.resize(near.size() - more);
    message += fmt::format("; found a store in {}", fmt::join(near, ", "));
    if (more > 0) message += fmt::format(" and {} more", more);
  }
  return message;
}

/// Fills in what lies beside the v2 tree, once root and v2 are known.
Result<StoreLocation> finish(StoreLocation location) {
  if (::faccessat(AT_FDCWD, location.v2.c_str(), R_OK | X_OK, AT_EACCESS) != 0) {
    return named_path_error(location.v2, errno);
  }
  // Two places, for a v2 that is reached through a symbolic link.
  for (const fs::path& registry :
       {fs::path(location.root) / "docker/registry", fs::path(location.v2).parent_path()}) {
    const Result<bool> lock = exists((registry / "lockfiles/database-in-use").string());
    if (!lock) return lock.error();
    if (*lock) location.database_lock = true;
  }
  const Result<bool> scheduler =
      exists((fs::path(location.root) / "scheduler-state.json").string());
  if (!scheduler) return scheduler.error();
  location.harbor = location.config && location.config->harbor;
  location.proxy_cache =
      *scheduler || (location.config && !location.config->proxy_remote_url.empty());
  return location;
}

Result<StoreLocation> with_root(const std::string& root, std::optional<RegistryConfig> config) {
  StoreLocation location;
  location.config = std::move(config);
  location.root = root;
  const Result<std::string> v2 = canonical((fs::path(root) / kInside).string());
  if (!v2) return v2.error();
  location.v2 = *v2;
  return finish(std::move(location));
}

/// A directory the user named. Only here is guessed what was meant.
Result<StoreLocation> locate_directory(const std::string& argument) {
  const Result<std::string> path = canonical(argument);
  if (!path) return path.error();
  const fs::path directory = *path;

  const Result<Kind> inside = kind_of((directory / kInside).string());
  if (!inside) return inside.error();
  if (*inside == Kind::kDirectory) return with_root(*path, {});
  if (tail(directory, 3) == kInside) return with_root(up(directory, 3).string(), {});
  if (tail(directory, 2) == "docker/registry" && is_dir(directory / "v2")) {
    return with_root(up(directory, 2).string(), {});
  }
  if (tail(directory, 1) == "docker" && is_dir(directory / "registry/v2")) {
    return with_root(up(directory, 1).string(), {});
  }
  if (::faccessat(AT_FDCWD, path->c_str(), R_OK | X_OK, AT_EACCESS) != 0) {
    return named_path_error(*path, errno);
  }
  if (is_bare(directory)) {
    StoreLocation location;
    location.root = *path;
    location.v2 = *path;
    return finish(std::move(location));
  }
  return Error{Errc::kUsage, *path, no_store_message(directory, false)};
}

/// The root directory that a config names: taken at its word, nothing is guessed.
Result<StoreLocation> locate_configured(const std::string& root,
                                        std::optional<RegistryConfig> config) {
  const auto context = [&](Error error) {
    if (config) error.message += fmt::format(" (the rootdirectory of {})", config->path);
    return error;
  };
  const Result<std::string> path = canonical(root);
  if (!path) return context(path.error());
  if (!is_dir(*path)) return context({Errc::kUsage, *path, "is not a directory"});
  const Result<Kind> inside = kind_of((fs::path(*path) / kInside).string());
  if (!inside) return inside.error();
  if (*inside != Kind::kDirectory) {
    return context({Errc::kUsage, *path, no_store_message(*path, true)});
  }
  return with_root(*path, std::move(config));
}

bool has_yaml_name(const std::string& path) {
  const std::string_view name = path;
  return name.ends_with(".yml") || name.ends_with(".yaml");
}

Result<StoreLocation> locate_config(const std::string& argument, const Environment& environment) {
  const Result<RegistryConfig> config = read_registry_config(argument, environment);
  if (config) return locate_configured(config->root_directory, *config);
  const Errc code = config.error().code;
  const bool was_read = code == Errc::kCorrupt || code == Errc::kUnsupported;
  if (was_read && !has_yaml_name(argument) && !looks_like_registry_config(argument)) {
    return Error{Errc::kUsage, argument,
                 "is a file but no registry config: want a store's root directory or its "
                 "config.yml"};
  }
  return config.error();
}

Result<StoreLocation> locate_default(const Environment& environment, const DefaultStore& defaults) {
  const Result<bool> config = exists(defaults.config_path);
  if (!config) return config.error();
  if (*config) return locate_config(defaults.config_path, environment);

  const auto root = environment.find("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY");
  if (root != environment.end() && !root->second.empty()) {
    return locate_configured(root->second, {});
  }
  Result<StoreLocation> location = locate_configured(defaults.root_directory, {});
  if (!location && location.error().code == Errc::kNotFound) {
    return Error{Errc::kNotFound, defaults.root_directory,
                 fmt::format("does not exist, nor does {}: name the store, e.g. its root directory",
                             defaults.config_path)};
  }
  return location;
}

}  // namespace

Result<StoreLocation> locate_store(const std::string& argument, const Environment& environment,
                                   const DefaultStore& defaults) {
  if (argument.empty()) return locate_default(environment, defaults);
  const Result<Kind> kind = kind_of(argument);
  if (!kind) return kind.error();
  switch (*kind) {
    case Kind::kAbsent:
      return Error{Errc::kNotFound, argument, "does not exist"};
    case Kind::kDirectory:
      return locate_directory(argument);
    case Kind::kFile:
      return locate_config(argument, environment);
    case Kind::kOther:
      break;
  }
  return Error{Errc::kUsage, argument, "is neither a directory nor a file"};
}

std::string StoreLocation::argument() const {
  return config ? fs::absolute(config->path).string() : root;
}

std::string_view managed_by(bool database_lock, bool harbor, bool proxy_cache) noexcept {
  if (database_lock) return "gitlab-database";
  if (harbor) return "harbor";
  return proxy_cache ? "pull-through-cache" : "";
}

}  // namespace regsweep::storage
