#include "analyzer/tag_figures.h"

#include <tbb/enumerable_thread_specific.h>

#include "analyzer/blob_class.h"
#include "analyzer/few_threads.h"
#include "analyzer/owners.h"
#include "analyzer/reach.h"

namespace regsweep::analyzer {

std::vector<TagFigures> tag_figures(const Survey& survey) {
  std::vector<TagFigures> figures;
  for (std::size_t r = 0; r < survey.repositories.size(); ++r) {
    const Repository& repository = survey.repositories[r];
    for (std::size_t t = 0; t < repository.tags.size(); ++t) {
      if (repository.tags[t].state != storage::LinkState::kRead) continue;
      figures.push_back({{static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(t)}, {}, {}});
    }
  }
  const Graph& graph = survey.graph;
  Owners owners(graph.node_count());
  Policy policy = safe_policy(true);
  policy.referrers = false;
  tbb::enumerable_thread_specific<Reach> walkers([&] { return Reach(graph.node_count()); });
  on_few_threads(figures.size(), [&](std::size_t i) {
    const TagRef tag = figures[i].tag;
    std::vector<DigestId> roots = {survey.repositories[tag.repository].tags[tag.tag].digest};
    walkers.local().walk(graph, policy, roots, [&](DigestId id) {
      if (!graph.is_counted(id)) return;
      owners.add(id, static_cast<std::uint32_t>(i));
      figures[i].size += graph.bytes(id);
    });
  });
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const std::uint32_t owner = owners[digest_id(i)];
    if (owner < Owners::kSeveral) figures[owner].exclusive += graph.bytes(digest_id(i));
  }
  return figures;
}

}  // namespace regsweep::analyzer
