#include "storage/config_environment.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <span>
#include <string_view>

namespace regsweep::storage {
namespace {

constexpr std::string_view kPrefix = "REGISTRY_";

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

/// Go's Parser.overwriteMap. `map` is one. False if the variable does not reach so deep.
bool overwrite(ConfigValue& map, std::span<const std::string> path, const ConfigValue& payload) {
  if (!map.string_keys) return false;  // the registry only warns
  if (path.size() > 1) {
    for (auto& [key, value] : map.map) {
      if (!equals_upper(key, path[0])) continue;
      if (value.kind == ConfigValue::Kind::kNull) break;
      return value.kind == ConfigValue::Kind::kMap && overwrite(value, path.subspan(1), payload);
    }
  }
  ConfigValue value = payload;
  if (path.size() > 1) {
    value = ConfigValue{};
    value.kind = ConfigValue::Kind::kMap;
    value.string_keys = true;
    overwrite(value, path.subspan(1), payload);
  }
  std::string key = path[0];
  std::transform(key.begin(), key.end(), key.begin(), to_lower);
  map.map.insert_or_assign(key, std::move(value));
  return true;
}

/// Storage.maintenance.<x> is a map of keys of any type, which no variable reaches into; one that a
/// variable makes is one at which the registry panics.
bool reaches_into_maintenance(std::span<const std::string> path) {
  return path.size() > 3 && path[0] == "STORAGE" && path[1] == "MAINTENANCE";
}

/// What a variable's text stands for at its place.
ConfigValue payload_of(ConfigConverter& converter, std::span<const std::string> path,
                       const std::string& text) {
  const YAML::Node node = YAML::Load(text);
  if (path[0] != "STORAGE") return converter.convert(node, static_cast<int>(ConfigLevels::kStruct));
  if (path.size() == 1) return convert_storage(converter, node);
  if (path.size() > 2) return converter.convert(node, static_cast<int>(ConfigLevels::kInterface));
  ConfigValue payload = converter.convert(node, static_cast<int>(ConfigLevels::kParameters));
  if (payload.kind != ConfigValue::Kind::kMap && payload.kind != ConfigValue::Kind::kNull) {
    throw ConfigProblem{Errc::kCorrupt, "its value is not a map"};
  }
  return payload;
}

}  // namespace

EnvironmentUse apply_environment(ConfigConverter& converter, ConfigValue& config,
                                 const Environment& environment) {
  EnvironmentUse use;
  for (auto it = environment.lower_bound(std::string(kPrefix)); it != environment.end(); ++it) {
    const auto& [name, text] = *it;
    if (!std::string_view(name).starts_with(kPrefix)) break;
    const std::vector<std::string> path = split(std::string_view(name).substr(kPrefix.size()), '_');
    const bool is_section =
        std::any_of(kConfigSections.begin(), kConfigSections.end(),
                    [&](const char* section) { return equals_upper(section, path[0]); });
    if (path[0] != "STORAGE" && !is_section) continue;
    try {
      const bool reached = overwrite(config, path, payload_of(converter, path, text));
      (reached && !reaches_into_maintenance(path) ? use.applied : use.without_effect)
          .push_back(name);
    } catch (const YAML::Exception& problem) {
      throw ConfigProblem{Errc::kCorrupt,
                          fmt::format("environment variable {}: {}", name, problem.msg)};
    } catch (const ConfigProblem& problem) {
      throw ConfigProblem{problem.code,
                          fmt::format("environment variable {}: {}", name, problem.message)};
    }
  }
  return use;
}

}  // namespace regsweep::storage
