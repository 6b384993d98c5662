#include "analyzer/tag_facts.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "analyzer/platform.h"

namespace regsweep::analyzer {
namespace {

/// The config that an image's manifest names, if it is there.
std::optional<DigestId> config_of(const Graph& graph, DigestId manifest) {
  std::optional<DigestId> config;
  graph.each_edge(manifest, [&](const Edge& edge) {
    const bool is_config = edge.role() == Role::kConfig && (edge.flags & kInvalid) == 0;
    if (!config && is_config && graph.has(edge.to, kPresent)) config = edge.to;
  });
  return config;
}

void add_image(const storage::Store& store, const Graph& graph, DigestId manifest,
               const std::optional<std::string>& platform, TagFacts& facts) {
  ConfigFacts config;
  if (const auto id = config_of(graph, manifest)) {
    config = config_facts(store, graph.digests[*id]);
  }
  const std::string& name = platform && !platform->empty() ? *platform : config.platform;
  if (name == "unknown/unknown") return;
  facts.created_seconds = std::max(facts.created_seconds, config.created_seconds);
  const bool known = std::ranges::find(facts.platforms, name) != facts.platforms.end();
  if (!name.empty() && !known) facts.platforms.push_back(name);
}

TagFacts facts_of(const storage::Store& store, const Graph& graph, DigestId manifest) {
  TagFacts facts;
  std::vector<DigestId> children;
  graph.each_edge(manifest, [&](const Edge& edge) {
    const bool is_child = edge.role() == Role::kManifest && (edge.flags & kInvalid) == 0;
    if (is_child) children.push_back(edge.to);
  });
  if (children.empty()) {
    add_image(store, graph, manifest, std::nullopt, facts);
    return facts;
  }
  std::map<DigestId, std::string> platforms;
  for (const auto& [digest, platform] : index_platforms(store, graph.digests[manifest])) {
    if (const auto id = graph.digests.find(digest)) platforms.emplace(*id, platform);
  }
  for (const DigestId child : children) add_image(store, graph, child, platforms[child], facts);
  return facts;
}

}  // namespace

std::vector<std::vector<TagFacts>> tag_facts(const storage::Store& store, const Survey& survey,
                                             const std::vector<std::uint32_t>& repositories) {
  std::vector<std::uint32_t> rows = repositories;
  if (rows.empty()) {
    rows.resize(survey.repositories.size());
    std::iota(rows.begin(), rows.end(), 0U);
  }
  std::vector<DigestId> manifests;
  for (const std::uint32_t r : rows) {
    for (const Tag& tag : survey.repositories[r].tags) {
      if (tag.digest != kNoDigest && survey.graph.is_manifest(tag.digest)) {
        manifests.push_back(tag.digest);
      }
    }
  }
  std::sort(manifests.begin(), manifests.end());
  manifests.erase(std::unique(manifests.begin(), manifests.end()), manifests.end());
  std::vector<TagFacts> of(manifests.size());
  tbb::parallel_for(std::size_t{0}, manifests.size(),
                    [&](std::size_t i) { of[i] = facts_of(store, survey.graph, manifests[i]); });
  std::vector<std::vector<TagFacts>> facts(survey.repositories.size());
  for (std::size_t r = 0; r < facts.size(); ++r)
    facts[r].resize(survey.repositories[r].tags.size());
  for (const std::uint32_t r : rows) {
    for (std::size_t t = 0; t < facts[r].size(); ++t) {
      const auto at = std::ranges::lower_bound(manifests, survey.repositories[r].tags[t].digest);
      const bool read = at != manifests.end() && *at == survey.repositories[r].tags[t].digest;
      if (read) facts[r][t] = of[static_cast<std::size_t>(at - manifests.begin())];
    }
  }
  return facts;
}

TagTimes created_times(const std::vector<std::vector<TagFacts>>& facts) {
  TagTimes times(facts.size());
  for (std::size_t r = 0; r < facts.size(); ++r) {
    for (const TagFacts& tag : facts[r]) times[r].push_back(tag.created_seconds);
  }
  return times;
}

}  // namespace regsweep::analyzer
