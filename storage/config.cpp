#include "storage/config.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "storage/config_environment.h"
#include "storage/config_value.h"
#include "storage/named_path.h"
#include "storage/retried.h"
#include "storage/unique_fd.h"

extern char** environ;

namespace regsweep::storage {
namespace {

constexpr std::size_t kConfigLimitBytes = 1 << 20;
constexpr std::string_view kHarborRealm = "harbor-registry-basic-realm";
constexpr std::string_view kDefaultRoot = "/var/lib/registry";

/// All drivers among the keys of `storage`; the other keys are settings of any driver.
std::vector<std::string> driver_names(const ConfigValue& storage) {
  static constexpr std::array<std::string_view, 5> kSettings = {"cache", "delete", "maintenance",
                                                                "redirect", "tag"};
  std::vector<std::string> names;
  for (const auto& [name, parameters] : storage.map) {
    if (std::find(kSettings.begin(), kSettings.end(), name) == kSettings.end()) {
      names.push_back(name);
    }
  }
  return names;
}

/// "bucket NAME", where the driver's parameters name one.
std::string bucket_of(const ConfigValue& parameters) {
  for (const char* key : {"bucket", "container"}) {
    const std::string name = as_text(parameters.find(key));
    if (!name.empty()) return fmt::format("{} {}", key, name);
  }
  return {};
}

std::string why_unsupported(const RegistryConfig& config) {
  if (config.driver == "inmemory") {
    return "stores in the registry's memory (inmemory); regsweep reads filesystem storage only so "
           "far: nothing was read";
  }
  const std::string where =
      config.bucket.empty() ? config.driver : fmt::format("{} ({})", config.driver, config.bucket);
  return fmt::format(
      "stores in {}; regsweep reads filesystem storage only so far: nothing was read "
      "(mount the storage or sync it to a directory, and name that directory)",
      where);
}

std::string root_directory(const ConfigValue& storage) {
  const ConfigValue& parameters = storage.map.at("filesystem");
  const ConfigValue* root = parameters.find("rootdirectory");
  if (root == nullptr) return std::string(kDefaultRoot);
  std::string text = as_text(root);
  if (text.empty()) {  // the registry would use a directory "<nil>", or "/"
    throw ConfigProblem{Errc::kCorrupt, "storage.filesystem.rootdirectory is empty"};
  }
  return text;
}

bool read_only(const ConfigValue& storage) {
  const ConfigValue* setting = storage.find({"maintenance", "readonly"});
  if (setting == nullptr) return false;
  if (setting->kind != ConfigValue::Kind::kMap) {
    throw ConfigProblem{Errc::kCorrupt,
                        "storage.maintenance.readonly: readonly config key must contain "
                        "additional keys"};
  }
  // Made by REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: a registry panics on it, so the one that
  // runs was not told, and writes. REGISTRY_STORAGE_MAINTENANCE_READONLY={enabled: true} works.
  if (setting->string_keys) return false;
  const ConfigValue* enabled = setting->find("enabled");
  if (enabled == nullptr) return false;
  const std::optional<bool> value = as_bool(enabled);
  if (!value) {
    throw ConfigProblem{Errc::kCorrupt,
                        "storage.maintenance.readonly: readonly's enabled config key must have a "
                        "boolean value"};
  }
  return *value;
}

/// The server's upload purger: on, 168 h, every 24 h, unless told otherwise.
UploadPurging upload_purging(const ConfigValue& storage) {
  UploadPurging out;
  const ConfigValue* purging = storage.find({"maintenance", "uploadpurging"});
  // Like readonly: a map that a variable made is none that a registry runs with.
  if (purging == nullptr || purging->kind != ConfigValue::Kind::kMap || purging->string_keys) {
    return out;
  }
  out.enabled = as_bool(purging->find("enabled")).value_or(true);
  out.dry_run = as_bool(purging->find("dryrun")).value_or(false);
  out.age = parse_go_duration(as_text(purging->find("age"))).value_or(out.age);
  out.interval = parse_go_duration(as_text(purging->find("interval"))).value_or(out.interval);
  return out;
}

RegistryConfig extract(const ConfigValue& config) {
  RegistryConfig out;
  const ConfigValue* storage = config.find("storage");
  const std::vector<std::string> drivers =
      storage == nullptr ? std::vector<std::string>{} : driver_names(*storage);
  if (drivers.empty()) throw ConfigProblem{Errc::kCorrupt, "no storage configuration provided"};
  if (drivers.size() > 1) {
    throw ConfigProblem{
        Errc::kCorrupt,
        fmt::format("multiple storage drivers specified in configuration or environment: {}",
                    fmt::join(drivers, ", "))};
  }
  out.driver = drivers[0];
  if (out.driver == "filesystem") {
    out.root_directory = root_directory(*storage);
  } else {
    out.bucket = bucket_of(storage->map.at(out.driver));
  }
  out.read_only = read_only(*storage);
  out.delete_enabled = as_bool(storage->find({"delete", "enabled"})).value_or(false);
  out.redirect_disabled = as_bool(storage->find({"redirect", "disable"})).value_or(false);
  out.blob_descriptor_cache = as_text(storage->find({"cache", "blobdescriptor"}));
  if (out.blob_descriptor_cache.empty()) {  // its name before 2.0
    out.blob_descriptor_cache = as_text(storage->find({"cache", "layerinfo"}));
  }
  out.upload_purging = upload_purging(*storage);

  out.http_address = as_text(config.find({"http", "addr"}));
  out.http_network = as_text(config.find({"http", "net"}));
  out.http_prefix = as_text(config.find({"http", "prefix"}));
  out.http_tls = !as_text(config.find({"http", "tls", "certificate"})).empty() ||
                 !as_text(config.find({"http", "tls", "letsencrypt", "cachefile"})).empty();

  const std::string redis = as_text(config.find({"redis", "addr"}));
  if (!redis.empty()) out.redis_addresses.push_back(redis);
  if (const ConfigValue* addresses = config.find({"redis", "addrs"})) {
    for (const ConfigValue& address : addresses->list) {
      if (!as_text(&address).empty()) out.redis_addresses.push_back(address.text);
    }
  }
  out.proxy_remote_url = as_text(config.find({"proxy", "remoteurl"}));
  return out;
}

RegistryConfig parse(const std::string& text, const Environment& environment) {
  const YAML::Node document = YAML::Load(text);
  if (!document.IsMap() && !document.IsNull()) {
    throw ConfigProblem{Errc::kCorrupt, "is no registry config: its top level is not a map"};
  }
  ConfigConverter converter;
  ConfigValue config;
  config.kind = ConfigValue::Kind::kMap;
  config.string_keys = true;
  std::string version;
  ConfigValue auth;
  for (const auto& entry : document) {
    if (!entry.first.IsScalar()) continue;
    const std::string& key = entry.first.Scalar();
    if (key == "version") {
      version = entry.second.IsScalar() ? entry.second.Scalar() : "";
    } else if (key == "auth") {
      auth = converter.convert(entry.second, 0);
    } else if (key == "storage") {
      config.map.insert_or_assign(key, convert_storage(converter, entry.second));
    } else if (std::find(kConfigSections.begin(), kConfigSections.end(), key) !=
               kConfigSections.end()) {
      config.map.insert_or_assign(
          key, converter.convert(entry.second, static_cast<int>(ConfigLevels::kStruct)));
    }
  }
  if (version != "0.1") {
    throw ConfigProblem{
        Errc::kUnsupported,
        fmt::format("unsupported version: \"{}\", a registry's config says version: 0.1", version)};
  }
  if (const ConfigValue* storage = config.find("storage")) {
    const std::vector<std::string> drivers = driver_names(*storage);
    if (drivers.size() > 1) {
      throw ConfigProblem{Errc::kCorrupt,
                          fmt::format("must provide exactly one storage type. Provided: [{}]",
                                      fmt::join(drivers, " "))};
    }
  }
  EnvironmentUse use = apply_environment(converter, config, environment);
  RegistryConfig out = extract(config);
  out.environment = std::move(use);
  out.harbor = as_text(auth.find({"htpasswd", "realm"})) == kHarborRealm;
  return out;
}

Result<std::string> read_file(const std::string& path) {
  const int fd =
      retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
  if (fd < 0) return named_path_error(path, errno, "cannot open it");
  const UniqueFd file(fd);

  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return named_path_error(path, errno, "cannot stat it");
  if (S_ISDIR(status.st_mode)) return Error{Errc::kCorrupt, path, "is a directory, want a file"};
  if (!S_ISREG(status.st_mode)) return Error{Errc::kCorrupt, path, "is not a regular file"};

  std::string text(kConfigLimitBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got =
        retried([&] { return ::read(file.get(), text.data() + size, text.size() - size); });
    if (got < 0) return named_path_error(path, errno, "cannot read it");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kConfigLimitBytes) {
    return Error{Errc::kCorrupt, path, "is longer than 1 MiB: no registry config"};
  }
  text.resize(size);
  return text;
}

}  // namespace

Environment process_environment() {
  Environment out;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    out.insert_or_assign(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return out;
}

Result<RegistryConfig> read_any_registry_config(const std::string& path,
                                                const Environment& environment) {
  const Result<std::string> text = read_file(path);
  if (!text) return text.error();
  try {
    RegistryConfig config = parse(*text, environment);
    config.path = path;
    return config;
  } catch (const ConfigProblem& problem) {
    return Error{problem.code, path, problem.message};
  } catch (const YAML::Exception& problem) {
    return Error{Errc::kCorrupt, path, "not valid YAML: " + at(problem.mark, problem.msg)};
  }
}

Result<RegistryConfig> read_registry_config(const std::string& path,
                                            const Environment& environment) {
  Result<RegistryConfig> config = read_any_registry_config(path, environment);
  if (config && config->driver != "filesystem") {
    return Error{Errc::kUnsupported, path, why_unsupported(*config)};
  }
  return config;
}

bool looks_like_registry_config(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return false;
  try {
    const YAML::Node document = YAML::Load(*text);
    return document.IsMap() && (document["version"] || document["storage"]);
  } catch (const YAML::Exception&) {
    return false;
  }
}

std::optional<std::chrono::seconds> parse_go_duration(const std::string& text) {
  constexpr double kLongestSeconds = 9.2e9;  // Go counts nanoseconds in 63 bits: 292 years
  if (text.empty()) return {};
  if (text == "0") return std::chrono::seconds(0);
  double seconds = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const std::string number(rest.substr(0, digits));
    if (number.find_first_of("0123456789") == std::string::npos) return {};
    char* end = nullptr;
    const double amount = std::strtod(number.c_str(), &end);
    if (*end != '\0') return {};
    rest.remove_prefix(digits);
    const std::size_t letters = std::min(rest.find_first_of("0123456789."), rest.size());
    const std::string_view unit = rest.substr(0, letters);
    rest.remove_prefix(letters);
    if (unit == "h") {
      seconds += amount * 3600;
    } else if (unit == "m") {
      seconds += amount * 60;
    } else if (unit == "s") {
      seconds += amount;
    } else if (unit == "ms") {
      seconds += amount / 1e3;
    } else if (unit == "us" || unit == "µs" || unit == "μs") {
      seconds += amount / 1e6;
    } else if (unit == "ns") {
      seconds += amount / 1e9;
    } else {
      return {};
    }
    if (!(seconds < kLongestSeconds)) return {};
  }
  return std::chrono::seconds(std::llround(std::floor(seconds)));
}

}  // namespace regsweep::storage
