#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/plan_report.h"
#include "reports/quarantine_json.h"
#include "reports/recover_report.h"

namespace regsweep::reports {
namespace {

using analyzer::Candidate;
using analyzer::TagNow;

constexpr const char* kSchema = "regsweep.recover/1";

Json type_json(analyzer::ManifestType type) {
  return type == analyzer::ManifestType::kUnreadable ? Json(nullptr)
                                                     : Json(manifest_type_name(type));
}

Json lacks_json(const std::vector<analyzer::Lack>& lacks) {
  Json json = Json::array();
  for (const analyzer::Lack& lack : lacks) {
    json.push_back(
        {{"digest", lack.digest.text()}, {"what", lack.what}, {"why", printable(lack.why)}});
  }
  return json;
}

Json candidates_json(const std::vector<Candidate>& candidates) {
  Json json = Json::array();
  for (const Candidate& candidate : candidates) {
    json.push_back({{"digest", candidate.digest.text()},
                    {"since", time_or_null(candidate.seconds)},
                    {"revision", candidate.has_revision},
                    {"type", type_json(candidate.type)},
                    {"size", bytes_pair(candidate.size)},
                    {"whole", candidate.lacks.empty()},
                    {"lacks", lacks_json(candidate.lacks)}});
  }
  return json;
}

const char* state_name(TagNow now) {
  switch (now) {
    case TagNow::kMeans:
      return "ok";
    case TagNow::kNothing:
      return "half-deleted";
    case TagNow::kDamaged:
      return "damaged";
  }
  return "damaged";
}

Json names_json(const std::vector<std::string>& names) {
  Json json = Json::array();
  for (const std::string& name : names) json.push_back(printable(name));
  return json;
}

Json steps_json(const analyzer::Plan& plan) {
  Json json = Json::array();
  for (const storage::Removal& removal : plan.removals) {
    json.push_back({{"do", "quarantine"},
                    {"class", analyzer::removal_class_name(removal.removal_class)},
                    {"path", printable(removal.path)}});
  }
  for (const storage::Addition& addition : plan.additions) {
    json.push_back({{"do", "add"},
                    {"class", analyzer::addition_class_name(addition.addition_class)},
                    {"path", printable(addition.path)}});
  }
  return json;
}

}  // namespace

void write_past_json(const PastReport& report, std::ostream& out) {
  Json repositories = Json::array();
  for (const analyzer::RepositoryPast& past : report.past.repositories) {
    Json tags = Json::array();
    for (const analyzer::TagPast& tag : past.tags) {
      tags.push_back({{"tag", printable(tag.tag)},
                      {"state", state_name(tag.now)},
                      {"digest", tag.means ? Json(tag.means->text()) : Json(nullptr)},
                      {"since", time_or_null(tag.pushed_seconds)},
                      {"before", candidates_json(tag.before)}});
    }
    repositories.push_back({{"name", printable(past.name)},
                            {"tags", std::move(tags)},
                            {"untagged", candidates_json(past.untagged)}});
  }
  const Json json = {{"schema", kSchema},
                     {"complete", report.complete},
                     {"store", printable(report.root)},
                     {"repositories", std::move(repositories)},
                     {"quarantine", quarantine_runs_json(report.runs)},
                     {"problems", names_json(report.past.problems)}};
  out << json.dump(1) << '\n';
}

void write_recovery_json(const RecoveryReport& report, std::ostream& out) {
  const analyzer::Recovery& recovery = report.recovery;
  Json tags = Json::array();
  for (const analyzer::TagRecovery& tag : recovery.tags) {
    tags.push_back({{"repository", printable(tag.repository)},
                    {"tag", printable(tag.tag)},
                    {"digest", tag.digest.text()},
                    {"before", tag.before ? Json(tag.before->text()) : Json(nullptr)},
                    {"new", tag.is_new},
                    {"type", type_json(tag.type)},
                    {"size", bytes_pair(tag.size)},
                    {"whole", tag.lacks.empty()},
                    {"lacks", lacks_json(tag.lacks)},
                    {"obstacle", text_or_null(tag.obstacle)}});
  }
  Json outcome = nullptr;
  if (report.result) {
    const analyzer::RepairResult& result = *report.result;
    outcome = {{"end", end_name(result.end)},
               {"reason", printable(result.reason)},
               {"moved", result.moved_total.objects},
               {"added", result.added_total},
               {"quarantine_run", text_or_null(result.quarantine_run)}};
  }
  const Json json = {{"schema", kSchema},
                     {"complete", !recovery.is_incomplete},
                     {"store", printable(report.root)},
                     {"tags", std::move(tags)},
                     {"refusals", names_json(recovery.plan.refusals)},
                     {"steps", steps_json(recovery.plan)},
                     {"outcome", std::move(outcome)}};
  out << json.dump(1) << '\n';
}

}  // namespace regsweep::reports
