// Damaged blobs, and where whole ones may be had.
#include <tbb/parallel_for.h>

#include <algorithm>
#include <optional>

#include "analyzer/content_scan.h"
#include "analyzer/mark.h"
#include "analyzer/repair_parts.h"
#include "analyzer/sort_unique.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::Digest;

/// What tags, revisions and the manifests they reach name, and is not there. Foreign layers count
/// only if something names them without `urls`.
std::vector<Digest> missing_and_needed(const Survey& survey) {
  const Graph& graph = survey.graph;
  const Marks live = mark(survey, safe_policy(false));
  std::vector<Digest> missing;
  const auto look = [&](DigestId id) {
    const Digest digest = graph.digests[id];
    const bool is_missing = !graph.has(id, kPresent) && !graph.has(id, kUnread);
    // Under another algorithm than sha256 no registry stores a blob: that is an alias.
    if (is_missing && digest.algorithm == storage::Algorithm::kSha256) missing.push_back(digest);
  };
  for (const ManifestRow& manifest : graph.manifests) {
    if (live[row(manifest.id)] == 0) continue;
    graph.each_part(manifest, [&](const Edge& edge) {
      if ((edge.flags & kForeign) == 0) look(edge.to);
    });
  }
  std::vector<DigestId> roots;
  for (const Repository& repository : survey.repositories) {
    add_roots(survey, repository, Roots::kTagsAndRevisions, roots);
  }
  for (const DigestId root : roots) look(root);
  sort_unique(missing);
  return missing;
}

/// The first source that has it, or the first that has something else under its name.
struct Search {
  std::optional<storage::SourceFile> found;
  std::vector<LeftAlone> wrong;
};

Search search(std::span<const storage::BlobSource> sources, const Digest& digest) {
  Search result;
  for (const storage::BlobSource& source : sources) {
    auto file = source.find(digest);
    if (file) {
      result.found = *std::move(file);
      return result;
    }
    if (file.error().code == storage::Errc::kNotFound) continue;
    result.wrong.push_back({file.error().path, "not used: " + file.error().message});
  }
  return result;
}

}  // namespace

std::vector<Digest> suspects_of(const Survey& survey, const Damage& damage) {
  std::vector<Digest> suspects;
  for (const auto* list : {&damage.empty, &damage.wrong_size, &damage.garbled}) {
    for (const DigestId id : *list) {
      const Graph& graph = survey.graph;
      if (graph.is_counted(id)) {
        suspects.push_back(graph.digests[id]);
      }
    }
  }
  sort_unique(suspects);
  return suspects;
}

std::vector<Digest> damaged_by_reading(const storage::Store& store, const Survey& survey,
                                       ContentProgress& progress,
                                       std::vector<std::string>& problems) {
  const Graph& graph = survey.graph;
  std::vector<DigestId> present;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const DigestId id = digest_id(i);
    if (graph.is_counted(id)) present.push_back(id);
  }
  std::vector<Digest> damaged;
  for (const Misread& misread : read_content(store, survey, present, {}, progress).misreads) {
    const Digest digest = graph.digests[misread.id];
    if (misread.state == ContentState::kUnknown) {
      problems.push_back(storage::layout::blob_path(digest) + ": " + misread.message);
    } else {
      damaged.push_back(digest);
    }
  }
  sort_unique(damaged);
  return damaged;
}

bool find_in_sources(RepairState& state, std::span<const storage::BlobSource> sources,
                     std::vector<Digest>& looked, std::vector<LeftAlone>& left) {
  std::vector<Digest> missing = missing_and_needed(state.survey);
  std::erase_if(missing, [&](const Digest& digest) {
    return std::binary_search(looked.begin(), looked.end(), digest);
  });
  std::vector<Search> searches(missing.size());
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, missing.size(), 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        for (std::size_t i = range.begin(); i != range.end(); ++i) {
          searches[i] = search(sources, missing[i]);
        }
      },
      tbb::simple_partitioner());
  bool any = false;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    left.insert(left.end(), searches[i].wrong.begin(), searches[i].wrong.end());
    if (!searches[i].found) continue;
    state.healed.add(missing[i], *std::move(searches[i].found));
    state.content.trust(missing[i]);
    any = true;
  }
  looked.insert(looked.end(), missing.begin(), missing.end());
  sort_unique(looked);
  return any;
}

}  // namespace regsweep::analyzer
