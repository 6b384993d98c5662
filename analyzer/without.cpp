#include "analyzer/without.h"

#include <algorithm>
#include <map>

#include "analyzer/blob_class.h"
#include "analyzer/sort_unique.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

/// 1 for every manifest that a survey would read: what tags and revisions lead to by references to
/// manifests. Source: SurveyBuilder::parse_with_children.
Marks read_manifests(const Survey& survey) {
  const Graph& graph = survey.graph;
  Marks read(graph.node_count());
  std::vector<DigestId> pending;
  const auto meet = [&](DigestId id) {
    if (std::exchange(read[row(id)], std::uint8_t{1}) == 0) pending.push_back(id);
  };
  std::vector<DigestId> roots;
  for (const Repository& repository : survey.repositories) {
    add_roots(survey, repository, Roots::kTagsAndRevisions, roots);
  }
  for (const DigestId root : roots) meet(root);
  for (const DigestId pinned : survey.pinned) meet(pinned);
  while (!pending.empty()) {
    const DigestId id = pending.back();
    pending.pop_back();
    graph.each_part(id, [&](const Edge& edge) {
      if ((edge.flags & kManifestEdge) != 0) meet(edge.to);
    });
  }
  return read;
}

}  // namespace

Without::Without(Survey& survey, const Withdrawal& removal) : survey_(survey) {
  take_tags(removal.tags);
  take_revisions(removal.revisions);
  if (!removal.empty()) forget_unread_manifests();
}

Without::~Without() {
  for (auto& [at, tag] : tags_) survey_.repositories[at.repository].tags[at.tag] = std::move(tag);
  for (auto& [at, links] : revisions_) survey_.repositories[at].revisions = std::move(links);
  if (strays_taken_) survey_.stray_links = std::move(stray_links_);
  for (const auto& [id, manifest] : manifests_) survey_.graph.manifest_of[row(id)] = manifest;
  if (!manifests_.empty()) survey_.graph.referrers = std::move(referrers_);
}

void Without::take_tags(std::vector<TagRef> tags) {
  sort_unique(tags);
  for (const TagRef& at : tags) {
    Tag& tag = survey_.repositories[at.repository].tags[at.tag];
    Tag absent;
    absent.name = tag.name;
    tags_.emplace_back(at, std::exchange(tag, std::move(absent)));
  }
}

void Without::take_revisions(std::vector<RevisionRef> revisions) {
  sort_unique(revisions);
  for (auto at = revisions.begin(); at != revisions.end();) {
    Repository& repository = survey_.repositories[at->repository];
    revisions_.emplace_back(at->repository, repository.revisions);
    std::vector<DigestId> gone;
    for (const auto first = at; at != revisions.end() && at->repository == first->repository;
         ++at) {
      gone.push_back(at->path);  // sorted by id
      take_stray_links(repository, at->path);
    }
    const auto is_gone = [&](DigestId path) {
      return std::binary_search(gone.begin(), gone.end(), path);
    };
    std::erase_if(repository.revisions.paths, is_gone);
    std::erase_if(repository.revisions.odd, [&](const OddLink& odd) { return is_gone(odd.path); });
  }
}

/// Links that stand below the revision's directory, where no registry writes one, go with it.
void Without::take_stray_links(const Repository& repository, DigestId path) {
  if (survey_.stray_links.empty()) return;
  const std::string below = storage::layout::link_directory(survey_.graph.digests[path]) + '/';
  const auto is_below = [&](const StrayLink& link) {
    return link.in_revisions && link.repository == repository.name && link.path.starts_with(below);
  };
  if (std::none_of(survey_.stray_links.begin(), survey_.stray_links.end(), is_below)) return;
  if (!std::exchange(strays_taken_, true)) stray_links_ = survey_.stray_links;
  std::erase_if(survey_.stray_links, is_below);
}

void Without::forget_unread_manifests() {
  Graph& graph = survey_.graph;
  const Marks read = read_manifests(survey_);
  for (const ManifestRow& manifest : graph.manifests) {
    if (read[row(manifest.id)] != 0 || !graph.is_manifest(manifest.id)) continue;
    manifests_.emplace_back(manifest.id, graph.manifest_of[row(manifest.id)]);
    graph.manifest_of[row(manifest.id)] = kNoManifest;
  }
  if (manifests_.empty()) return;
  referrers_ = graph.referrers;
  std::erase_if(graph.referrers, [&](const auto& pair) { return read[row(pair.second)] == 0; });
}

std::vector<DigestId> manifests_in_use(const Survey& survey) {
  std::vector<DigestId> in_use = survey.pinned;
  if (in_use.empty()) return in_use;
  const Graph& graph = survey.graph;
  std::vector<std::pair<DigestId, DigestId>> lists;  // image → index
  for (const ManifestRow& manifest : graph.manifests) {
    graph.each_child(manifest, [&](DigestId child) { lists.emplace_back(child, manifest.id); });
  }
  std::sort(lists.begin(), lists.end());
  Marks met(graph.node_count());
  for (const DigestId pinned : in_use) met[row(pinned)] = 1;
  for (std::size_t next = 0; next < in_use.size(); ++next) {
    for (const auto& [image, index] : Graph::rows_of(lists, in_use[next])) {
      if (std::exchange(met[row(index)], std::uint8_t{1}) == 0) in_use.push_back(index);
    }
  }
  sort_unique(in_use);
  return in_use;
}

Freed freed_by(const Survey& survey, const Marks& before, const Marks& after) {
  const Graph& graph = survey.graph;
  const auto is_freed = [&](DigestId id) {
    return before[row(id)] != 0 && after[row(id)] == 0 && graph.is_counted(id);
  };
  Freed freed;
  graph.each_blob([&](DigestId id) {
    if (!is_freed(id)) return;
    ++freed.blobs;
    if (!graph.has(id, kHardLinked)) freed.bytes += graph.bytes(id);
  });
  using File = std::pair<std::uint64_t, std::uint64_t>;
  std::map<File, std::pair<DigestId, bool>> files;  // a name that is freed, and whether one stays
  for (const auto& [id, file] : survey.hard_links) {
    auto& [name, stays] = files.try_emplace(file, kNoDigest, false).first->second;
    if (is_freed(id)) name = id;
    stays |= after[row(id)] != 0;
  }
  for (const auto& [file, state] : files) {
    const auto& [name, stays] = state;
    if (name == kNoDigest || stays) continue;
    freed.bytes += graph.file_bytes(name);
  }
  return freed;
}

}  // namespace regsweep::analyzer
