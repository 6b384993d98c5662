
#include <algorithm>
#include <array>

#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/saved_verify.h"
#include "reports/verify_report.h"

namespace regsweep::reports {
namespace {

using analyzer::BlamedTag;
using analyzer::DamagedBlob;
using analyzer::Graph;
using analyzer::Verification;

constexpr std::array<std::string_view, 3> kLosses = {"tagged", "untagged", "garbage"};

std::string_view loss_name(analyzer::Loss loss) { return kLosses[static_cast<std::size_t>(loss)]; }

Json store_json(const Verification& of) {
  std::uint64_t tags = 0;
  for (const analyzer::Repository& repository : of.survey.repositories) {
    tags += static_cast<std::uint64_t>(
        std::count_if(repository.tags.begin(), repository.tags.end(),
                      [](const auto& tag) { return tag.digest != analyzer::kNoDigest; }));
  }
  const bool by_config = of.context.store != of.context.root;
  return {{"root", printable(of.context.root)},
          {"config", by_config ? Json(printable(of.context.store)) : Json(nullptr)},
          {"repositories", of.survey.repositories.size()},
          {"tags", tags},
          {"blobs", of.blobs_in_store},
          {"bytes", of.bytes_in_store}};
}

Json selection_json(const analyzer::Selection& selection) {
  Json json = {{"shard", nullptr},
               {"sample_percent", selection.sample_percent},
               {"seed", selection.seed},
               {"newer_than", nullptr},
               {"repositories", Json::array()}};
  if (selection.shards > 1) {
    json["shard"] = {{"number", selection.shard}, {"of", selection.shards}};
  }
  if (selection.newer_than_seconds) {
    json["newer_than"] = rfc3339(*selection.newer_than_seconds);
  }
  for (const std::string& name : selection.repositories) {
    json["repositories"].push_back(printable(name));
  }
  return json;
}

Json content_json(const Verification& of) {
  const analyzer::ContentScan& scan = of.content;
  return {{"chosen_blobs", of.chosen_blobs},
          {"chosen_bytes", of.chosen_bytes},
          {"read_blobs", scan.read_blobs},
          {"read_bytes", scan.read_bytes},
          {"known_blobs", scan.known_blobs},
          {"known_bytes", scan.known_bytes},
          {"stopped", scan.stopped || scan.interrupted}};
}

Json tag_names(const Verification& of, const BlamedTag& blamed) {
  const analyzer::Repository& repository = of.survey.repositories[blamed.tag.repository];
  return {{"repository", printable(repository.name)},
          {"tag", printable(repository.tags[blamed.tag.tag].name)}};
}

Json damaged_json(const Verification& of, const DamagedBlob& blob) {
  const Graph& graph = of.survey.graph;
  Json repositories = Json::array();
  for (const std::uint32_t r : blob.blame.repositories) {
    repositories.push_back(printable(of.survey.repositories[r].name));
  }
  Json tags = Json::array();
  for (const std::uint32_t t : blob.blame.tags) {
    const BlamedTag& blamed = of.broken_tags[t];
    Json platforms = Json::array();
    for (const analyzer::BrokenPart& part : blamed.parts) {
      if (part.blob != blob.blame.id || part.platform.empty()) continue;
      if (std::find(platforms.begin(), platforms.end(), printable(part.platform)) ==
          platforms.end()) {
        platforms.push_back(printable(part.platform));
      }
    }
    Json tag = tag_names(of, blamed);
    tag["platforms"] = std::move(platforms);
    tags.push_back(std::move(tag));
  }
  Json json = {{"digest", graph.digests[blob.blame.id].text()},
               {"fault", analyzer::fault_name(blob.fault)},
               {"concern", loss_name(blob.blame.loss)},
               {"size_bytes", blob.size_bytes},
               {"declared_bytes", nullptr},
               {"actual", nullptr},
               {"actual_is_here", blob.actual_is_here},
               {"detail", printable(blob.detail)},
               {"repositories", std::move(repositories)},
               {"tags", std::move(tags)}};
  if (blob.declared_bytes) json["declared_bytes"] = *blob.declared_bytes;
  if (blob.actual) json["actual"] = blob.actual->text();
  return json;
}

Json broken_tag_json(const Verification& of, const BlamedTag& blamed) {
  const Graph& graph = of.survey.graph;
  const analyzer::Tag& tag = of.survey.repositories[blamed.tag.repository].tags[blamed.tag.tag];
  // By text: ids mean nothing outside of one run.
  std::vector<std::array<std::string, 3>> rows;
  for (const analyzer::BrokenPart& part : blamed.parts) {
    rows.push_back({graph.digests[part.blob].text(), graph.digests[part.image].text(),
                    printable(part.platform)});
  }
  std::sort(rows.begin(), rows.end());
  Json parts = Json::array();
  for (const auto& [blob, image, platform] : rows) {
    parts.push_back({{"blob", blob}, {"image", image}, {"platform", platform}});
  }
  Json json = tag_names(of, blamed);
  json["digest"] = graph.digests[tag.digest].text();
  json["images"] = blamed.images;
  json["parts"] = std::move(parts);
  return json;
}

}  // namespace

std::string verify_json(const Verification& of) {
  const Graph& graph = of.survey.graph;
  Json damaged = Json::array();
  for (const DamagedBlob& blob : of.damaged) damaged.push_back(damaged_json(of, blob));
  Json broken_tags = Json::array();
  for (const BlamedTag& tag : of.broken_tags) broken_tags.push_back(broken_tag_json(of, tag));
  std::vector<std::array<std::string, 3>> odd_rows;
  for (const analyzer::OddKind& odd : of.odd_kinds) {
    odd_rows.push_back({graph.digests[odd.id].text(),
                        std::string(analyzer::content_kind_name(odd.claimed)),
                        std::string(analyzer::content_kind_name(odd.found))});
  }
  std::sort(odd_rows.begin(), odd_rows.end());
  Json odd_kinds = Json::array();
  for (const auto& [digest, claimed, found] : odd_rows) {
    odd_kinds.push_back({{"digest", digest}, {"claimed", claimed}, {"found", found}});
  }
  std::vector<std::string> texts;
  for (const analyzer::DigestId id : of.content.unsteady) texts.push_back(graph.digests[id].text());
  std::sort(texts.begin(), texts.end());
  Json unknown = Json::array();
  for (const analyzer::Misread& misread : of.unknown) {
    unknown.push_back(
        {{"digest", graph.digests[misread.id].text()}, {"detail", printable(misread.message)}});
  }
  const Json report = {{"schema", kVerifySchema},
                       {"complete", of.complete},
                       {"live_damage", of.live_damage},
                       {"store", store_json(of)},
                       {"selection", selection_json(of.selection)},
                       {"content", content_json(of)},
                       {"damaged", std::move(damaged)},
                       {"broken_tags", std::move(broken_tags)},
                       {"odd_kinds", std::move(odd_kinds)},
                       {"unsteady", texts},
                       {"unknown", std::move(unknown)},
                       {"findings", findings_json(of.findings, shell_word(of.context.store))}};
  return report.dump(1) + '\n';
}

}  // namespace regsweep::reports
