#include "reports/tag_report.h"

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::Survey;
using analyzer::Tag;
using analyzer::TagLine;

const Tag& tag_of(const Survey& survey, const TagLine& line) {
  return survey.repositories[line.tag.repository].tags[line.tag.tag];
}

bool has_digest(const Tag& tag) { return tag.digest != analyzer::kNoDigest; }

std::string type_of(const Tag& tag, const TagLine& line) {
  return has_digest(tag) && line.parsed ? std::string(manifest_type_name(line.type))
                                        : std::string();
}

}  // namespace

void write_tags_text(const Survey& survey, const std::vector<TagLine>& tags,
                     const TextOptions& options, std::ostream& out) {
  Table table(
      {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kLeft});
  table.row({"REPOSITORY", "TAG", "DIGEST", "TYPE", "SIZE", "STATE"});
  for (const TagLine& line : tags) {
    const Tag& tag = tag_of(survey, line);
    table.row({printable(survey.repositories[line.tag.repository].name), printable(tag.name),
               has_digest(tag) ? survey.graph.digests[tag.digest].text() : "–", type_of(tag, line),
               size_text(line.size, options), std::string(tag_state_name(line.state))});
  }
  table.print(out);
}

void write_tags_json(const Survey& survey, const std::vector<TagLine>& tags, std::ostream& out) {
  Json rows = Json::array();
  for (const TagLine& line : tags) {
    const Tag& tag = tag_of(survey, line);
    Json digest = nullptr;
    Json type = nullptr;
    if (has_digest(tag)) {
      digest = survey.graph.digests[tag.digest].text();
      if (line.parsed) type = type_of(tag, line);
    }
    rows.push_back({{"repository", printable(survey.repositories[line.tag.repository].name)},
                    {"tag", printable(tag.name)},
                    {"digest", std::move(digest)},
                    {"type", std::move(type)},
                    {"state", tag_state_name(line.state)},
                    {"size", bytes_pair(line.size)}});
  }
  const Json report = {
      {"schema", "regsweep.tags/1"}, {"complete", survey.complete}, {"tags", std::move(rows)}};
  out << report.dump(1) << '\n';
}

}  // namespace regsweep::reports
