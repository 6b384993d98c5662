#include "tests/fuzz/manifest_reference.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

namespace regsweep::fuzz {
namespace {

using Kind = Value::Kind;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kGoDepth = 10000;
constexpr std::size_t kSimdjsonDepth = 1000;

// ---- text
// -----------------------------------------------------------------------------------------

/// Bytes of the UTF-8 character in front, 0 if there is none.
std::size_t character(std::string_view text) {
  static const std::regex pattern(
      "^([\\x00-\\x7f]|[\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]"
      "|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}|\\xed[\\x80-\\x9f][\\x80-\\xbf]"
      "|\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}"
      "|\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})");
  if (static_cast<unsigned char>(text[0]) < 0x80) return 1;
  std::match_results<std::string_view::const_iterator> found;
  const std::string_view front = text.substr(0, 4);
  const bool matches = std::regex_search(front.begin(), front.end(), found, pattern);
  return matches ? static_cast<std::size_t>(found.length()) : 0;
}

/// The code unit of `\uXXXX` in front, -1 if there is none.
int escaped_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return -1;
  const std::string digits(text.substr(2, 4));
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return -1;
  return std::stoi(digits, nullptr, 16);
}

/// Does to strings what Go does to them and nlohmann refuses to. Elsewhere nothing changes.
std::string with_replacements(std::string_view text) {
  std::string out;
  bool in_string = false;
  while (!text.empty()) {
    std::size_t taken = 1;
    if (!in_string || text[0] == '"') {
      in_string ^= text[0] == '"';
      out += text[0];
    } else if (text[0] == '\\') {
      const int unit = escaped_unit(text);
      const int next = text.size() > 6 ? escaped_unit(text.substr(6)) : -1;
      const bool high = unit >= 0xD800 && unit < 0xDC00;
      if (high && next >= 0xDC00 && next < 0xE000) {
        taken = 12;
        out += text.substr(0, taken);
      } else if (unit >= 0xD800 && unit < 0xE000) {
        taken = 6;
        out += "\\ufffd";
      } else {
        taken = std::min<std::size_t>(2, text.size());
        out += text.substr(0, taken);
      }
    } else if (const std::size_t length = character(text); length != 0) {
      taken = length;
      out += text.substr(0, taken);
    } else {
      out += kReplacement;
    }
    text.remove_prefix(taken);
  }
  return out;
}

/// The name as Go compares it: 'ſ' is an s, the Kelvin sign a k, and case does not count.
std::string folded(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kSame = {
      {{"\xC5\xBF", "s"}, {"\xE2\x84\xAA", "k"}}};
  std::string out = name;
  for (const auto& [from, to] : kSame) {
    for (std::size_t at = out.find(from); at != std::string::npos; at = out.find(from, at)) {
      out.replace(at, from.size(), to);
    }
  }
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// ---- nlohmann's events
// ----------------------------------------------------------------------------

class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool out_of_range = false;
  bool too_deep = false;
  bool large_integer = false;
  std::size_t deepest = 0;
  Value root;

  bool null() override { return put({}); }
  bool boolean(bool) override { return put(of(Kind::kBool)); }
  bool number_integer(number_integer_t number) override {
    Value value = of(Kind::kNumber);
    value.number = number;
    return put(std::move(value));
  }
  bool number_unsigned(number_unsigned_t number) override {
    Value value = of(Kind::kNumber);
    if (number <= INT64_MAX) value.number = static_cast<std::int64_t>(number);
    return put(std::move(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    large_integer |= text.find_first_of(".eE") == std::string::npos;
    return put(of(Kind::kNumber));
  }
  bool string(string_t& text) override {
    Value value = of(Kind::kString);
    value.text = text;
    return put(std::move(value));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Kind::kObject); }
  bool start_array(std::size_t) override { return open(Kind::kArray); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    names_.back() = name;
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    out_of_range = error.id == 406;
    return false;
  }

 private:
  static Value of(Kind kind) {
    Value value;
    value.kind = kind;
    return value;
  }
  bool open(Kind kind) {
    open_.push_back(of(kind));
    names_.emplace_back();
    deepest = std::max(deepest, open_.size());
    too_deep |= open_.size() > kGoDepth;
    return !too_deep;
  }
  bool close() {
    Value value = std::move(open_.back());
    open_.pop_back();
    names_.pop_back();
    return put(std::move(value));
  }
  bool put(Value value) {
    if (open_.empty()) {
      root = std::move(value);
    } else {
      if (open_.back().kind == Kind::kObject) open_.back().names.push_back(names_.back());
      open_.back().values.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Value> open_;
  std::vector<std::string> names_;
};

// ---- manifests
// ------------------------------------------------------------------------------------

constexpr std::string_view kDockerImage = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view kOciImage = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kArtifact = "application/vnd.oci.artifact.manifest.v1+json";
constexpr std::string_view kSchema1 = "application/vnd.docker.distribution.manifest.v1+json";
constexpr std::string_view kSigned = "application/vnd.docker.distribution.manifest.v1+prettyjws";

struct Field {
  std::string_view name;  ///< folded
  std::string_view digest = "digest";
  bool list = true;
};
constexpr std::array<Field, 6> kFields = {{{"config", "digest", false},
                                           {"layers"},
                                           {"manifests"},
                                           {"blobs"},
                                           {"fslayers", "blobsum"},
                                           {"subject", "digest", false}}};

std::vector<const Value*> all_of(const Value& object, std::string_view name) {
  std::vector<const Value*> values;
  for (std::size_t i = 0; i < object.names.size(); ++i) {
    if (folded(object.names[i]) == name) values.push_back(&object.values[i]);
  }
  return values;
}

/// The last of this name that is of this kind.
const Value* last_of(const Value& object, std::string_view name, Kind kind) {
  const Value* last = nullptr;
  for (const Value* value : all_of(object, name)) {
    if (value->kind == kind) last = value;
  }
  return last;
}

std::string text_of(const Value& object, std::string_view name) {
  const Value* value = last_of(object, name, Kind::kString);
  return value == nullptr ? "" : value->text;
}

bool has_twice(const Value& object) {
  std::set<std::string> names;
  return std::any_of(object.names.begin(), object.names.end(),
                     [&](const std::string& name) { return !names.insert(folded(name)).second; });
}

bool is_manifest_type(std::string_view type) {
  constexpr std::array kTypes = {kDockerImage, kDockerList, kOciImage, kOciIndex,
                                 kArtifact,    kSchema1,    kSigned};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

void want_descriptor(const Field& field, const Value& descriptor, WantedManifest& out) {
  WantedReference shared;
  shared.role = field.name;
  shared.media_type = text_of(descriptor, "mediatype");
  shared.is_manifest =
      field.name == "manifests" || field.name == "subject" || is_manifest_type(shared.media_type);
  if (const Value* urls = last_of(descriptor, "urls", Kind::kArray)) {
    shared.foreign = !urls->values.empty();
  }
  for (const Value* size : all_of(descriptor, "size")) {
    if (size->number) shared.size_bytes = *size->number;
  }
  out.plain = out.plain && !has_twice(descriptor);
  for (const Value* digest : all_of(descriptor, field.digest)) {
    if (digest->kind == Kind::kNull) continue;
    if (digest->kind != Kind::kString) {
      out.hides = true;
    } else if (!digest->text.empty()) {
      out.hides = out.hides || !is_digest(digest->text);
      out.references.push_back(shared);
      out.references.back().digest = digest->text;
    }
  }
}

void want_field(const Field& field, const Value& value, WantedManifest& out) {
  if (value.kind == Kind::kNull) return;
  if (!field.list) {
    if (value.kind == Kind::kObject) return want_descriptor(field, value, out);
    out.hides = true;
  } else if (value.kind != Kind::kArray) {
    out.hides = true;
  } else {
    for (const Value& element : value.values) {
      if (element.kind == Kind::kObject) {
        want_descriptor(field, element, out);
      } else {
        out.hides = out.hides || element.kind != Kind::kNull;
      }
    }
  }
}

std::optional<std::int64_t> version_of(const Value& document) {
  const auto versions = all_of(document, "schemaversion");
  return versions.empty() ? std::nullopt : versions.back()->number;
}

bool has(const Value& document, std::string_view name) {
  const auto values = all_of(document, name);
  return !values.empty() && values.back()->kind != Kind::kNull;
}

std::string type_of(const Value& document) {
  const std::string type = text_of(document, "mediatype");
  if (version_of(document) == 1 || type == kSchema1 || type == kSigned) return "schema 1";
  if (type == kDockerImage) return "docker image";
  if (type == kDockerList) return "docker list";
  if (type == kOciImage) return "image";
  if (type == kOciIndex) return "index";
  if (type == kArtifact) return "artifact";
  if (!type.empty()) return "unknown";
  if (has(document, "manifests")) return "index";
  return has(document, "config") || has(document, "layers") ? "image" : "unknown";
}

// ---- what registries mark
// -------------------------------------------------------------------------

/// Every member of this name is of this kind, or null.
bool is(const Value& object, std::string_view name, Kind kind) {
  const auto values = all_of(object, name);
  return std::all_of(values.begin(), values.end(), [&](const Value* value) {
    return value->kind == kind || value->kind == Kind::kNull;
  });
}

bool is_list_of(const Value& object, std::string_view name, Kind kind) {
  if (!is(object, name, Kind::kArray)) return false;
  for (const Value* list : all_of(object, name)) {
    for (const Value& element : list->values) {
      if (element.kind != kind && element.kind != Kind::kNull) return false;
    }
  }
  return true;
}

bool is_string_map(const Value& object, std::string_view name) {
  if (!is(object, name, Kind::kObject)) return false;
  for (const Value* map : all_of(object, name)) {
    for (const Value& value : map->values) {
      if (value.kind != Kind::kString && value.kind != Kind::kNull) return false;
    }
  }
  return true;
}

bool is_whole(const Value& object, std::string_view name) {
  const auto values = all_of(object, name);
  return std::all_of(values.begin(), values.end(), [&](const Value* value) {
    return value->number.has_value() || value->kind == Kind::kNull;
  });
}

bool is_ordinary_descriptor(const Value& value) {
  if (value.kind == Kind::kNull) return true;
  return value.kind == Kind::kObject && !has_twice(value) && is(value, "digest", Kind::kString) &&
         is(value, "mediatype", Kind::kString) && is(value, "artifacttype", Kind::kString) &&
         is_whole(value, "size") && is_list_of(value, "urls", Kind::kString) &&
         is_string_map(value, "annotations") && all_of(value, "platform").empty() &&
         all_of(value, "data").empty();
}

/// No decoder has anything to say against the document, and none has a rule of its own for it.
bool is_ordinary(const Value& document) {
  if (has_twice(document) || !is_whole(document, "schemaversion") ||
      !is(document, "mediatype", Kind::kString) || !is_string_map(document, "annotations") ||
      !is_list_of(document, "layers", Kind::kObject) ||
      !is_list_of(document, "manifests", Kind::kObject)) {
    return false;
  }
  for (const std::string_view name : {"config", "layers", "manifests"}) {
    for (const Value* value : all_of(document, name)) {
      if (name == "config" && !is_ordinary_descriptor(*value)) return false;
      for (const Value& element : value->values) {
        if (!is_ordinary_descriptor(element)) return false;
      }
    }
  }
  return true;
}

void mark_list(const Value& document, std::string_view name, std::vector<std::string>& marks) {
  for (const Value* list : all_of(document, name)) {
    for (const Value& element : list->values) marks.push_back(text_of(element, "digest"));
  }
}

void want_marks(const Value& document, WantedManifest& out) {
  if (!is_ordinary(document)) return;
  const std::int64_t version = version_of(document).value_or(0);
  if (version == 1) return;
  const std::string type = text_of(document, "mediatype");
  const bool image = type == kDockerImage || type == kOciImage;
  const bool index = type == kDockerList || type == kOciIndex;
  out.refused = version != 2 || !(image || index || type.empty());
  if (out.refused) return;
  std::vector<std::string>& marks = out.marks.emplace();
  if (index || (type.empty() && has(document, "manifests"))) {
    mark_list(document, "manifests", marks);
    return;
  }
  const auto configs = all_of(document, "config");
  marks.push_back(configs.empty() ? "" : text_of(*configs.back(), "digest"));
  mark_list(document, "layers", marks);
}

}  // namespace

bool is_digest(const std::string& text) {
  static const std::regex pattern("sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}");
  return std::regex_match(text, pattern);
}

Reading read_json(std::string_view text) {
  Reading reading;
  const std::string bytes = with_replacements(text);
  reading.comparable = !text.starts_with("\xEF") && text.find('\0') == std::string_view::npos;
  std::istringstream in(bytes);
  Builder builder;
  reading.has_value = nlohmann::json::sax_parse(in, &builder, nlohmann::json::input_format_t::json,
                                                /*strict=*/false);
  reading.comparable = reading.comparable && !builder.out_of_range && !builder.too_deep;
  reading.for_simdjson = reading.comparable && !builder.large_integer &&
                         builder.deepest < kSimdjsonDepth && bytes == text;
  if (!reading.has_value) return reading;
  reading.value = std::move(builder.root);
  in.clear();
  const auto end = static_cast<std::size_t>(in.tellg());
  reading.ends = bytes.find_first_not_of(" \t\r\n", end) == std::string::npos;
  // A number ends where the next byte is none of its own: that byte was taken, too.
  if (reading.value.kind == Kind::kNumber) reading.comparable = false;
  return reading;
}

WantedManifest wanted_manifest(const Value& document) {
  WantedManifest out;
  out.plain = !has_twice(document);
  for (std::size_t i = 0; i < document.names.size(); ++i) {
    const std::string name = folded(document.names[i]);
    const auto field = std::find_if(kFields.begin(), kFields.end(),
                                    [&](const Field& one) { return one.name == name; });
    if (field != kFields.end()) want_field(*field, document.values[i], out);
  }
  out.type = type_of(document);
  out.media_type = text_of(document, "mediatype");
  out.artifact_type = text_of(document, "artifacttype");
  want_marks(document, out);
  return out;
}

}  // namespace regsweep::fuzz
