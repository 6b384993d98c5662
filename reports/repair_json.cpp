#include "reports/repair_json.h"

#include <stdexcept>

#include "analyzer/sort_unique.h"
#include "reports/humanize.h"
#include "reports/plan_json.h"
#include "reports/plan_report.h"
#include "reports/repair_report.h"
#include "reports/saved_verify.h"

namespace regsweep::reports {
namespace {

using analyzer::Repair;
using storage::Digest;

Digest digest_from(const Json& json) {
  Digest digest;
  if (parse_digest(json.get<std::string>(), digest) != storage::DigestError::kNone) {
    throw std::invalid_argument("what should be one is no digest");
  }
  return digest;
}

Json lost_json(const analyzer::LostFound& lost) {
  const analyzer::LostManifest& manifest = lost.manifest;
  Json comes_back = nullptr;
  if (!lost.tag.empty()) {
    comes_back = {{"repository", printable(lost.repository)}, {"tag", lost.tag}};
  }
  return {{"digest", manifest.digest.text()},
          {"type", manifest_type_name(manifest.type)},
          {"platform", printable(manifest.platform)},
          {"size", bytes_pair(manifest.size)},
          {"missing_blobs", manifest.missing},
          {"repositories", printable_list(manifest.repositories)},
          {"comes_back_as", std::move(comes_back)},
          {"stays_lost_because", printable(lost.outcome)}};
}

storage::Error no_report(std::string message) {
  return {storage::Errc::kUsage, {}, std::move(message), 0};
}

}  // namespace

Json additions_json(const analyzer::Plan& plan) {
  Json additions = Json::array();
  for (const storage::Addition& addition : plan.additions) {
    additions.push_back({{"class", analyzer::addition_class_name(addition.addition_class)},
                         {"path", printable(addition.path)},
                         {"digest", addition.digest.text()},
                         {"source", printable(addition.source)},
                         {"reason", printable(addition.reason)}});
  }
  return additions;
}

Json repair_rules_json(const analyzer::RepairRules& rules) {
  Json suspects = Json::array();
  for (const Digest& digest : rules.suspects) suspects.push_back(digest.text());
  return {{"drop_dangling", rules.drop_dangling},
          {"lost_found", rules.lost_found},
          {"verify", rules.read_all},
          {"damaged", std::move(suspects)},
          {"from", printable_list(rules.sources)}};
}

Json still_broken_json(const Repair& repair) {
  Json broken = Json::array();
  for (const analyzer::StillBroken& tag : repair.broken) {
    Json lacks = Json::array();
    for (const analyzer::Lack& lack : tag.lacks) {
      lacks.push_back(
          {{"digest", lack.digest.text()}, {"what", lack.what}, {"why", printable(lack.why)}});
    }
    broken.push_back({{"repository", printable(tag.repository)},
                      {"tag", printable(tag.tag)},
                      {"problem", printable(tag.problem)},
                      {"lacks", std::move(lacks)}});
  }
  return broken;
}

Json repair_results_json(const Repair& repair) {
  Json left = Json::array();
  for (const analyzer::LeftAlone& one : repair.left) {
    left.push_back({{"path", printable(one.path)}, {"reason", printable(one.reason)}});
  }
  Json lost = Json::array();
  for (const analyzer::LostFound& one : repair.lost) lost.push_back(lost_json(one));
  return {{"left", std::move(left)},
          {"deleted_links", printable_list(repair.deleted_links)},
          {"lost_manifests", std::move(lost)},
          {"lost_manifests_unknown", printable(repair.lost_unknown)},
          {"still_broken", still_broken_json(repair)},
          {"damage_remains", repair.damage_remains},
          {"problems", printable_list(repair.plan.problems)}};
}

void read_repair_parts(const Json& json, analyzer::Plan& plan) {
  if (!json.contains("repair") && !json.contains("additions")) return;
  const Json& said = json.at("repair").at("rules");
  analyzer::RepairRules rules;
  rules.drop_dangling = said.at("drop_dangling").get<bool>();
  rules.lost_found = said.at("lost_found").get<bool>();
  rules.read_all = said.at("verify").get<bool>();
  for (const Json& digest : said.at("damaged")) rules.suspects.push_back(digest_from(digest));
  for (const Json& source : said.at("from")) {
    rules.sources.push_back(raw_from_printable(source.get<std::string>()));
  }
  plan.repair = std::move(rules);
  for (const Json& entry : json.at("additions")) {
    storage::Addition addition;
    const auto of_class = analyzer::addition_class_of(entry.at("class").get<std::string>());
    if (!of_class) throw std::invalid_argument("unknown class of addition");
    addition.addition_class = *of_class;
    addition.path = raw_from_printable(entry.at("path").get<std::string>());
    addition.digest = digest_from(entry.at("digest"));
    addition.source = raw_from_printable(entry.at("source").get<std::string>());
    addition.reason = raw_from_printable(entry.at("reason").get<std::string>());
    plan.additions.push_back(std::move(addition));
  }
}

void write_repair_json(const Repair& repair, std::ostream& out) {
  write_plan_file(repair.plan, repair_results_json(repair), out);
}

void write_repaired_json(const RepairSummary& summary, const Repair& repair, std::ostream& out) {
  const analyzer::RepairResult& result = summary.result;
  Json added = Json::object();
  for (std::size_t i = 0; i < result.added.size(); ++i) {
    added[std::string(analyzer::addition_class_name(static_cast<storage::AdditionClass>(i)))] =
        result.added[i];
  }
  const Json json = {{"schema", "regsweep.apply/1"},
                     {"end", end_name(result.end)},
                     {"reason", printable(result.reason)},
                     {"removed", classes_json(result.moved)},
                     {"added", std::move(added)},
                     {"total_objects", result.moved_total.objects},
                     {"total_bytes", bytes_pair(result.moved_total.bytes)},
                     {"quarantine_run", text_or_null(result.quarantine_run)},
                     {"repair", repair_results_json(repair)}};
  out << json.dump(1) << '\n';
}

storage::Result<std::vector<Digest>> read_damaged_report(const std::string& text) {
  const auto json = read_verify_report(text);
  if (!json) return no_report(json.error().message);
  std::vector<Digest> damaged;
  try {
    for (const Json& entry : json->at("damaged")) {
      if (entry.at("fault") != "missing") damaged.push_back(digest_from(entry.at("digest")));
    }
  } catch (const std::exception& error) {
    return no_report(std::string("is malformed: ") + error.what());
  }
  analyzer::sort_unique(damaged);
  return damaged;
}

}  // namespace regsweep::reports
