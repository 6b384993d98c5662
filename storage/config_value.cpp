#include "storage/config_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace regsweep::storage {
namespace {

constexpr std::size_t kNodeLimit = 20'000;  // aliases of aliases grow without bound
constexpr std::size_t kDepthLimit = 100;    // an alias may even stand inside its own anchor

}  // namespace

std::string at(const YAML::Mark& mark, const std::string& message) {
  if (mark.is_null()) return message;
  return fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, message);
}

ConfigValue ConfigConverter::convert(const YAML::Node& node, int string_key_levels) {
  if (++nodes_ > kNodeLimit || depth_ == kDepthLimit) {
    throw ConfigProblem{Errc::kCorrupt, "holds more values than any registry config"};
  }
  ++depth_;
  ConfigValue value;
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      break;
    case YAML::NodeType::Scalar:
      value.kind = ConfigValue::Kind::kScalar;
      value.text = node.Scalar();
      value.is_string = node.Tag() != "?" && !node.Tag().empty();
      break;
    case YAML::NodeType::Sequence:
      value.kind = ConfigValue::Kind::kList;
      for (const auto& item : node) value.list.push_back(convert(item, 0));
      break;
    case YAML::NodeType::Map:
      value.kind = ConfigValue::Kind::kMap;
      value.string_keys = string_key_levels > 0;
      fill(value, node, string_key_levels);
      break;
  }
  --depth_;
  return value;
}

void ConfigConverter::fill(ConfigValue& value, const YAML::Node& node, int string_key_levels) {
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
void ConfigConverter::merge(ConfigValue& value, const YAML::Node& node, int string_key_levels) {
  const ConfigValue source = convert(node, string_key_levels);
  if (source.kind == ConfigValue::Kind::kMap) {
    value.map.insert(source.map.begin(), source.map.end());
  }
  for (const ConfigValue& item : source.list) value.map.insert(item.map.begin(), item.map.end());
}

/// Go's Storage.UnmarshalYAML: a map of maps, or one word.
ConfigValue convert_storage(ConfigConverter& converter, const YAML::Node& node) {
  ConfigValue storage = converter.convert(node, static_cast<int>(ConfigLevels::kStorage));
  if (storage.kind == ConfigValue::Kind::kScalar) {
    ConfigValue named;
    named.kind = ConfigValue::Kind::kMap;
    named.string_keys = true;
    named.map[storage.text].kind = ConfigValue::Kind::kMap;
    named.map[storage.text].string_keys = true;
    return named;
  }
  if (storage.kind == ConfigValue::Kind::kList) {
    throw ConfigProblem{Errc::kCorrupt,
                        at(node.Mark(), "storage is a list, want a map with one storage driver")};
  }
  for (const auto& [name, parameters] : storage.map) {
    if (parameters.kind != ConfigValue::Kind::kMap && parameters.kind != ConfigValue::Kind::kNull) {
      throw ConfigProblem{Errc::kCorrupt,
                          at(node[name].Mark(), fmt::format("storage.{} is not a map", name))};
    }
  }
  return storage;
}

/// A plain scalar that YAML 1.1 resolves to a bool, as Go's yaml.v2 does.
std::optional<bool> as_bool(const ConfigValue* value) {
  static constexpr std::array<std::string_view, 11> kTrue = {
      "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> kFalse = {
      "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  if (value == nullptr || value->kind != ConfigValue::Kind::kScalar || value->is_string) return {};
  if (std::find(kTrue.begin(), kTrue.end(), value->text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), value->text) != kFalse.end()) return false;
  return {};
}

std::string as_text(const ConfigValue* value) {
  return value != nullptr && value->kind == ConfigValue::Kind::kScalar ? value->text
                                                                       : std::string();
}

}  // namespace regsweep::storage
