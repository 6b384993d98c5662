// Shards read different blobs of one store: what they say of metadata is the same, what they say of
// content adds up.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/verify_report.h"
#include "reports/verify_shape.h"
#include "storage/saturating.h"

namespace regsweep::reports {
namespace {

using storage::Errc;
using storage::Error;

constexpr std::string_view kSchema = "regsweep.verify/1";
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

/// Sorted rows of one list of all reports, without duplicates, by `key`.
class Union {
 public:
  explicit Union(std::function<std::string(const Json&)> key) : key_(std::move(key)) {}

  void add(const Json& rows) {
    for (const Json& row : rows) rows_.try_emplace(key_(row), row);
  }
  Json take() {
    Json all = Json::array();
    for (auto& [key, row] : rows_) all.push_back(std::move(row));
    return all;
  }

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
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object()) {
      return Error{Errc::kCorrupt, name, "is no report: it is not JSON", 0};
    }
    if (!json.contains("schema") || json["schema"] != kSchema) {
      return Error{Errc::kCorrupt, name, "is no report of regsweep verify --json", 0};
    }
    // Reports had no config before they named it.
    const auto store = json.find("store");
    if (store != json.end() && store->is_object() && !store->contains("config")) {
      (*store)["config"] = nullptr;
    }
    if (const std::string why = misshape_of_verify(json); !why.empty()) {
      return Error{Errc::kCorrupt, name,
                   "is no whole report: " + why + "; regsweep verify --json -o FILE makes one", 0};
    }
    reports.push_back({name, std::move(json)});
  }
  return reports;
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
    for (const char* part : {"store", "findings"}) {
      if (report.json.at(part) != reports.front().json.at(part)) {
        return Error{Errc::kUsage, report.name,
                     "is of another store than the first report, or the store changed between them",
                     0};
      }
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

Json join(const std::vector<Report>& reports) {
  const auto by_digest = [](const Json& row) { return row.at("digest").get<std::string>(); };
  Json merged = reports.front().json;
  merged["selection"]["shard"] = nullptr;
  Json content = merged.at("content");
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
  merged["complete"] = complete;
  merged["live_damage"] = live_damage;
  merged["content"] = std::move(content);
  const auto values = [](std::map<std::string, Json>& rows) {
    Json all = Json::array();
    for (auto& [key, row] : rows) all.push_back(std::move(row));
    return all;
  };
  merged["damaged"] = values(damaged);
  merged["broken_tags"] = values(tags);
  merged["odd_kinds"] = odd_kinds.take();
  merged["unsteady"] = unsteady.take();
  merged["unknown"] = unknown.take();
  return merged;
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
