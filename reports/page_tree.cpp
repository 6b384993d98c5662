#include "reports/page_tree.h"

#include <algorithm>
#include <vector>

#include "analyzer/space_tree.h"
#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::ClassSplit;
using analyzer::SpaceNode;
using analyzer::SpaceTree;

Json own(const ClassSplit& split) {
  if (split.blobs == 0) return 0;
  return Json::array({split.blobs, split.tagged.apparent, split.untagged.apparent,
                      split.garbage.apparent, split.tagged.allocated, split.untagged.allocated,
                      split.garbage.allocated});
}

/// For each node whether it is a tag that is too small to be one on the page.
std::vector<bool> small_tags(const SpaceTree& tree, std::size_t most) {
  std::vector<std::uint32_t> tags;
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    if (tree.nodes[i].kind == SpaceNode::Kind::kTag) tags.push_back(static_cast<std::uint32_t>(i));
  }
  std::vector<bool> small(tree.nodes.size());
  if (tags.size() <= most) return small;
  std::ranges::stable_sort(tags, std::greater<>(),
                           [&](std::uint32_t i) { return tree.nodes[i].own.total().allocated; });
  for (std::size_t i = most; i < tags.size(); ++i) small[tags[i]] = true;
  return small;
}

/// Writes the nodes one after the other, with numbers of their own as small tags have none.
class Rows {
 public:
  Rows(const Audit& audit, const SpaceTree& tree, std::size_t most_tags)
      : audit_(audit), tree_(tree), small_(small_tags(tree, most_tags)), at_(tree.nodes.size()) {}

  Json build() {
    for (std::size_t i = 0; i < tree_.nodes.size(); ++i) {
      const SpaceNode& node = tree_.nodes[i];
      if (node.kind != SpaceNode::Kind::kTag) end_repository();
      if (small_[i]) {
        ++smaller_;
        smaller_own_ += node.own;
        repository_ = at_[node.parent];
        continue;
      }
      at_[i] = rows_.size();
      rows_.push_back(Json::array({kind_of(node), at_[node.parent], name_of(i), own(node.own)}));
    }
    end_repository();
    return std::move(rows_);
  }

 private:
  static std::string_view kind_of(const SpaceNode& node) {
    switch (node.kind) {
      case SpaceNode::Kind::kNamespace:
        return "namespace";
      case SpaceNode::Kind::kRepository:
        return "repository";
      case SpaceNode::Kind::kTag:
        return "tag";
    }
    return "";
  }

  std::string name_of(std::size_t i) const {
    const SpaceNode& node = tree_.nodes[i];
    if (node.kind == SpaceNode::Kind::kNamespace) return printable(tree_.namespaces[i]);
    const auto& repository = audit_.survey.repositories[node.tag.repository];
    if (node.kind == SpaceNode::Kind::kRepository) return printable(repository.name);
    return printable(repository.tags[node.tag.tag].name);
  }

  void end_repository() {
    if (smaller_ == 0) return;
    rows_.push_back(Json::array({"smaller", repository_, smaller_, own(smaller_own_)}));
    smaller_ = 0;
    smaller_own_ = {};
  }

  const Audit& audit_;
  const SpaceTree& tree_;
  const std::vector<bool> small_;
  std::vector<std::size_t> at_;  ///< rows by node
  Json rows_ = Json::array();
  std::uint64_t smaller_ = 0;
  ClassSplit smaller_own_;
  std::size_t repository_ = 0;
};

}  // namespace

Json page_tree(const Audit& audit, std::size_t most_tags) {
  const SpaceTree tree = analyzer::space_tree(audit.survey, audit.accounts);
  return {{"nodes", Rows(audit, tree, most_tags).build()},
          {"unheld", own(tree.unheld)},
          {"orphans", own(tree.orphans)}};
}

}  // namespace regsweep::reports
