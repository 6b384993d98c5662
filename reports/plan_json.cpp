
#include "reports/plan_json.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/plan_report.h"
#include "reports/repair_json.h"
#include "storage/content_hash.h"
#include "storage/upload.h"

namespace regsweep::reports {
namespace {

using analyzer::Plan;
using storage::Errc;
using storage::Error;
using storage::Removal;

constexpr std::string_view kSchema = "regsweep.plan/1";

Json total_json(const analyzer::PlanTotal& total) {
  return objects_and_bytes(total.objects, total.bytes);
}

Json deletions_json(const analyzer::Deletions& deletions) {
  Json json = {{"tags", Json::array()},
               {"revisions", Json::array()},
               {"repositories", Json::array()},
               {"sweep", deletions.sweep}};
  for (const analyzer::DoomedTag& tag : deletions.tags) {
    json["tags"].push_back({{"repository", printable(tag.repository)},
                            {"tag", printable(tag.tag)},
                            {"digest", tag.digest}});
  }
  for (const analyzer::DoomedRevision& revision : deletions.revisions) {
    json["revisions"].push_back(
        {{"repository", printable(revision.repository)}, {"digest", revision.digest}});
  }
  json["repositories"] = printable_list(deletions.repositories);
  return json;
}

std::string raw_text(const Json& json) { return raw_from_printable(json.get<std::string>()); }

analyzer::Deletions deletions_from(const Json& json) {
  analyzer::Deletions deletions;
  for (const Json& tag : json.at("tags")) {
    deletions.tags.push_back({raw_text(tag.at("repository")), raw_text(tag.at("tag")),
                              tag.at("digest").get<std::string>()});
  }
  for (const Json& revision : json.at("revisions")) {
    deletions.revisions.push_back(
        {raw_text(revision.at("repository")), revision.at("digest").get<std::string>()});
  }
  for (const Json& name : json.at("repositories")) deletions.repositories.push_back(raw_text(name));
  deletions.sweep = json.at("sweep").get<bool>();
  return deletions;
}

Json rules_json(const analyzer::PlanRules& rules) {
  Json json = {{"untagged", rules.untagged},
               {"links", rules.dead_links},
               {"temporary", rules.temporary},
               {"stale_tags", rules.stale_tags},
               {"empty", rules.empty},
               {"uploads_age_seconds", nullptr},
               {"min_age_seconds", rules.min_age_seconds},
               {"free_bytes", nullptr},
               {"ignore_damaged", Json::array()}};
  if (rules.uploads_age_seconds) json["uploads_age_seconds"] = *rules.uploads_age_seconds;
  if (rules.enough_bytes) json["free_bytes"] = *rules.enough_bytes;
  json["ignore_damaged"] = printable_list(rules.ignore_damaged);
  if (!rules.pinned.empty()) {
    json["roots"] = Json::array();
    for (const storage::Digest& digest : rules.pinned) json["roots"].push_back(digest.text());
  }
  if (rules.deletions) json["deletions"] = deletions_json(*rules.deletions);
  return json;
}

Json removal_json(const Removal& removal) {
  return {{"class", analyzer::removal_class_name(removal.removal_class)},
          {"path", printable(removal.path)},
          {"reason", printable(removal.reason)},
          {"apparent_bytes", removal.apparent_bytes},
          {"allocated_bytes", removal.allocated_bytes},
          {"inode", removal.identity.inode},
          {"size_bytes", removal.identity.size_bytes},
          {"mtime_ns", removal.identity.mtime_nanoseconds}};
}

/// The hash over a plan's dump(), all but the checksum itself, taken piece by piece: an edited plan
/// is refused.
class PlanHash {
 public:
  PlanHash() {
    hash_.begin(storage::Algorithm::kSha256);
    add("{");
  }
  void begin_field(std::string_view name) {
    if (!std::exchange(first_, false)) add(",");
    add(Json(name).dump());
    add(":");
  }
  void value(const Json& json) { add(json.dump()); }
  void begin_list() { add("["); }
  void element(bool first, const Json& json) {
    if (!first) add(",");
    value(json);
  }
  void end_list() { add("]"); }
  std::string finish() {
    add("}");
    return hash_.finish().hex();
  }

 private:
  void add(std::string_view text) { hash_.add(text); }

