#include "reports/diff_report.h"
#include "reports/finding_text.h"
#include "reports/json_values.h"
#include "reports/page.h"
#include "reports/space_names.h"

namespace regsweep::reports {
namespace {

constexpr std::string_view kSchema = "regsweep.diff/1";

Json change_json(const Change& change) {
  return {{"old", change.before}, {"new", change.after}, {"change", change.by()}};
}

Json change_json(const BytesChange& bytes) {
  const auto pair = [](auto apparent, auto allocated) {
    return Json{{"apparent_bytes", apparent}, {"allocated_bytes", allocated}};
  };
  return {{"old", pair(bytes.apparent.before, bytes.allocated.before)},
          {"new", pair(bytes.apparent.after, bytes.allocated.after)},
          {"change", pair(bytes.apparent.by(), bytes.allocated.by())}};
}

void add_additive(const AdditiveChange& additive, Json& json) {
  json["tags"] = change_json(additive.tags);
  json["revisions"] = change_json(additive.revisions);
  json["layer_links"] = change_json(additive.layer_links);
  json["exclusive"] = change_json(additive.exclusive);
  json["reclaimable"] = change_json(additive.reclaimable);
}

Json repository_json(const RepositoryChange& row) {
  Json json = {{"name", row.name}, {"state", state_name(row.state)}};
  add_additive(row.additive, json);
  json["size"] = change_json(row.size);
  json["shared"] = change_json(row.shared);
  json["untagged"] = change_json(row.untagged);
  return json;
}

/// What --top left out, in the place of a repository.
Json others_json(const DiffRows& rows) {
  Json json = {{"repositories", rows.others_count}};
  add_additive(rows.others, json);
  return json;
}

Json side_json(const DiffSide& side) {
  return {
      {"file", side.file}, {"root", side.root}, {"complete", side.complete}, {"exact", side.exact}};
}

Json space_json(const SpaceChange& space) {
  return {{"objects", change_json(space.objects)},
          {"bytes", change_json(space.bytes)},
          {"estimated", space.estimated}};
}

Json notes_json(const AuditDiff& diff) {
  Json notes = Json::array();
  for (const DiffNote note : diff.notes) {
    notes.push_back({{"code", note_code(note)}, {"message", note_text(note, diff)}});
  }
  return notes;
}

Json findings_json(const AuditDiff& diff) {
  Json rows = Json::array();
  for (const FindingChange& finding : diff.findings) {
    rows.push_back({{"code", finding.code},
                    {"concern", concern_name(finding.concern)},
                    {"objects", change_json(finding.objects)},
                    {"message", finding.message}});
  }
  return rows;
}

/// Everything but the list of repositories, which may be long.
Json head_json(const AuditDiff& diff, const DiffRows& rows) {
  Json space = Json::array();
  for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
    Json row = {{"class", kSpaceNames[i].name}};
    row.update(space_json(diff.space[i]));
    space.push_back(std::move(row));
  }
  Json all = Json::object();
  add_additive(diff.all_repositories, all);
  all["not_exclusive"] = change_json(diff.not_exclusive);
  all["garbage_of_several"] = change_json(diff.garbage_of_several);
  all["garbage_of_none"] = change_json(diff.garbage_of_none);
  return {{"schema", kSchema},
          {"complete", diff.complete()},
          {"old", side_json(diff.before)},
          {"new", side_json(diff.after)},
          {"notes", notes_json(diff)},
          {"store",
           {{"repositories", change_json(diff.repository_count)},
            {"tags", change_json(diff.tags)},
            {"blobs", change_json(diff.blobs)}}},
          {"space", std::move(space)},
          {"total", space_json(diff.total)},
          {"findings", findings_json(diff)},
          {"unchanged_findings", diff.unchanged_findings},
          {"new_repositories", diff.new_repositories},
          {"gone_repositories", diff.gone_repositories},
          {"unchanged_repositories", diff.unchanged_repositories},
          {"all_repositories", std::move(all)},
          {"other_repositories", rows.others_count == 0 ? Json(nullptr) : others_json(rows)}};
}

}  // namespace

void write_diff_json(const AuditDiff& diff, const DiffRows& rows, std::ostream& out) {
  std::string head = head_json(diff, rows).dump(1);
  head.resize(head.size() - 2);  // "\n}": the list goes in, a row at a time
  out << head << ",\n \"repositories\": [";
  const char* before = "\n  ";
  for (const RepositoryChange* row : rows.shown) {
    out << before << repository_json(*row).dump();
    before = ",\n  ";
  }
  out << (rows.shown.empty() ? "]\n}\n" : "\n ]\n}\n");
}

void write_diff_page(const AuditDiff& diff, std::ostream& out) {
  const DiffRows rows = diff_rows(diff, {});
  Json data = head_json(diff, rows);
  for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
    data["space"][i]["label"] = kSpaceNames[i].label;
  }
  Json repositories = Json::array();
  for (const RepositoryChange* row : rows.shown) repositories.push_back(repository_json(*row));
  data["repositories"] = std::move(repositories);
  write_page("regsweep · what changed", PageKind::kDiff, data, out);
}

void write_diff_ndjson(const DiffRows& rows, std::ostream& out) {
  for (const RepositoryChange* row : rows.shown) out << repository_json(*row).dump() << '\n';
  if (rows.others_count == 0) return;
  Json others = {{"name", nullptr}, {"state", "others"}};
  others.update(others_json(rows));
  out << others.dump() << '\n';
}

}  // namespace regsweep::reports
