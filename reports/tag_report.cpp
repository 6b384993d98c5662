#include "reports/tag_report.h"

#include <fmt/format.h>

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/sheet_writers.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::Survey;
using analyzer::Tag;
using analyzer::TagLine;
using analyzer::UntaggedRevision;

const Tag& tag_of(const Survey& survey, const TagLine& line) {
  return survey.repositories[line.tag.repository].tags[line.tag.tag];
}

bool has_digest(const Tag& tag) { return tag.digest != analyzer::kNoDigest; }

std::string type_of(const Tag& tag, const TagLine& line) {
  return has_digest(tag) && line.parsed ? std::string(manifest_type_name(line.type))
                                        : std::string();
}

}  // namespace

namespace {

/// "sha256:1f2e3d4c5b6a": long enough to be unique, and what the other commands take.
std::string short_digest(const std::string& text) { return text.substr(0, text.find(':') + 13); }

std::string day_of(std::int64_t seconds) {
  return seconds == 0 ? "–" : rfc3339(seconds).substr(0, 10);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",") + printable(text);
  return all;
}

std::string name_of(const Survey& survey, const analyzer::TagRef& at) {
  const analyzer::Repository& repository = survey.repositories[at.repository];
  return printable(repository.name + ':' + repository.tags[at.tag].name);
}

void write_untagged(const Survey& survey, const std::vector<UntaggedRevision>& untagged,
                    const TextOptions& options, std::ostream& out) {
  write_heading("UNTAGGED", options, out);
  if (untagged.empty()) out << "nothing\n";
  Table table({Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kLeft});
  for (const UntaggedRevision& revision : untagged) {
    table.row({printable(survey.repositories[revision.repository].name),
               survey.graph.digests[revision.digest].text(),
               std::string(manifest_type_name(revision.type)), size_text(revision.size, options),
               day_of(revision.linked_seconds)});
  }
  table.print(out);
}

}  // namespace

void write_tags_text(const Survey& survey, const TagReport& report, const TextOptions& options,
                     std::ostream& out) {
  Table table({Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight,
               Align::kRight, Align::kLeft, Align::kLeft, Align::kLeft});
  table.row({"REPOSITORY", "TAG", "DIGEST", "TYPE", "PLATFORMS", "SIZE", "EXCLUSIVE", "PUSHED",
             "CREATED", "STATE"},
            Weight::kBold);
  for (const TagLine& line : report.tags) {
    const Tag& tag = tag_of(survey, line);
    const std::string digest = has_digest(tag) ? survey.graph.digests[tag.digest].text() : "–";
    table.row({printable(survey.repositories[line.tag.repository].name), printable(tag.name),
               options.verbose ? digest : short_digest(digest), type_of(tag, line),
               joined(line.platforms), size_text(line.size, options),
               size_text(line.exclusive, options), day_of(tag.pushed_seconds),
               day_of(line.created_seconds), std::string(tag_state_name(line.state))});
    for (const analyzer::TagMeaning& meant : line.history) {
      const std::string was = meant.digest.text();
      if (was == digest) continue;  // what it means now
      table.row({"", "", "was " + (options.verbose ? was : short_digest(was)), "", "", "", "",
                 day_of(meant.since_seconds), "", ""});
    }
    if (!options.verbose) continue;
    for (const analyzer::TagRef& other : line.same_digest) {
      table.row({"", "", "= " + name_of(survey, other), "", "", "", "", "", "", ""});
    }
    if (line.same_digest_tags > line.same_digest.size()) {
      table.row(
          {"", "",
           fmt::format("= … and {} more", grouped(line.same_digest_tags - line.same_digest.size())),
           "", "", "", "", "", "", ""});
    }
  }
  table.print(out, 0, {0, options.color});
  if (report.with_untagged) write_untagged(survey, report.untagged, options, out);
}

void write_tags_json(const Survey& survey, const TagReport& report, std::ostream& out) {
  Json rows = Json::array();
  for (const TagLine& line : report.tags) {
    const Tag& tag = tag_of(survey, line);
    Json digest = nullptr;
    Json type = nullptr;
    if (has_digest(tag)) {
      digest = survey.graph.digests[tag.digest].text();
      if (line.parsed) type = type_of(tag, line);
    }
    Json platforms = Json::array();
    for (const std::string& platform : line.platforms) platforms.push_back(printable(platform));
    Json same = Json::array();
    for (const analyzer::TagRef& other : line.same_digest) same.push_back(name_of(survey, other));
    rows.push_back({{"repository", printable(survey.repositories[line.tag.repository].name)},
                    {"tag", printable(tag.name)},
                    {"digest", std::move(digest)},
                    {"type", std::move(type)},
                    {"state", tag_state_name(line.state)},
                    {"size", bytes_pair(line.size)},
                    {"exclusive", bytes_pair(line.exclusive)},
                    {"platforms", std::move(platforms)},
                    {"pushed", time_or_null(tag.pushed_seconds)},
                    {"created", time_or_null(line.created_seconds)},
                    {"same_digest", std::move(same)},
                    {"same_digest_tags", line.same_digest_tags}});
    if (!report.with_history) continue;
    Json& history = rows.back()["history"] = Json::array();
    for (const analyzer::TagMeaning& meant : line.history) {
      history.push_back(
          {{"digest", meant.digest.text()}, {"since", time_or_null(meant.since_seconds)}});
    }
  }
  Json json = {
      {"schema", "regsweep.tags/1"}, {"complete", survey.complete}, {"tags", std::move(rows)}};
  if (report.with_untagged) {
    json["untagged"] = Json::array();
    for (const UntaggedRevision& revision : report.untagged) {
      json["untagged"].push_back(
          {{"repository", printable(survey.repositories[revision.repository].name)},
           {"digest", survey.graph.digests[revision.digest].text()},
           {"type", manifest_type_name(revision.type)},
           {"size", bytes_pair(revision.size)},
           {"linked", time_or_null(revision.linked_seconds)}});
    }
  }
  out << json.dump(1) << '\n';
}

void write_tags_csv(const Survey& survey, const TagReport& report, std::ostream& out) {
  out << "repository,tag,digest,type,platforms,size_apparent_bytes,size_allocated_bytes,"
         "exclusive_apparent_bytes,exclusive_allocated_bytes,pushed,created,state\n";
  const auto time = [](std::int64_t seconds) { return seconds == 0 ? "" : rfc3339(seconds); };
  for (const TagLine& line : report.tags) {
    const Tag& tag = tag_of(survey, line);
    out << csv_field(printable(survey.repositories[line.tag.repository].name)) << ','
        << csv_field(printable(tag.name)) << ','
        << (has_digest(tag) ? survey.graph.digests[tag.digest].text() : "") << ','
        << type_of(tag, line) << ',' << csv_field(joined(line.platforms)) << ','
        << line.size.apparent << ',' << line.size.allocated << ',' << line.exclusive.apparent << ','
        << line.exclusive.allocated << ',' << time(tag.pushed_seconds) << ','
        << time(line.created_seconds) << ',' << tag_state_name(line.state) << '\n';
  }
}

}  // namespace regsweep::reports
