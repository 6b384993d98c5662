#include "analyzer/mark.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>

namespace regsweep::analyzer {
namespace {

using storage::LinkState;

/// The digests that the tags of a repository mean, sorted.
std::vector<DigestId> tagged(const Repository& repository) {
  std::vector<DigestId> ids;
  for (const Tag& tag : repository.tags) {
    if (tag.state == LinkState::kRead) ids.push_back(tag.digest);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// True for exactly one caller.
bool claim(Marks& marks, DigestId id) {
  return std::atomic_ref(marks[row(id)]).exchange(1, std::memory_order_relaxed) == 0;
}

void add_stray_roots(const Survey& survey, const Repository& repository,
                     std::vector<DigestId>& out) {
  for (const StrayLink& link : stray_links_of(survey, repository.name)) {
    if (link.in_revisions && link.content != kNoDigest) out.push_back(link.content);
  }
}

}  // namespace

bool tags_are_unclear(const Repository& repository) {
  return repository.tags_unread ||
         std::any_of(repository.tags.begin(), repository.tags.end(), [](const Tag& tag) {
           return tag.state != LinkState::kRead &&
                  (tag.state != LinkState::kAbsent || !tag.is_directory);
         });
}

void add_roots(const Survey& survey, const Repository& repository, Roots roots,
               std::vector<DigestId>& out) {
  const Graph& graph = survey.graph;
  if (roots == Roots::kTags || roots == Roots::kTagsAndRevisions) {
    for (const Tag& tag : repository.tags) {
      if (tag.state == LinkState::kRead) out.push_back(tag.digest);
    }
  }
  if (roots == Roots::kTagsAndRevisions ||
      (roots == Roots::kTags && tags_are_unclear(repository))) {
    const auto& paths = repository.revisions.paths;
    out.insert(out.end(), paths.begin(), paths.end());
    for (const OddLink& odd : repository.revisions.odd) {
      if (odd.content != kNoDigest) out.push_back(odd.content);
    }
    if (!survey.stray_links.empty()) add_stray_roots(survey, repository, out);
  }
  if (roots == Roots::kRevisions || roots == Roots::kTaggedRevisions) {
    const std::vector<DigestId> tags =
        roots == Roots::kTaggedRevisions ? tagged(repository) : std::vector<DigestId>{};
    for (const DigestId path : repository.revisions.paths) {
      const DigestId id = repository.revisions.content_of(path);
      if (id == kNoDigest || !graph.has(id, kPresent)) continue;
      if (roots == Roots::kTaggedRevisions && !std::binary_search(tags.begin(), tags.end(), id)) {
        continue;
      }
      out.push_back(id);
    }
  }
}

Marks mark(const Survey& survey, const Policy& policy) {
  const Graph& graph = survey.graph;
  Marks marks(graph.node_count());
  tbb::parallel_for(std::size_t{0}, survey.repositories.size(), [&](std::size_t i) {
    std::vector<DigestId> roots;
    add_roots(survey, survey.repositories[i], policy.roots, roots);
    if (policy.recurse) {
      extend(graph, policy, std::move(roots), marks);
      return;
    }
    // Every root's references count, even if another repository marked the root as a blob.
    for (const DigestId root : roots) {
      claim(marks, root);
      each_step(graph, root, policy, [&](DigestId id) { claim(marks, id); });
    }
  });
  const bool is_safe = policy.roots == Roots::kTags || policy.roots == Roots::kTagsAndRevisions;
  if (is_safe) extend(graph, policy, survey.pinned, marks);  // no registry knows of them
  return marks;
}

void extend(const Graph& graph, const Policy& policy, std::vector<DigestId> roots, Marks& marks) {
  std::erase_if(roots, [&](DigestId id) { return !claim(marks, id); });
  while (!roots.empty()) {
    const DigestId id = roots.back();
    roots.pop_back();
    each_step(graph, id, policy, [&](DigestId next) {
      if (claim(marks, next)) roots.push_back(next);
    });
  }
}

}  // namespace regsweep::analyzer
