// What is read of images beside their references: configs, an index's platforms, a blob's first
// bytes, media types and times. Checked:
// - nothing is read beyond the document, and its end needs no padding;
// - a config's platform and the platforms of an index are those of a second reading by nlohmann's
//   reader, the first member of a name counting, unless simdjson refuses the document: then they
//   are empty (manifest_reference.h, for_simdjson);
// - a time that is read is written again as the same time;
// - what a media type claims fits content of that kind, and empty content is no kind but empty.
#include <algorithm>
#include <array>

#include "analyzer/content_kind.h"
#include "analyzer/platform.h"
#include "reports/humanize.h"
#include "storage/upload.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/manifest_reference.h"

namespace regsweep::fuzz {
namespace {

const Value* member(const Value& object, std::string_view name) {
  for (std::size_t i = 0; i < object.names.size(); ++i) {
    if (object.names[i] == name) return &object.values[i];
  }
  return nullptr;
}

std::string text_of(const Value& object, std::string_view name) {
  const Value* value = member(object, name);
  return value != nullptr && value->kind == Value::Kind::kString ? value->text : "";
}

std::string platform_of(const Value& object) {
  const std::string os = text_of(object, "os");
  const std::string architecture = text_of(object, "architecture");
  const std::string variant = text_of(object, "variant");
  if (os.empty() && architecture.empty()) return "";
  return os + '/' + architecture + (variant.empty() ? "" : '/' + variant);
}

/// The index's children that have a digest, as far as its list goes.
std::vector<std::pair<std::string, std::string>> platforms_of(const Value& document) {
  std::vector<std::pair<std::string, std::string>> platforms;
  const Value* list = member(document, "manifests");
  if (list == nullptr || list->kind != Value::Kind::kArray) return platforms;
  for (const Value& child : list->values) {
    const std::string digest = text_of(child, "digest");
    if (!is_digest(digest)) continue;
    const Value* platform = member(child, "platform");
    platforms.emplace_back(digest, platform == nullptr ? "" : platform_of(*platform));
  }
  return platforms;
}

void check_documents(std::string_view input) {
  const std::vector<char> copy = exact_copy(input);
  const std::string_view text(copy.data(), input.size());
  const analyzer::ConfigFacts facts = analyzer::facts_of_config(text);
  const auto platforms = analyzer::platforms_of_index(text);
  REGSWEEP_HOLDS(facts.platform == analyzer::platform_of_config(text), shown(text));
  const Reading reading = read_json(text);
  if (!reading.for_simdjson || !reading.ends || reading.value.kind != Value::Kind::kObject) return;
  std::int64_t created = 0;
  if (!storage::parse_rfc3339(text_of(reading.value, "created"), created)) created = 0;
  REGSWEEP_HOLDS(facts.created_seconds == created, shown(text));
  REGSWEEP_HOLDS(facts.platform == platform_of(reading.value), shown(text));
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [digest, platform] : platforms) found.emplace_back(digest.text(), platform);
  REGSWEEP_HOLDS(found == platforms_of(reading.value), shown(text));
}

void check_time(std::string_view text) {
  std::int64_t seconds = 0;
  if (!storage::parse_rfc3339(text, seconds)) return;
  const std::string again = reports::rfc3339(seconds);
  std::int64_t same = 0;
  REGSWEEP_HOLDS(storage::parse_rfc3339(again, same), shown(text) + ' ' + again);
  // An offset may lead out of the years that have four digits, where a time is cut to the nearest.
  const bool has_year = !again.starts_with("0000-01-01") && !again.starts_with("9999-12-31");
  REGSWEEP_HOLDS(!has_year || same == seconds, shown(text) + ' ' + again);
}

void check_kinds(std::string_view text) {
  std::array<char, 512> head{};
  const std::size_t size = std::min(text.size(), head.size());
  std::copy_n(text.begin(), size, head.begin());
  const analyzer::ContentKind kind = analyzer::kind_of(head, text.size());
  REGSWEEP_HOLDS((kind == analyzer::ContentKind::kEmpty) == text.empty(), shown(text));
  REGSWEEP_HOLDS(!content_kind_name(kind).empty(), shown(text));
  const analyzer::ContentKind claim = analyzer::claimed_kind(text);
  REGSWEEP_HOLDS(analyzer::fits(claim, claim), shown(text));
}

}  // namespace

REGSWEEP_FUZZER(image_config) {
  check_documents(input);
  check_time(input);
  check_kinds(input);
}

}  // namespace regsweep::fuzz