  storage::ContentHash hash_;
  bool first_ = true;
};

std::string checksum_of(const Json& plan) {
  PlanHash hash;
  for (const auto& [name, value] : plan.items()) {
    if (name == "checksum") continue;
    hash.begin_field(name);
    if (!value.is_array()) {
      hash.value(value);
      continue;
    }
    hash.begin_list();
    for (std::size_t i = 0; i < value.size(); ++i) hash.element(i == 0, value[i]);
    hash.end_list();
  }
  return hash.finish();
}

/// Writes a plan as dump(1) would, a field and a removal at a time: there may be millions of them.
class PlanWriter {
 public:
  explicit PlanWriter(std::ostream& out) : out_(out) { out_ << '{'; }

  void field(std::string_view name, const Json& value) {
    begin_field(name);
    hash_.value(value);
    write(value, 1);
  }
  void removals(const std::vector<Removal>& removals) {
    begin_field("removals");
    hash_.begin_list();
    out_ << '[';
    bool first = true;
    for (const Removal& removal : removals) {
      const Json json = removal_json(removal);
      hash_.element(first, json);
      out_ << (first ? "\n  " : ",\n  ");
      write(json, 2);
      first = false;
    }
    hash_.end_list();
    out_ << (first ? "]" : "\n ]");
  }
  void finish() {
    begin_line();
    out_ << R"("checksum": ")" << hash_.finish() << "\"\n}\n";
  }

 private:
  void begin_line() { out_ << (std::exchange(first_, false) ? "\n " : ",\n "); }
  void begin_field(std::string_view name) {
    hash_.begin_field(name);
    begin_line();
    out_ << Json(name).dump() << ": ";
  }
  /// A value that stands `depth` levels deep: no line break is part of a text.
  void write(const Json& value, std::size_t depth) {
    const std::string text = value.dump(1);
    std::string_view rest = text;
    for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      out_ << rest.substr(0, end + 1) << std::string_view("  ").substr(0, depth);
      rest.remove_prefix(end + 1);
    }
    out_ << rest;
  }

  std::ostream& out_;
  PlanHash hash_;
  bool first_ = true;
};

/// A number as plans are written: whole, and no other than fits. nlohmann would make something of
/// any number, and of true and false.
template <class Number>
Number number_from(const Json& json) {
  const bool fits = std::is_signed_v<Number>
                        ? json.is_number_integer() &&
                              (!json.is_number_unsigned() || json.get<std::uint64_t>() <= INT64_MAX)
                        : json.is_number_unsigned();
  if (!fits) throw std::invalid_argument("a number is none, or too large or too small");
  return json.get<Number>();
}

Error broken(std::string message) { return {Errc::kCorrupt, {}, std::move(message), 0}; }

/// Reads the parts; nlohmann throws on wrong types, which the caller catches.
Plan plan_from(const Json& json) {
  Plan plan;
  const Json& store = json.at("store");
  plan.root = raw_from_printable(store.at("root").get<std::string>());
  plan.v2 = raw_from_printable(store.at("v2").get<std::string>());
  plan.config_path = raw_from_printable(store.at("config").get<std::string>());
  plan.device = number_from<std::uint64_t>(store.at("device"));
  plan.inode = number_from<std::uint64_t>(store.at("inode"));
  plan.fingerprint = store.at("fingerprint").get<std::string>();
  if (!storage::parse_rfc3339(json.at("created").get<std::string>(), plan.created_seconds)) {
    throw std::invalid_argument("created is no time");
  }
  const Json& rules = json.at("rules");
  plan.rules.untagged = rules.at("untagged").get<bool>();
  plan.rules.dead_links = rules.at("links").get<bool>();
  plan.rules.temporary = rules.at("temporary").get<bool>();
  plan.rules.stale_tags = rules.at("stale_tags").get<bool>();
  plan.rules.empty = rules.at("empty").get<bool>();
  if (!rules.at("uploads_age_seconds").is_null()) {
    plan.rules.uploads_age_seconds = number_from<std::int64_t>(rules.at("uploads_age_seconds"));
  }
  plan.rules.min_age_seconds = number_from<std::int64_t>(rules.at("min_age_seconds"));
  if (!rules.at("free_bytes").is_null()) {
    plan.rules.enough_bytes = number_from<std::uint64_t>(rules.at("free_bytes"));
  }
  for (const Json& name : rules.at("ignore_damaged")) {
    plan.rules.ignore_damaged.push_back(raw_from_printable(name.get<std::string>()));
  }
  if (rules.contains("roots")) {
    for (const Json& root : rules.at("roots")) {
      storage::Digest digest;
      if (parse_digest(root.get<std::string>(), digest) != storage::DigestError::kNone) {
        throw std::invalid_argument("a root is no digest");
      }
      plan.rules.pinned.push_back(digest);
    }
  }
  if (rules.contains("deletions")) plan.rules.deletions = deletions_from(rules.at("deletions"));
  for (const Json& entry : json.at("removals")) {
    Removal removal;
    const auto removal_class = analyzer::removal_class_of(entry.at("class").get<std::string>());
    if (!removal_class) throw std::invalid_argument("unknown class of removal");
    removal.removal_class = *removal_class;
    removal.path = raw_from_printable(entry.at("path").get<std::string>());
    removal.reason = raw_text(entry.at("reason"));
    removal.apparent_bytes = number_from<std::uint64_t>(entry.at("apparent_bytes"));
    removal.allocated_bytes = number_from<std::uint64_t>(entry.at("allocated_bytes"));
    removal.identity.inode = number_from<std::uint64_t>(entry.at("inode"));
    removal.identity.size_bytes = number_from<std::uint64_t>(entry.at("size_bytes"));
    removal.identity.mtime_nanoseconds = number_from<std::int64_t>(entry.at("mtime_ns"));
    plan.removals.push_back(std::move(removal));
  }
  for (const Removal& removal : plan.removals) analyzer::count_in(plan, removal);
  read_repair_parts(json, plan);
  return plan;
}

}  // namespace

