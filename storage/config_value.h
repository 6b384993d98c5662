#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/result.h"

namespace regsweep::storage {

/// How many levels of maps Go decodes with string keys. Only those take variables: the registry
/// ignores one that reaches into a deeper map of the file, and so do we.
enum class ConfigLevels : int { kInterface = 0, kParameters = 1, kStorage = 2, kStruct = 1000 };

/// The part of YAML's data model that Go's decoder leaves over: aliases and merges are resolved,
/// the last of equal keys has won.
struct ConfigValue {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool is_string = false;    ///< quoted: "true" is no bool
  bool string_keys = false;  ///< see ConfigLevels
  std::string text;
  std::vector<ConfigValue> list;
  std::map<std::string, ConfigValue> map;

  const ConfigValue* find(const std::string& key) const {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  }
  const ConfigValue* find(std::initializer_list<const char*> keys) const {
    const ConfigValue* value = this;
    for (const char* key : keys) {
      if (value != nullptr) value = value->find(key);
    }
    return value;
  }
};

/// Why a config is none. Thrown and caught by config*.cpp only, beside yaml-cpp's own exceptions.
struct ConfigProblem {
  Errc code;
  std::string message;
};

/// A message with the place in the YAML text it is about.
std::string at(const YAML::Mark& mark, const std::string& message);

/// Makes values of YAML nodes, as long as there are not absurdly many.
class ConfigConverter {
 public:
  /// Throws ConfigProblem; `string_key_levels` as in ConfigLevels.
  ConfigValue convert(const YAML::Node& node, int string_key_levels);

 private:
  void fill(ConfigValue& value, const YAML::Node& node, int string_key_levels);
  void merge(ConfigValue& value, const YAML::Node& node, int string_key_levels);

  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;  // meaningless after an exception: nothing converts on
};

/// Go's Storage.UnmarshalYAML: a map of maps, or one word. Throws ConfigProblem.
ConfigValue convert_storage(ConfigConverter& converter, const YAML::Node& node);

/// A plain scalar that YAML 1.1 resolves to a bool, as Go's yaml.v2 does; none if it is none.
std::optional<bool> as_bool(const ConfigValue* value);

/// The text of a scalar; empty if it is none.
std::string as_text(const ConfigValue* value);

}  // namespace regsweep::storage
