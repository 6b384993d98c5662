#include "analyzer/space_tree.h"

#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string_view>

#include "analyzer/few_threads.h"
#include "analyzer/grouping.h"
#include "analyzer/reach.h"

namespace regsweep::analyzer {
namespace {

using Kind = SpaceNode::Kind;

/// Rows of namespaces by name.
using Namespaces = std::map<std::string, std::uint32_t, std::less<>>;

std::uint32_t add_node(SpaceTree& tree, Kind kind, std::uint32_t parent, TagRef tag) {
  tree.nodes.push_back({kind, parent, tree.nodes[parent].depth + 1, tag, {}});
  return static_cast<std::uint32_t>(tree.nodes.size() - 1);
}

/// The namespace in which a repository is that has none of its own name.
std::string_view namespace_above(const std::string& repository) noexcept {
  const std::string_view servable = servable_part(repository);
  return servable.size() == repository.size() ? name_above(servable) : servable;
}

Namespaces add_namespaces(const Survey& survey, SpaceTree& tree) {
  Namespaces rows;
  for (const Repository& repository : survey.repositories) {
    for (std::string_view name = namespace_above(repository.name); !name.empty();
         name = name_above(name)) {
      rows.try_emplace(std::string(name), 0);
    }
  }
  rows.try_emplace("", 0);
  tree.nodes.emplace_back();
  for (auto& [name, node] : rows) {  // a name comes after what it begins with
    if (!name.empty())
      node = add_node(tree, Kind::kNamespace, rows.find(name_above(name))->second, {});
    tree.namespaces.push_back(name);
  }
  return rows;
}

void add_repositories(const Survey& survey, const Namespaces& namespaces, SpaceTree& tree) {
  for (std::size_t i = 0; i < survey.repositories.size(); ++i) {
    const Repository& repository = survey.repositories[i];
    auto parent = namespaces.find(repository.name);
    if (parent == namespaces.end()) parent = namespaces.find(namespace_above(repository.name));
    const auto number = static_cast<std::uint32_t>(i);
    const std::uint32_t node = add_node(tree, Kind::kRepository, parent->second, {number, 0});
    tree.repository_at.push_back(node);
    for (std::size_t t = 0; t < repository.tags.size(); ++t) {
      if (repository.tags[t].state != storage::LinkState::kRead) continue;
      add_node(tree, Kind::kTag, node, {number, static_cast<std::uint32_t>(t)});
    }
  }
}

/// The lowest place that has all holders of each digest. Adding is safe from many threads, and the
/// answer does not depend on their order.
class Homes {
 public:
  static constexpr std::uint32_t kNowhere = 0xffffffffU;

  Homes(const std::vector<SpaceNode>& nodes, std::size_t digests)
      : nodes_(nodes), home_(digests, kNowhere) {}

  void hold(DigestId id, std::uint32_t node) noexcept {
    std::atomic_ref home(home_[row(id)]);
    std::uint32_t seen = home.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint32_t next = seen == kNowhere ? node : meeting_point(seen, node);
      if (next == seen || home.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return;
    }
  }
  std::uint32_t operator[](DigestId id) const noexcept { return home_[row(id)]; }

 private:
  std::uint32_t meeting_point(std::uint32_t a, std::uint32_t b) const noexcept {
    while (a != b) {
      if (nodes_[a].depth < nodes_[b].depth) std::swap(a, b);
      a = nodes_[a].parent;
    }
    return a;
  }

  const std::vector<SpaceNode>& nodes_;
  std::vector<std::uint32_t> home_;
};

/// Finds the holders of everything, repository by repository.
class Holders {
 public:
  Holders(const Survey& survey, const Accounts& accounts, const SpaceTree& tree)
      : survey_(survey),
        graph_(survey.graph),
        accounts_(accounts),
        tree_(tree),
        homes_(tree.nodes, graph_.node_count()),
        walkers_([this] { return Walker(graph_.node_count()); }) {}

  const Homes& run() {
    on_few_threads(survey_.repositories.size(), [&](std::size_t i) {
      const auto repository = static_cast<std::uint32_t>(i);
      hold_live(repository);
      hold_garbage(repository);
    });
    return homes_;
  }

 private:
  struct Walker {
    explicit Walker(std::size_t digests) : reach(digests), member(digests) {}
    Reach reach;
    std::vector<std::uint32_t> member;  ///< 2 × (repository + 1), + 1 once one of its tags holds it
    std::vector<DigestId> members;
    std::vector<DigestId> pending;
  };

  void hold_live(std::uint32_t repository) {
    Walker& walker = walkers_.local();
    const std::uint32_t here = 2 * (repository + 1);
    Policy own = safe_policy(false);
    own.referrers = false;  // as in attribute(): others' are not its blobs
    walker.members.clear();
    add_roots(survey_, survey_.repositories[repository], own.roots, walker.pending);
    walker.reach.walk(graph_, own, walker.pending, [&](DigestId id) {
      walker.member[row(id)] = here;
      walker.members.push_back(id);
    });
    std::uint32_t node = tree_.repository_at[repository];
    for (const Tag& tag : survey_.repositories[repository].tags) {
      if (tag.state != storage::LinkState::kRead) continue;
      ++node;  // its tags' rows follow a repository's
      walker.pending.push_back(tag.digest);
      walker.reach.walk(graph_, safe_policy(true), walker.pending, [&](DigestId id) {
        if ((walker.member[row(id)] & ~1U) != here) return;
        walker.member[row(id)] = here + 1;
        homes_.hold(id, node);
      });
    }
    for (const DigestId id : walker.members) {
      if (walker.member[row(id)] == here) homes_.hold(id, tree_.repository_at[repository]);
    }
  }

  void hold_garbage(std::uint32_t repository) {
    const auto hold = [&](DigestId id) {
      if (accounts_.live[row(id)] == 0) homes_.hold(id, tree_.repository_at[repository]);
    };
    each_layer_link(survey_.repositories[repository], [&](DigestId path, DigestId content) {
      hold(path);
      if (content != kNoDigest) hold(content);
    });
  }

  const Survey& survey_;
  const Graph& graph_;
  const Accounts& accounts_;
  const SpaceTree& tree_;
  Homes homes_;
  tbb::enumerable_thread_specific<Walker> walkers_;
};

}  // namespace

std::vector<ClassSplit> SpaceTree::totals() const {
  std::vector<ClassSplit> sums(nodes.size());
  for (std::size_t i = nodes.size(); i-- > 0;) {
    sums[i] += nodes[i].own;
    if (i != 0) sums[nodes[i].parent] += sums[i];
  }
  return sums;
}

SpaceTree space_tree(const Survey& survey, const Accounts& accounts) {
  SpaceTree tree;
  const Namespaces namespaces = add_namespaces(survey, tree);
  add_repositories(survey, namespaces, tree);
  Holders holders(survey, accounts, tree);
  const Homes& homes = holders.run();
  survey.graph.each_blob([&](DigestId id) {
    const std::uint32_t home = homes[id];
    if (home != Homes::kNowhere) {
      add_blob(survey, accounts, id, tree.nodes[home].own);
    } else {
      add_blob(survey, accounts, id, accounts.live[row(id)] != 0 ? tree.unheld : tree.orphans);
    }
  });
  return tree;
}

}  // namespace regsweep::analyzer
