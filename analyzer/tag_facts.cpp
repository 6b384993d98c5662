#include "analyzer/tag_facts.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "analyzer/mark.h"
#include "analyzer/platform.h"
#include "analyzer/reach.h"
#include "analyzer/recoverable.h"
#include "analyzer/sort_unique.h"
#include "analyzer/tag_figures.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

void add_image(const storage::Store& store, const Graph& graph, DigestId manifest,
               const std::optional<std::string>& platform, TagFacts& facts) {
  const ConfigFacts config = config_facts(store, graph, manifest);
  const std::string& name = platform && !platform->empty() ? *platform : config.platform;
  if (name == "unknown/unknown") return;
  facts.created_seconds = std::max(facts.created_seconds, config.created_seconds);
  const bool known = std::ranges::find(facts.platforms, name) != facts.platforms.end();
  if (!name.empty() && !known) facts.platforms.push_back(name);
}

TagFacts facts_of(const storage::Store& store, const Graph& graph, DigestId manifest) {
  TagFacts facts;
  std::vector<DigestId> children;
  graph.each_child(manifest, [&](DigestId child) { children.push_back(child); });
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
  sort_unique(manifests);
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

void add_details(const storage::Store& store, const Survey& survey, std::vector<TagLine>& lines) {
  if (lines.empty()) return;
  std::vector<std::uint32_t> repositories;
  for (const TagLine& line : lines) repositories.push_back(line.tag.repository);
  repositories.erase(std::unique(repositories.begin(), repositories.end()), repositories.end());
  const auto facts = tag_facts(store, survey, repositories);
  const std::vector<TagFigures> figures = tag_figures(survey);
  std::vector<std::pair<DigestId, TagRef>> by_digest;
  for (const TagFigures& tag : figures) {
    by_digest.emplace_back(survey.repositories[tag.tag.repository].tags[tag.tag.tag].digest,
                           tag.tag);
  }
  std::sort(by_digest.begin(), by_digest.end());
  for (TagLine& line : lines) {
    const TagFacts& of_tag = facts[line.tag.repository][line.tag.tag];
    line.platforms = of_tag.platforms;
    line.created_seconds = of_tag.created_seconds;
    const auto figure = std::ranges::lower_bound(figures, line.tag, {}, &TagFigures::tag);
    if (figure != figures.end() && figure->tag == line.tag) line.exclusive = figure->exclusive;
    const DigestId digest = survey.repositories[line.tag.repository].tags[line.tag.tag].digest;
    if (digest == kNoDigest) continue;
    const auto of_digest = &std::pair<DigestId, TagRef>::first;
    const auto first = std::ranges::lower_bound(by_digest, digest, {}, of_digest);
    const auto last = std::ranges::upper_bound(by_digest, digest, {}, of_digest);
    for (auto at = first; at != last && line.same_digest.size() < kMostSameDigest; ++at) {
      if (at->second != line.tag) line.same_digest.push_back(at->second);
    }
    if (first != last) line.same_digest_tags = static_cast<std::uint64_t>(last - first) - 1;
  }
}

void add_history(const storage::Store& store, const Survey& survey, std::vector<TagLine>& lines) {
  tbb::parallel_for(std::size_t{0}, lines.size(), [&](std::size_t i) {
    TagLine& line = lines[i];
    const Repository& repository = survey.repositories[line.tag.repository];
    const std::string& tag = repository.tags[line.tag.tag].name;
    for (const auto& [digest, facts] : tag_entries(store, repository.name, tag, nullptr)) {
      line.history.push_back({digest, facts.mtime_seconds});
    }
    std::stable_sort(line.history.begin(), line.history.end(), [](const auto& a, const auto& b) {
      return a.since_seconds > b.since_seconds;
    });
  });
}

std::vector<UntaggedRevision> untagged_revisions(const storage::Store& store, const Survey& survey,
                                                 const std::vector<std::uint32_t>& repositories) {
  const Graph& graph = survey.graph;
  Policy policy = safe_policy(true);
  policy.referrers = false;
  Reach reach(graph.node_count());
  Reach tagged(graph.node_count());
  std::vector<UntaggedRevision> untagged;
  for (const std::uint32_t r : repositories) {
    const Repository& repository = survey.repositories[r];
    std::vector<DigestId> pending;
    add_roots(survey, repository, Roots::kTags, pending);
    tagged.walk(graph, policy, pending, [](DigestId) {});
    const auto first = static_cast<std::ptrdiff_t>(untagged.size());
    for (const DigestId path : repository.revisions.paths) {
      if (!tagged.meet(path)) continue;
      UntaggedRevision& revision = untagged.emplace_back();
      revision.repository = r;
      revision.digest = path;
      revision.type = graph.type(path);
      pending.assign(1, path);
      reach.walk(graph, policy, pending, [&](DigestId id) {
        if (graph.has(id, kPresent)) revision.size += graph.bytes(id);
      });
      const auto facts = store.stat_path(
          layout::link_in(layout::revision_directory(repository.name, graph.digests[path])));
      if (facts) revision.linked_seconds = facts->mtime_nanoseconds / 1'000'000'000;
    }
    std::stable_sort(untagged.begin() + first, untagged.end(), [](const auto& a, const auto& b) {
      return a.linked_seconds > b.linked_seconds;
    });
  }
  return untagged;
}

TagTimes created_times(const std::vector<std::vector<TagFacts>>& facts) {
  TagTimes times(facts.size());
  for (std::size_t r = 0; r < facts.size(); ++r) {
    for (const TagFacts& tag : facts[r]) times[r].push_back(tag.created_seconds);
  }
  return times;
}

}  // namespace regsweep::analyzer
