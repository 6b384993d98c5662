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
#include <span>
#include <string_view>
#include <system_error>

#include "storage/unique_fd.h"

extern char** environ;

namespace regsweep::storage {
namespace {

constexpr std::size_t kConfigLimitBytes = 1 << 20;
constexpr std::size_t kNodeLimit = 20'000;  // aliases of aliases grow without bound
constexpr std::size_t kDepthLimit = 100;    // an alias may even stand inside its own anchor
constexpr std::string_view kPrefix = "REGISTRY_";
constexpr std::string_view kDefaultRoot = "/var/lib/registry";

/// How many levels of maps Go decodes with string keys. Only those take variables: the registry
/// ignores one that reaches into a deeper map of the file, and so do we.
enum class Levels : int { kInterface = 0, kParameters = 1, kStorage = 2, kStruct = 1000 };

/// The part of YAML's data model that Go's decoder leaves over: aliases and merges are resolved,
/// the last of equal keys has won.
struct Value {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool is_string = false;    ///< quoted: "true" is no bool
  bool string_keys = false;  ///< see Levels
  std::string text;
  std::vector<Value> list;
  std::map<std::string, Value> map;

  const Value* find(const std::string& key) const {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  }
  const Value* find(std::initializer_list<const char*> keys) const {
    const Value* value = this;
    for (const char* key : keys) {
      if (value != nullptr) value = value->find(key);
    }
    return value;
  }
};

/// Thrown and caught in this file only, beside yaml-cpp's own exceptions.
struct ConfigProblem {
  Errc code;
  std::string message;
};

std::string at(const YAML::Mark& mark, const std::string& message) {
  if (mark.is_null()) return message;
  return fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, message);
}

class Converter {
 public:
  Value convert(const YAML::Node& node, int string_key_levels) {
    if (++nodes_ > kNodeLimit || depth_ == kDepthLimit) {
      throw ConfigProblem{Errc::kCorrupt, "holds more values than any registry config"};
    }
    ++depth_;
    Value value;
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        value.kind = Value::Kind::kScalar;
        value.text = node.Scalar();
        value.is_string = node.Tag() != "?" && !node.Tag().empty();
        break;
      case YAML::NodeType::Sequence:
        value.kind = Value::Kind::kList;
        for (const auto& item : node) value.list.push_back(convert(item, 0));
        break;
      case YAML::NodeType::Map:
        value.kind = Value::Kind::kMap;
        value.string_keys = string_key_levels > 0;
        fill(value, node, string_key_levels);
        break;
    }
    --depth_;
    return value;
  }

 private:
  void fill(Value& value, const YAML::Node& node, int string_key_levels) {
    for (const auto& entry : node) {
      if (!entry.first.IsScalar() && !entry.first.IsNull()) {
        throw ConfigProblem{Errc::kCorrupt, at(entry.first.Mark(), "a key is no plain text")};
      }
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (key == "<<") {
        merge(value, entry.second, string_key_levels);
      } else {
        value.map.insert_or_assign(key, convert(entry.second, string_key_levels - 1));
      }
    }
  }

  /// `<<: *alias`, or a list of them: keys given beside it win, and so do earlier aliases.
  void merge(Value& value, const YAML::Node& node, int string_key_levels) {
    const Value source = convert(node, string_key_levels);
    if (source.kind == Value::Kind::kMap) {
      value.map.insert(source.map.begin(), source.map.end());
    }
    for (const Value& item : source.list) value.map.insert(item.map.begin(), item.map.end());
  }

  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;  // meaningless after an exception: nothing converts on
};

/// Go's Storage.UnmarshalYAML: a map of maps, or one word.
Value convert_storage(Converter& converter, const YAML::Node& node) {
  Value storage = converter.convert(node, static_cast<int>(Levels::kStorage));
  if (storage.kind == Value::Kind::kScalar) {
    Value named;
    named.kind = Value::Kind::kMap;
    named.string_keys = true;
    named.map[storage.text].kind = Value::Kind::kMap;
    named.map[storage.text].string_keys = true;
    return named;
  }
  if (storage.kind == Value::Kind::kList) {
    throw ConfigProblem{Errc::kCorrupt,
                        at(node.Mark(), "storage is a list, want a map with one storage driver")};
  }
  for (const auto& [name, parameters] : storage.map) {
    if (parameters.kind != Value::Kind::kMap && parameters.kind != Value::Kind::kNull) {
      throw ConfigProblem{Errc::kCorrupt,
                          at(node[name].Mark(), fmt::format("storage.{} is not a map", name))};
    }
  }
  return storage;
}

