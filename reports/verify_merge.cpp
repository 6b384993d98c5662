// Shards read different blobs of one store: what they say of metadata is the same, what they say of
// content adds up.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/saved_verify.h"
#include "reports/verify_report.h"
#include "storage/saturating.h"

namespace regsweep::reports {
namespace {

using storage::Errc;
using storage::Error;

constexpr std::size_t kMostShards = 1'000'000;  // as --shard
constexpr std::array<const char*, 6> kCounts = {"chosen_blobs", "chosen_bytes", "read_blobs",
                                                "read_bytes",   "known_blobs",  "known_bytes"};

/// Place in the order of certainty (analyzer::Fault): a shard that read a blob knows more of it
/// than one that only saw its size.
std::size_t rank(const Json& damaged) {
  const auto& fault = damaged.at("fault").get_ref<const std::string&>();
  std::size_t at = 0;
  while (at < analyzer::kFaults &&
         analyzer::fault_name(static_cast<analyzer::Fault>(at)) != fault) {
    ++at;
  }
  return at;
}

/// The rows in the order of their keys, taken out.
Json values_of(std::map<std::string, Json>& rows) {
  Json all = Json::array();
  for (auto& [key, row] : rows) all.push_back(std::move(row));
  return all;
}

/// Sorted rows of one list of all reports, without duplicates, by `key`.
class Union {
 public:
  explicit Union(std::function<std::string(const Json&)> key) : key_(std::move(key)) {}

  void add(const Json& rows) {
    for (const Json& row : rows) rows_.try_emplace(key_(row), row);
  }
  Json take() { return values_of(rows_); }

