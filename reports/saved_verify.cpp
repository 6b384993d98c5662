#include "reports/saved_verify.h"

namespace regsweep::reports {
namespace {

/// A report as it must be, written as one: a text says what stands there, a list has the shape of
/// its elements, and a list of two is "null" or the second.
const Json& shape() {
  static const Json tag = {
      {"repository", "text"}, {"tag", "text"}, {"platforms", Json::array({"text"})}};
  static const Json damaged = {{"digest", "text"},
                               {"fault", "text"},
                               {"concern", "text"},
                               {"size_bytes", "count"},
                               {"declared_bytes", Json::array({"null", "integer"})},
                               {"actual", Json::array({"null", "text"})},
                               {"actual_is_here", "flag"},
                               {"detail", "text"},
                               {"repositories", Json::array({"text"})},
                               {"tags", Json::array({tag})}};
  static const Json part = {{"blob", "text"}, {"image", "text"}, {"platform", "text"}};
  static const Json broken_tag = {{"repository", "text"},
                                  {"tag", "text"},
                                  {"digest", "text"},
                                  {"images", "count"},
                                  {"parts", Json::array({part})}};
  static const Json finding = {{"code", "text"},
                               {"concern", "text"},
                               {"objects", "count"},
                               {"message", "text"},
                               {"meaning", "text"},
                               {"next", "text"},
                               {"subjects", Json::array({"text"})}};
  static const Json odd_kind = {{"digest", "text"}, {"claimed", "text"}, {"found", "text"}};
  static const Json unknown = {{"digest", "text"}, {"detail", "text"}};
  static const Json store = {{"root", "text"},          {"config", Json::array({"null", "text"})},
                             {"repositories", "count"}, {"tags", "count"},
                             {"blobs", "count"},        {"bytes", "count"}};
  static const Json shard = {{"number", "count"}, {"of", "count"}};
  static const Json selection = {{"shard", Json::array({"null", shard})},
                                 {"sample_percent", "number"},
                                 {"seed", "count"},
                                 {"newer_than", Json::array({"null", "text"})},
                                 {"repositories", Json::array({"text"})}};
  static const Json content = {{"chosen_blobs", "count"}, {"chosen_bytes", "count"},
                               {"read_blobs", "count"},   {"read_bytes", "count"},
                               {"known_blobs", "count"},  {"known_bytes", "count"},
                               {"stopped", "flag"}};
  static const Json report = {{"complete", "flag"},
                              {"live_damage", "flag"},
                              {"store", store},
                              {"selection", selection},
                              {"content", content},
                              {"damaged", Json::array({damaged})},
                              {"broken_tags", Json::array({broken_tag})},
                              {"odd_kinds", Json::array({odd_kind})},
                              {"unsteady", Json::array({"text"})},
                              {"unknown", Json::array({unknown})},
                              {"findings", Json::array({finding})}};
  return report;
}

std::string misfit(const Json& value, const Json& shape, const std::string& place);

std::string misfit_of_value(const Json& value, std::string_view kind, const std::string& place) {
  if (kind == "text") return value.is_string() ? "" : place + " is no text";
  if (kind == "flag") return value.is_boolean() ? "" : place + " is neither true nor false";
  if (kind == "number") return value.is_number() ? "" : place + " is no number";
  if (kind == "integer") return value.is_number_integer() ? "" : place + " is no whole number";
  return value.is_number_unsigned() ? "" : place + " is no count";
}

std::string misfit_of_list(const Json& value, const Json& shape, const std::string& place) {
  if (shape.size() == 2) return value.is_null() ? "" : misfit(value, shape[1], place);
  if (!value.is_array()) return place + " is no list";
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (std::string why = misfit(value[i], shape[0], place + '[' + std::to_string(i) + ']');
        !why.empty()) {
      return why;
    }
  }
  return {};
}

std::string misfit(const Json& value, const Json& shape, const std::string& place) {
  if (shape.is_string()) return misfit_of_value(value, shape.get_ref<const std::string&>(), place);
  if (shape.is_array()) return misfit_of_list(value, shape, place);
  if (!value.is_object()) return place + " is no object";
  for (const auto& [name, inner] : shape.items()) {
    const std::string inside = place.empty() ? name : place + '.' + name;
    const auto at = value.find(name);
    if (at == value.end()) return inside + " is missing";
    if (std::string why = misfit(*at, inner, inside); !why.empty()) return why;
  }
  return {};
}

}  // namespace

storage::Result<Json> read_verify_report(std::string_view text) {
  const auto corrupt = [](std::string message) {
    return storage::Error{storage::Errc::kCorrupt, {}, std::move(message), 0};
  };
  auto json = parse_json(text);
  if (!json) return corrupt("is no report: " + json.error().message);
  const auto schema = json->is_object() ? json->find("schema") : json->end();
  if (schema == json->end() || !schema->is_string()) {
    return corrupt("is no report of regsweep verify --json");
  }
  if (*schema != kVerifySchema) {
    return corrupt("is no report of regsweep verify --json: it is " +
                   printable(schema->get<std::string>()) + ", not " + std::string(kVerifySchema));
  }
  // Reports had no config before they named it.
  const auto store = json->find("store");
  if (store != json->end() && store->is_object() && !store->contains("config")) {
    (*store)["config"] = nullptr;
  }
  if (const std::string why = misfit(*json, shape(), {}); !why.empty()) {
    return corrupt("is no whole report: " + why + "; regsweep verify --json -o FILE makes one");
  }
  return json;
}

}  // namespace regsweep::reports
