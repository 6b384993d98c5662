#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Where marking starts.
enum class Roots : std::uint8_t {
  kTags,              ///< what the tags mean
  kTagsAndRevisions,  ///< and every revision, by its path and by its content
  kRevisions,         ///< every revision, by its content alone
  kTaggedRevisions,   ///< revisions that a tag of the same repository means
};

/// Which links that hold another digest than their path's lead from the one to the other.
enum class Aliases : std::uint8_t {
  kNone,
  kServed,  ///< those by which a registry serves a blob: Graph::each_served()
  kAll,     ///< all: whatever a link names may be served through it
};

/// What a collector follows. 2.8's, 3.x's and the safe one are values of this, not three programs;
/// what of 3.x depends on the order of its walk is in registry_collector.cpp.
struct Policy {
  Roots roots = Roots::kTagsAndRevisions;
  bool recurse = true;         ///< follow manifests that manifests name
  std::uint8_t edge_mask = 0;  ///< only references with one of these EdgeFlags; 0: all but subjects
  Aliases aliases = Aliases::kAll;  ///< a link's content is alive if its path is
  bool referrers = true;            ///< manifests whose subject is alive are alive
  bool absent_children = true;      ///< manifests, too, that an index names and that are not there
};

/// The complete closure. With `untagged`, revisions without a tag are no roots.
constexpr Policy safe_policy(bool untagged) {
  return {untagged ? Roots::kTags : Roots::kTagsAndRevisions, true, 0, Aliases::kAll, true};
}

/// What a pull of something fetches: what documents name, by whatever name a registry serves it; no
/// referrers, and no image that an index names and the store never had.
constexpr Policy references_policy() {
  return {Roots::kTagsAndRevisions, true, 0, Aliases::kServed, false, false};
}

/// Registry 2.8's mark of a run that does not abort. Source: distribution v2.8.2 garbagecollect.go.
constexpr Policy registry_2_8_policy(bool untagged) {
  return {untagged ? Roots::kTaggedRevisions : Roots::kRevisions, false, kMarkedBy28,
          Aliases::kNone, false};
}

/// One byte a digest: 1 if it is reached.
using Marks = std::vector<std::uint8_t>;

/// Marks everything that the policy keeps. Runs in the caller's TBB arena; the result does not
/// depend on the number of threads.
Marks mark(const Survey& survey, const Policy& policy);

/// Marks what further roots reach. Safe from many threads on the same marks.
void extend(const Graph& graph, const Policy& policy, std::vector<DigestId> roots, Marks& marks);

/// Whether what the tags of a repository mean is partly unknown: then its revisions are roots even
/// where tags alone should be.
bool tags_are_unclear(const Repository& repository);

/// The digests of one repository from which its mark starts, in no order, with duplicates.
void add_roots(const Survey& survey, const Repository& repository, Roots roots,
               std::vector<DigestId>& out);

/// Calls `f(id)` for everything one step from `id` under the policy.
template <class F>
void each_step(const Graph& graph, DigestId id, const Policy& policy, F&& f) {
  graph.each_part(id, [&](const Edge& edge) {
    if (!policy.absent_children && edge.role() == Role::kManifest &&
        graph.present_blob(edge.to) == kNoDigest) {
      return;
    }
    if (policy.edge_mask == 0 || (edge.flags & policy.edge_mask) != 0) f(edge.to);
  });
  if (policy.aliases != Aliases::kNone && graph.has(id, kHasAlias)) {
    if (policy.aliases == Aliases::kAll) {
      for (const auto& [path, content] : Graph::rows_of(graph.aliases, id)) f(content);
    } else if (!graph.has(id, kPresent)) {
      graph.each_served(id, f);
    }
  }
  if (policy.referrers && graph.has(id, kHasReferrers)) {
    for (const auto& [subject, referrer] : Graph::rows_of(graph.referrers, id)) f(referrer);
  }
}

}  // namespace regsweep::analyzer
