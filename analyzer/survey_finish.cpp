#include <tbb/parallel_for.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <tuple>

#include "analyzer/sort_unique.h"
#include "analyzer/survey_builder_state.h"
#include "storage/layout.h"

namespace regsweep::analyzer {

namespace layout = storage::layout;

using storage::Event;
using storage::EventKind;

namespace {

/// Whether a walk meets the markers of the repository `a`, whose names begin with '_', before those
/// of `b`. No repository has a component that begins so.
bool walked_before(const std::string& a, const std::string& b) noexcept {
  const auto marker_before = [](const std::string& above, const std::string& path) {
    return path[above.size()] != '/' || '_' < path[above.size() + 1];
  };
  if (a.size() < b.size() && b.starts_with(a)) return marker_before(a, b);
  if (b.size() < a.size() && a.starts_with(b)) return !marker_before(b, a);
  return walk_less(a, b);
}

}  // namespace

void SurveyBuilder::finish_graph(const Renumbering& renumber) {
  Graph& graph = result_.graph;
  const std::size_t total = graph.digests.size();
  graph.size_bytes.resize(total);
  graph.allocated_sectors.resize(total);
  graph.mtime_seconds.resize(total);
  graph.flags.resize(total);
  graph.manifest_of.assign(total, kNoManifest);
  for (std::size_t i = 0; i < shared_->late.size(); ++i) {
    const LateNode& node = shared_->late[i];
    const std::size_t at = row(renumber.late()[i]);
    if (node.unknown) graph.flags[at] |= kUnread;
    result_.complete &= !node.unknown;
    if (!node.present) continue;
    graph.size_bytes[at] = size_of(node.facts);
    graph.allocated_sectors[at] = sectors_of(node.facts);
    graph.mtime_seconds[at] = mtime_of(node.facts);
    graph.flags[at] = flags_of(node.facts);
  }
  std::vector<std::string> media_types;
  for (const ManifestCollector& collector : shared_->collectors) {
    const std::vector<std::string>& met = collector.media_types();
    media_types.insert(media_types.end(), met.begin(), met.end());
  }
  graph.media_types = join_media_types(std::move(media_types));
  std::size_t edges = 0;
  std::size_t manifests = 0;
  for (const ManifestCollector& collector : shared_->collectors) {
    edges += collector.edge_count();
    manifests += collector.manifest_count();
  }
  graph.edge_to.reserve(edges);
  graph.edge_flags.reserve(edges);
  graph.edge_media.reserve(edges);
  graph.manifests.reserve(manifests);
  for (ManifestCollector& collector : shared_->collectors) collector.append_to(graph, renumber);
  for (const auto& [path, content] : shared_->aliases) {
    graph.aliases.emplace_back(renumber(path), renumber(content));
    graph.flags[row(renumber(path))] |= kHasAlias;
  }
  sort_unique(graph.referrers);
  sort_unique(graph.aliases);
  std::sort(graph.oddities.begin(), graph.oddities.end(),
            [](const ManifestOddity& a, const ManifestOddity& b) { return a.id < b.id; });
  std::sort(graph.size_mismatches.begin(), graph.size_mismatches.end(),
            [](const SizeMismatch& a, const SizeMismatch& b) {
              return std::tie(a.blob, a.manifest, a.declared_bytes) <
                     std::tie(b.blob, b.manifest, b.declared_bytes);
            });
  for (const auto& [digest, device, inode] : shared_->hard_links) {
    result_.hard_links.push_back({*graph.digests.find(digest), {device, inode}});
  }
  std::sort(result_.hard_links.begin(), result_.hard_links.end());
}

void SurveyBuilder::finish_repositories(const Renumbering& renumber) {
  const DigestTable& digests = result_.graph.digests;
  // Ids follow the text but for late digests; odd links are looked up by id, paths by text.
  const auto less = [&](DigestId a, DigestId b) { return digests.less(a, b); };
  const auto finish_links = [&](Links& links) {
    for (DigestId& id : links.paths) id = renumber(id);
    for (OddLink& odd : links.odd) {
      odd.path = renumber(odd.path);
      odd.content = renumber(odd.content);
    }
    std::sort(links.paths.begin(), links.paths.end(), less);
    links.paths.shrink_to_fit();
    std::sort(links.odd.begin(), links.odd.end(),
              [&](const OddLink& a, const OddLink& b) { return a.path < b.path; });
  };
  auto& states = shared_->repositories;
  tbb::parallel_for(std::size_t{0}, states.size(), [&](std::size_t i) {
    Repository& repository = states[i]->repository;
    finish_links(repository.revisions);
    finish_links(repository.layers);
    for (Tag& tag : repository.tags) tag.digest = renumber(tag.digest);
    std::sort(repository.tags.begin(), repository.tags.end(),
              [](const Tag& a, const Tag& b) { return a.name < b.name; });
    repository.tags.shrink_to_fit();
  });
  std::vector<std::uint32_t> order(states.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = clamp32(i);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return states[a]->repository.name < states[b]->repository.name;
  });
  std::vector<std::uint32_t> new_index(states.size());
  result_.repositories.reserve(states.size());
  for (const std::uint32_t old : order) {
    new_index[old] = clamp32(result_.repositories.size());
    result_.repositories.push_back(std::move(states[old]->repository));
    states[old].reset();  // a hundred thousand of them are never held twice
  }
  result_.walk_order.resize(states.size());
  std::iota(result_.walk_order.begin(), result_.walk_order.end(), 0U);
  std::sort(result_.walk_order.begin(), result_.walk_order.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return walked_before(result_.repositories[a].name, result_.repositories[b].name);
            });
  for (const Upload& upload : shared_->uploads) {
    result_.uploads.push_back({new_index[upload.repository], upload.entry});
  }
  std::sort(result_.uploads.begin(), result_.uploads.end(), [](const Upload& a, const Upload& b) {
    return std::tie(a.repository, a.entry.id) < std::tie(b.repository, b.entry.id);
  });
}

