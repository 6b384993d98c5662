
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

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
  Json json = {{"objects", total.objects}};
  json.update(bytes_pair(total.bytes));
  return json;
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
  for (const std::string& name : deletions.repositories) {
    json["repositories"].push_back(printable(name));
  }
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
  for (const std::string& name : rules.ignore_damaged) {
    json["ignore_damaged"].push_back(printable(name));
  }
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
          {"reason", removal.reason},
          {"apparent_bytes", removal.apparent_bytes},
          {"allocated_bytes", removal.allocated_bytes},
          {"inode", removal.identity.inode},
          {"size_bytes", removal.identity.size_bytes},
          {"mtime_ns", removal.identity.mtime_nanoseconds}};
}

/// Hash over everything but itself: an edited plan is refused.
std::string checksum_of(const Json& plan) {
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
  hash.add(plan.dump());
  return hash.finish().hex();
}

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
    removal.reason = entry.at("reason").get<std::string>();
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

void write_plan_file(const Plan& plan, Json results, std::ostream& out) {
  Json totals = Json::object();
  for (std::size_t i = 0; i < plan.totals.size(); ++i) {
    totals[std::string(analyzer::removal_class_name(static_cast<storage::RemovalClass>(i)))] =
        total_json(plan.totals[i]);
  }
  totals["total"] = total_json(plan.total);
  totals["held_back"] = total_json(plan.held_back);
  Json removals = Json::array();
  for (const Removal& removal : plan.removals) removals.push_back(removal_json(removal));
  Json refusals = Json::array();
  for (const std::string& refusal : plan.refusals) refusals.push_back(printable(refusal));
  Json json = {{"schema", kSchema},
               {"version", REGSWEEP_VERSION},
               {"created", rfc3339(plan.created_seconds)},
               {"store",
                {{"root", printable(plan.root)},
                 {"v2", printable(plan.v2)},
                 {"config", printable(plan.config_path)},
                 {"device", plan.device},
                 {"inode", plan.inode},
                 {"fingerprint", plan.fingerprint}}},
               {"rules", rules_json(plan.rules)},
               {"totals", std::move(totals)},
               {"refusals", std::move(refusals)},
               {"removals", std::move(removals)}};
  if (plan.repair) {
    json["additions"] = additions_json(plan);
    json["repair"] = {{"rules", repair_rules_json(*plan.repair)}};
    json["repair"].update(results);
  }
  json["checksum"] = checksum_of(json);
  out << json.dump(1) << '\n';
}

void write_plan_json(const Plan& plan, std::ostream& out) {
  write_plan_file(plan, Json::object(), out);
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
  const Json said = *checksum;
  json.erase("checksum");
  if (said != checksum_of(json)) {
    return broken("the plan was changed since it was written: its checksum does not fit");
  }
  try {
    return plan_from(json);
  } catch (const std::exception& error) {
    return broken(std::string("the plan is malformed: ") + error.what());
  }
}

}  // namespace regsweep::reports