Json classes_json(const std::array<analyzer::PlanTotal, storage::kRemovalClasses>& classes) {
  Json json = Json::object();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    json[std::string(analyzer::removal_class_name(static_cast<storage::RemovalClass>(i)))] =
        total_json(classes[i]);
  }
  return json;
}

void write_plan_file(const Plan& plan, const Json& results, std::ostream& out) {
  Json totals = classes_json(plan.totals);
  totals["total"] = total_json(plan.total);
  totals["held_back"] = total_json(plan.held_back);
  PlanWriter writer(out);
  writer.field("schema", kSchema);
  writer.field("version", REGSWEEP_VERSION);
  writer.field("created", rfc3339(plan.created_seconds));
  writer.field("store", {{"root", printable(plan.root)},
                         {"v2", printable(plan.v2)},
                         {"config", printable(plan.config_path)},
                         {"device", plan.device},
                         {"inode", plan.inode},
                         {"fingerprint", plan.fingerprint}});
  writer.field("rules", rules_json(plan.rules));
  writer.field("totals", totals);
  writer.field("refusals", printable_list(plan.refusals));
  writer.removals(plan.removals);
  if (plan.repair) {
    writer.field("additions", additions_json(plan));
    Json repair = {{"rules", repair_rules_json(*plan.repair)}};
    repair.update(results);
    writer.field("repair", repair);
  }
  writer.finish();
}

void write_plan_json(const Plan& plan, std::ostream& out) {
  write_plan_file(plan, Json::object(), out);
}

void write_apply_json(const ApplySummary& summary, std::ostream& out) {
  const analyzer::ApplyResult& result = summary.result;
  const Json json = {{"schema", "regsweep.apply/1"},
                     {"end", end_name(result.end)},
                     {"reason", printable(result.reason)},
                     {"removed", classes_json(result.removed)},
                     {"total_objects", result.total.objects},
                     {"total_bytes", bytes_pair(result.total.bytes)},
                     {"promised_bytes", bytes_pair(summary.promised.bytes)},
                     {"held_back", total_json(summary.held_back)},
                     {"already_gone", result.already_gone},
                     {"quarantine_run", text_or_null(result.quarantine_run)},
                     {"disk_free_before_bytes", summary.disk_free_before},
                     {"disk_free_after_bytes", summary.disk_free_after}};
  out << json.dump(1) << '\n';
}

storage::Result<Plan> read_plan_json(const std::string& text) {
  auto parsed = parse_json(text);
  if (!parsed) return broken("this is no plan: " + parsed.error().message);
  Json& json = *parsed;
  if (!json.is_object()) return broken("this is no plan of regsweep");
  const auto schema = json.find("schema");
  if (schema == json.end() || !schema->is_string()) return broken("this is no plan of regsweep");
  if (*schema != kSchema) {
    return broken("this is a plan of another version (" + printable(schema->get<std::string>()) +
                  "); make a new one");
  }
  const auto checksum = json.find("checksum");
  if (checksum == json.end()) return broken("the plan has no checksum: it was cut off or edited");
  if (*checksum != checksum_of(json)) {
    return broken("the plan was changed since it was written: its checksum does not fit");
  }
  try {
    return plan_from(json);
  } catch (const std::exception& error) {
    return broken(std::string("the plan is malformed: ") + error.what());
  }
}

}  // namespace regsweep::reports