/// A repository whose directory of tags could not be listed to its end may have more of them.
void SurveyBuilder::note_unread_tags() {
  const std::string top = layout::repository_directory("");
  const std::string below = std::string("/") + layout::kTags;
  for (const Event& event : result_.events) {
    if (event.kind != EventKind::kUnreadable || !event.path.starts_with(top) ||
        !event.path.ends_with(below)) {
      continue;
    }
    const std::string_view path = event.path;
    const auto at =
        find_repository(result_, path.substr(top.size(), path.size() - top.size() - below.size()));
    if (at) result_.repositories[*at].tags_unread = true;
  }
}

Survey SurveyBuilder::finish() {
  DigestTable& digests = result_.graph.digests;
  const std::size_t ranked = digests.ranked_size();
  const Renumbering renumber(ranked, digests.seal());
  shared_->claimed.reset();
  finish_graph(renumber);
  finish_repositories(renumber);
  for (StrayLink& link : shared_->stray_links) {
    link.content = renumber(link.content);
    result_.stray_links.push_back(std::move(link));
  }
  std::sort(result_.stray_links.begin(), result_.stray_links.end(),
            [](const StrayLink& a, const StrayLink& b) {
              return std::tie(a.repository, a.path) < std::tie(b.repository, b.path);
            });
  result_.events.assign(std::make_move_iterator(shared_->events.begin()),
                        std::make_move_iterator(shared_->events.end()));
  shared_->events.clear();
  std::sort(result_.events.begin(), result_.events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.path, a.kind, a.message) < std::tie(b.path, b.kind, b.message);
  });
  result_.events.erase(std::unique(result_.events.begin(), result_.events.end(),
                                   [](const Event& a, const Event& b) {
                                     return a.path == b.path && a.kind == b.kind;
                                   }),
                       result_.events.end());
  note_unread_tags();
  result_.walk.assign(std::make_move_iterator(shared_->walk.begin()),
                      std::make_move_iterator(shared_->walk.end()));
  shared_->walk.clear();
  std::sort(result_.walk.begin(), result_.walk.end(),
            [](const storage::WalkEntry& a, const storage::WalkEntry& b) {
              return walk_less(a.path, b.path);
            });
  result_.changed = shared_->changed;
  return std::move(result_);
}

}  // namespace regsweep::analyzer
