#include "analyzer/tag_figures.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include "analyzer/mark.h"
#include "analyzer/owners.h"

namespace regsweep::analyzer {
namespace {

/// Walks from one digest; keeps its buffers from tag to tag.
class Reach {
 public:
  explicit Reach(std::size_t digests) : stamp_(digests) {}

  /// Calls `f(id)` for each blob that is there and that `root` reaches.
  template <class F>
  void each_from(const Graph& graph, DigestId root, F&& f) {
    Policy policy = safe_policy(true);
    policy.referrers = false;
    ++round_;
    met_.assign(1, root);
    stamp_[row(root)] = round_;
    while (!met_.empty()) {
      const DigestId id = met_.back();
      met_.pop_back();
      if (graph.has(id, kPresent) && !graph.has(id, kNotAFile)) f(id);
      each_step(graph, id, policy, [&](DigestId to) {
        if (stamp_[row(to)] == round_) return;
        stamp_[row(to)] = round_;
        met_.push_back(to);
      });
    }
  }

 private:
  std::vector<std::uint32_t> stamp_;  ///< the round in which a digest was met last
  std::uint32_t round_ = 0;
  std::vector<DigestId> met_;
};

}  // namespace

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
  tbb::enumerable_thread_specific<Reach> walkers([&] { return Reach(graph.node_count()); });
  const auto each_tag = [&](auto&& f) {
    tbb::parallel_for(std::size_t{0}, figures.size(), [&](std::size_t i) {
      const TagRef tag = figures[i].tag;
      const DigestId root = survey.repositories[tag.repository].tags[tag.tag].digest;
      walkers.local().each_from(graph, root, [&](DigestId id) { f(i, id); });
    });
  };
  each_tag([&](std::size_t i, DigestId id) {
    owners.add(id, static_cast<std::uint32_t>(i));
    figures[i].size += graph.bytes(id);
  });
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const std::uint32_t owner = owners[digest_id(i)];
    if (owner < Owners::kSeveral) figures[owner].exclusive += graph.bytes(digest_id(i));
  }
  return figures;
}

}  // namespace regsweep::analyzer