/// All drivers among the keys of `storage`; the other keys are settings of any driver.
std::vector<std::string> driver_names(const Value& storage) {
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

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_upper(std::string_view key, std::string_view upper) {
  return std::equal(key.begin(), key.end(), upper.begin(), upper.end(),
                    [](char a, char b) { return to_upper(a) == b; });
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// Go's Parser.overwriteMap. `map` is one.
void overwrite(Value& map, std::span<const std::string> path, const Value& payload) {
  if (!map.string_keys) return;  // the registry only warns
  if (path.size() > 1) {
    for (auto& [key, value] : map.map) {
      if (!equals_upper(key, path[0])) continue;
      if (value.kind == Value::Kind::kNull) break;
      if (value.kind == Value::Kind::kMap) overwrite(value, path.subspan(1), payload);
      return;
    }
  }
  Value value = payload;
  if (path.size() > 1) {
    value = Value{};
    value.kind = Value::Kind::kMap;
    value.string_keys = true;
    overwrite(value, path.subspan(1), payload);
  }
  std::string key = path[0];
  std::transform(key.begin(), key.end(), key.begin(), to_lower);
  map.map.insert_or_assign(key, std::move(value));
}

constexpr std::array<const char*, 3> kSections = {"http", "proxy", "redis"};

/// Applies every REGISTRY_* variable that reaches a section we read, in byte order of the names as
/// the registry does: REGISTRY_STORAGE before REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY.
void apply_environment(Converter& converter, Value& config, const Environment& environment) {
  for (auto it = environment.lower_bound(std::string(kPrefix)); it != environment.end(); ++it) {
    const auto& [name, text] = *it;
    if (!std::string_view(name).starts_with(kPrefix)) break;
    const std::vector<std::string> path = split(std::string_view(name).substr(kPrefix.size()), '_');
    const bool is_storage = path[0] == "STORAGE";
    const bool is_section = std::any_of(kSections.begin(), kSections.end(),
                                        [&](const char* s) { return equals_upper(s, path[0]); });
    if (!is_storage && !is_section) continue;
    try {
      const YAML::Node node = YAML::Load(text);
      Value payload;
      if (is_storage && path.size() == 1) {
        payload = convert_storage(converter, node);
      } else if (is_storage && path.size() == 2) {
        payload = converter.convert(node, static_cast<int>(Levels::kParameters));
        if (payload.kind != Value::Kind::kMap && payload.kind != Value::Kind::kNull) {
          throw ConfigProblem{Errc::kCorrupt, "its value is not a map"};
        }
      } else {
        payload = converter.convert(
            node, static_cast<int>(is_storage ? Levels::kInterface : Levels::kStruct));
      }
      overwrite(config, path, payload);
    } catch (const YAML::Exception& problem) {
      throw ConfigProblem{Errc::kCorrupt,
                          fmt::format("environment variable {}: {}", name, problem.msg)};
    } catch (const ConfigProblem& problem) {
      throw ConfigProblem{problem.code,
                          fmt::format("environment variable {}: {}", name, problem.message)};
    }
  }
}

/// A plain scalar that YAML 1.1 resolves to a bool, as Go's yaml.v2 does.
std::optional<bool> as_bool(const Value* value) {
  static constexpr std::array<std::string_view, 11> kTrue = {
      "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> kFalse = {
      "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  if (value == nullptr || value->kind != Value::Kind::kScalar || value->is_string) return {};
  if (std::find(kTrue.begin(), kTrue.end(), value->text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), value->text) != kFalse.end()) return false;
  return {};
}

std::string as_text(const Value* value) {
  return value != nullptr && value->kind == Value::Kind::kScalar ? value->text : std::string();
}

/// "s3 (bucket NAME)", for storage that is somewhere else.
std::string describe_driver(const std::string& driver, const Value& parameters) {
  for (const char* key : {"bucket", "container"}) {
    const std::string name = as_text(parameters.find(key));
    if (!name.empty()) return fmt::format("{} ({} {})", driver, key, name);
  }
  return driver;
}

[[noreturn]] void refuse_driver(const std::string& driver, const Value& parameters) {
  if (driver == "inmemory") {
    throw ConfigProblem{Errc::kUnsupported,
                        "stores in the registry's memory (inmemory); regsweep reads filesystem "
                        "storage only so far: nothing was read"};
  }
  throw ConfigProblem{
      Errc::kUnsupported,
      fmt::format("stores in {}; regsweep reads filesystem storage only so far: nothing was read "
                  "(mount the storage or sync it to a directory, and name that directory)",
                  describe_driver(driver, parameters))};
}

std::string root_directory(const Value& storage) {
  const Value& parameters = storage.map.at("filesystem");
  const Value* root = parameters.find("rootdirectory");
  if (root == nullptr) return std::string(kDefaultRoot);
  std::string text = as_text(root);
  if (text.empty()) {  // the registry would use a directory "<nil>", or "/"
    throw ConfigProblem{Errc::kCorrupt, "storage.filesystem.rootdirectory is empty"};
  }
  return text;
}

bool read_only(const Value& storage) {
  const Value* setting = storage.find({"maintenance", "readonly"});
  if (setting == nullptr) return false;
  if (setting->kind != Value::Kind::kMap) {
    throw ConfigProblem{Errc::kCorrupt,
                        "storage.maintenance.readonly: readonly config key must contain "
                        "additional keys"};
  }
  // Made by REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: a registry panics on it, so the one that
  // runs was not told, and writes. REGISTRY_STORAGE_MAINTENANCE_READONLY={enabled: true} works.
  if (setting->string_keys) return false;
  const Value* enabled = setting->find("enabled");
  if (enabled == nullptr) return false;
  const std::optional<bool> value = as_bool(enabled);
  if (!value) {
    throw ConfigProblem{Errc::kCorrupt,
                        "storage.maintenance.readonly: readonly's enabled config key must have a "
                        "boolean value"};
  }
  return *value;
}

/// The server's upload purger: on, and 168 h, unless told otherwise.
std::optional<std::chrono::seconds> upload_purge_age(const Value& storage) {
  constexpr std::chrono::hours kDefaultAge{168};
  const Value* purging = storage.find({"maintenance", "uploadpurging"});
  if (purging == nullptr || purging->kind != Value::Kind::kMap) return kDefaultAge;
  if (!as_bool(purging->find("enabled")).value_or(true)) return {};
  if (as_bool(purging->find("dryrun")).value_or(false)) return {};
  return parse_go_duration(as_text(purging->find("age"))).value_or(kDefaultAge);
}

RegistryConfig extract(const Value& config) {
  RegistryConfig out;
  const Value* storage = config.find("storage");
  const std::vector<std::string> drivers =
      storage == nullptr ? std::vector<std::string>{} : driver_names(*storage);
  if (drivers.empty()) throw ConfigProblem{Errc::kCorrupt, "no storage configuration provided"};
  if (drivers.size() > 1) {
    throw ConfigProblem{
        Errc::kCorrupt,
        fmt::format("multiple storage drivers specified in configuration or environment: {}",
                    fmt::join(drivers, ", "))};
  }
  if (drivers[0] != "filesystem") refuse_driver(drivers[0], storage->map.at(drivers[0]));

  out.root_directory = root_directory(*storage);
  out.read_only = read_only(*storage);
  out.delete_enabled = as_bool(storage->find({"delete", "enabled"})).value_or(false);
  out.redirect_disabled = as_bool(storage->find({"redirect", "disable"})).value_or(false);
  out.blob_descriptor_cache = as_text(storage->find({"cache", "blobdescriptor"}));
  if (out.blob_descriptor_cache.empty()) {  // its name before 2.0
    out.blob_descriptor_cache = as_text(storage->find({"cache", "layerinfo"}));
  }
  out.upload_purge_age = upload_purge_age(*storage);

  out.http_address = as_text(config.find({"http", "addr"}));
  out.http_network = as_text(config.find({"http", "net"}));
  out.http_prefix = as_text(config.find({"http", "prefix"}));
  out.http_tls = !as_text(config.find({"http", "tls", "certificate"})).empty() ||
                 !as_text(config.find({"http", "tls", "letsencrypt", "cachefile"})).empty();

  const std::string redis = as_text(config.find({"redis", "addr"}));
  if (!redis.empty()) out.redis_addresses.push_back(redis);
  if (const Value* addresses = config.find({"redis", "addrs"})) {
    for (const Value& address : addresses->list) {
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
  Converter converter;
  Value config;
  config.kind = Value::Kind::kMap;
  config.string_keys = true;
  std::string version;
  for (const auto& entry : document) {
    if (!entry.first.IsScalar()) continue;
    const std::string& key = entry.first.Scalar();
    if (key == "version") {
      version = entry.second.IsScalar() ? entry.second.Scalar() : "";
    } else if (key == "storage") {
      config.map.insert_or_assign(key, convert_storage(converter, entry.second));
    } else if (std::find(kSections.begin(), kSections.end(), key) != kSections.end()) {
      config.map.insert_or_assign(
          key, converter.convert(entry.second, static_cast<int>(Levels::kStruct)));
    }
  }
  if (version != "0.1") {
    throw ConfigProblem{
        Errc::kUnsupported,
        fmt::format("unsupported version: \"{}\", a registry's config says version: 0.1", version)};
  }
  if (const Value* storage = config.find("storage")) {
    const std::vector<std::string> drivers = driver_names(*storage);
    if (drivers.size() > 1) {
      throw ConfigProblem{Errc::kCorrupt,
                          fmt::format("must provide exactly one storage type. Provided: [{}]",
                                      fmt::join(drivers, " "))};
    }
  }
  apply_environment(converter, config, environment);
  return extract(config);
}

Error system_error(const std::string& path, int number, std::string_view what) {
  const std::string reason = std::generic_category().message(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return {Errc::kNotFound, path, "does not exist"};
    case EACCES:
    case EPERM:
      return {Errc::kDenied, path,
              fmt::format("user {} may not read it; run as root or as the registry's user",
                          ::geteuid())};
    default:
      return {Errc::kIo, path, fmt::format("{}: {}", what, reason)};
  }
}

Result<std::string> read_file(const std::string& path) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return system_error(path, errno, "cannot open it");
  const UniqueFd file(fd);

  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path, errno, "cannot stat it");
  if (S_ISDIR(status.st_mode)) return Error{Errc::kCorrupt, path, "is a directory, want a file"};
  if (!S_ISREG(status.st_mode)) return Error{Errc::kCorrupt, path, "is not a regular file"};

  std::string text(kConfigLimitBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, errno, "cannot read it");
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

Result<RegistryConfig> read_registry_config(const std::string& path,
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