 private:
  std::function<std::string(const Json&)> key_;
  std::map<std::string, Json> rows_;
};

void add_damaged(const Json& rows, std::map<std::string, Json>& damaged) {
  for (const Json& row : rows) {
    const auto [at, is_new] = damaged.try_emplace(row.at("digest").get<std::string>(), row);
    if (!is_new && rank(row) < rank(at->second)) at->second = row;
  }
}

/// The order of a survey: repository, then tag, byte by byte. '\0' sorts before every name.
void add_tags(const Json& rows, std::map<std::string, Json>& tags) {
  for (const Json& row : rows) {
    const std::string key = raw_from_printable(row.at("repository").get<std::string>()) + '\0' +
                            raw_from_printable(row.at("tag").get<std::string>());
    const auto [at, is_new] = tags.try_emplace(key, row);
    if (is_new) continue;
    std::set<Json> parts;
    for (const Json& part : at->second.at("parts")) parts.insert(part);
    for (const Json& part : row.at("parts")) parts.insert(part);
    at->second["parts"] = Json(parts);
  }
}

struct Report {
  std::string name;
  Json json;
};

storage::Result<std::vector<Report>> read_all(
    const std::vector<std::pair<std::string, std::string>>& named) {
  std::vector<Report> reports;
  for (const auto& [name, text] : named) {
    auto json = read_verify_report(text);
    if (!json) return Error{json.error().code, name, json.error().message, 0};
    reports.push_back({name, std::move(*json)});
  }
  return reports;
}

/// What two shards of one store have in common. Not its place and not the words that hold it: one
/// may have been given as a config and one as a directory, or on hosts that mount it elsewhere.
Json state_of(const Json& report) {
  const Json& store = report.at("store");
  Json state = Json::array();
  for (const char* count : {"repositories", "tags", "blobs", "bytes"}) {
    state.push_back(store.at(count));
  }
  for (const Json& finding : report.at("findings")) {
    for (const char* part : {"code", "objects", "subjects"}) state.push_back(finding.at(part));
  }
  return state;
}

/// Each shard once, all of them of one selection and one state of the store.
storage::Status check_fit(const std::vector<Report>& reports) {
  Json selection = reports.front().json.at("selection");
  const Json first = selection.at("shard");
  if (first.is_null() && reports.size() == 1) return storage::kOk;  // of one shard, whole
  if (first.is_null()) {
    return Error{Errc::kUsage, reports.front().name, "is of no shard: there is nothing to merge",
                 0};
  }
  const auto of = first.at("of").get<std::size_t>();
  if (of > kMostShards) {
    return Error{Errc::kCorrupt, reports.front().name, "is no report: it is of too many shards", 0};
  }
  const Json state = state_of(reports.front().json);
  std::vector<bool> seen(of, false);
  for (const Report& report : reports) {
    Json theirs = report.json.at("selection");
    const auto number = theirs.at("shard").is_null()
                            ? std::size_t{0}
                            : theirs.at("shard").at("number").get<std::size_t>();
    theirs["shard"]["number"] = first.at("number");
    if (theirs != selection || number == 0 || number > of) {
      return Error{Errc::kUsage, report.name, "is of another selection than the first report", 0};
    }
    if (seen[number - 1]) {
      return Error{Errc::kUsage, report.name,
                   "is of shard " + std::to_string(number) + ", which is there already", 0};
    }
    seen[number - 1] = true;
    if (state_of(report.json) != state) {
      return Error{Errc::kUsage, report.name,
                   "is of another store than the first report, or the store changed between them",
                   0};
    }
  }
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing == seen.end()) return storage::kOk;
  return Error{Errc::kUsage,
               {},
               "the report of shard " + std::to_string(missing - seen.begin() + 1) + " of " +
                   std::to_string(of) + " is missing",
               0};
}

/// The fields that are known, and no others: a report may hold more, and what that is of all
/// together nobody can tell.
Json join(const std::vector<Report>& reports) {
  const auto by_digest = [](const Json& row) { return row.at("digest").get<std::string>(); };
  Json content = Json::object();
  for (const char* name : kCounts) content[name] = 0;
  std::map<std::string, Json> damaged;
  std::map<std::string, Json> tags;
  Union odd_kinds(
      [&](const Json& row) { return by_digest(row) + ' ' + row.at("claimed").get<std::string>(); });
  Union unknown(by_digest);
  Union unsteady([](const Json& row) { return row.get<std::string>(); });
  bool complete = true;
  bool live_damage = false;
  bool stopped = false;
  for (const Report& report : reports) {
    const Json& json = report.json;
    for (const char* name : kCounts) {
      content[name] = storage::saturating_add(content[name].get<std::uint64_t>(),
                                              json.at("content").at(name).get<std::uint64_t>());
    }
    add_damaged(json.at("damaged"), damaged);
    add_tags(json.at("broken_tags"), tags);
    odd_kinds.add(json.at("odd_kinds"));
    unknown.add(json.at("unknown"));
    unsteady.add(json.at("unsteady"));
    complete &= json.at("complete").get<bool>();
    live_damage |= json.at("live_damage").get<bool>();
    stopped |= json.at("content").at("stopped").get<bool>();
  }
  content["stopped"] = stopped;
  const Json& first = reports.front().json;
  Json selection = first.at("selection");
  selection["shard"] = nullptr;
  return {{"schema", kVerifySchema},           {"complete", complete},
          {"live_damage", live_damage},        {"store", first.at("store")},
          {"selection", std::move(selection)}, {"content", std::move(content)},
          {"damaged", values_of(damaged)},     {"broken_tags", values_of(tags)},
          {"odd_kinds", odd_kinds.take()},     {"unsteady", unsteady.take()},
          {"unknown", unknown.take()},         {"findings", first.at("findings")}};
}

}  // namespace

storage::Result<MergedVerify> merge_verify(
    const std::vector<std::pair<std::string, std::string>>& named_reports) {
  const auto reports = read_all(named_reports);
  if (!reports) return reports.error();
  if (reports->empty()) return Error{Errc::kUsage, {}, "there is no report to merge", 0};
  try {
    if (const storage::Status fit = check_fit(*reports); !fit) return fit.error();
    const Json merged = join(*reports);
    return MergedVerify{merged.dump(1) + '\n', merged.at("complete").get<bool>(),
                        merged.at("live_damage").get<bool>()};
  } catch (const std::exception& error) {
    return Error{Errc::kCorrupt, {}, std::string("a report is malformed: ") + error.what(), 0};
  }
}

}  // namespace regsweep::reports
