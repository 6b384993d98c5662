#include "analyzer/blame.h"

#include <algorithm>
#include <set>
#include <utility>

#include "analyzer/platform.h"
#include "analyzer/sort_unique.h"

namespace regsweep::analyzer {
namespace {

class Blaming {
 public:
  Blaming(const storage::Store& store, const Survey& survey, const Marks& bad)
      : survey_(survey),
        graph_(survey.graph),
        bad_(bad),
        broken_(spread(Backward(graph_, references_policy()), bad, nullptr)),
        slot_(graph_.node_count(), kNone),
        seen_(graph_.node_count(), 0),
        platforms_(store, graph_) {
    for (std::size_t i = 0; i < bad.size(); ++i) {
      if (bad[i] == 0) continue;
      slot_[i] = static_cast<std::uint32_t>(blame_.blobs.size());
      blame_.blobs.push_back({digest_id(i), Loss::kGarbage, {}, {}});
    }
  }

  Blame run(const Accounts& accounts) {
    for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
      repository(static_cast<std::uint32_t>(r));
    }
    for (BlamedBlob& blob : blame_.blobs) {
      const std::size_t at = row(blob.id);
      blob.loss = !blob.tags.empty() || accounts.live_by_tag[at] != 0 ? Loss::kTagged
                  : accounts.live[at] != 0                            ? Loss::kUntagged
                                                                      : Loss::kGarbage;
    }
    return std::move(blame_);
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  void repository(std::uint32_t r) {
    const Repository& repository = survey_.repositories[r];
    std::vector<DigestId> needed;  // of the damaged ones, with duplicates
    for (std::size_t t = 0; t < repository.tags.size(); ++t) {
      const Tag& tag = repository.tags[t];
      if (tag.state != storage::LinkState::kRead || broken_[row(tag.digest)] == 0) continue;
      BlamedTag blamed = blame_tag({r, static_cast<std::uint32_t>(t)}, tag.digest);
      const auto index = static_cast<std::uint32_t>(blame_.tags.size());
      DigestId last = kNoDigest;
      for (const BrokenPart& part : blamed.parts) {
        if (std::exchange(last, part.blob) == part.blob) continue;
        needed.push_back(part.blob);
        blame_.blobs[slot_[row(part.blob)]].tags.push_back(index);
      }
      blame_.tags.push_back(std::move(blamed));
    }
    for (const DigestId path : repository.revisions.paths) {
      for (const DigestId id : {path, repository.revisions.content_of(path)}) {
        if (id != kNoDigest && broken_[row(id)] != 0) descend(id, needed);
      }
    }
    for (const DigestId path : repository.layers.paths) {
      for (const DigestId id : {path, repository.layers.blob_of(path)}) {
        if (bad_[row(id)] != 0) needed.push_back(id);
      }
    }
    for (const DigestId id : reached_) seen_[row(id)] = 0;
    reached_.clear();
    sort_unique(needed);
    for (const DigestId id : needed) blame_.blobs[slot_[row(id)]].repositories.push_back(r);
  }

  /// Calls `f(to)` for each broken thing that a manifest needs, or that stands for another digest:
  /// the steps of references_policy().
  template <class F>
  void each_broken(DigestId id, F&& f) const {
    graph_.each_part(id, [&](const Edge& edge) {
      if (broken_[row(edge.to)] == 0) return;
      if (edge.role() == Role::kManifest && graph_.present_blob(edge.to) == kNoDigest) return;
      f(edge);
    });
    if (!graph_.has(id, kHasAlias)) return;
    graph_.each_served(id, [&](DigestId blob) {
      if (blob != id && broken_[row(blob)] != 0) {
        f(Edge{blob, static_cast<std::uint8_t>(Role::kBlob)});
      }
    });
  }

  /// Damaged blobs below a revision; each node once a repository.
  void descend(DigestId root, std::vector<DigestId>& needed) {
    std::vector<DigestId> stack = {root};
    while (!stack.empty()) {
      const DigestId id = stack.back();
      stack.pop_back();
      if (std::exchange(seen_[row(id)], std::uint8_t{1}) != 0) continue;
      reached_.push_back(id);
      if (bad_[row(id)] != 0) needed.push_back(id);
      each_broken(id, [&](const Edge& edge) { stack.push_back(edge.to); });
    }
  }

  BlamedTag blame_tag(TagRef ref, DigestId root) {
    BlamedTag blamed;
    blamed.tag = ref;
    graph_.each_child(root, [&](DigestId) { ++blamed.images; });
    // Broken parts hang at few depths: an index, its images, their blobs. A node comes once a
    // platform.
    std::vector<BrokenPart> stack = {
        {root, root, blamed.images == 0 ? platforms_.of_image(root) : ""}};
    std::set<BrokenPart> done;
    while (!stack.empty()) {
      const BrokenPart at = std::move(stack.back());
      stack.pop_back();
      if (!done.insert(at).second) continue;
      if (bad_[row(at.blob)] != 0) blamed.parts.push_back(at);
      each_broken(at.blob, [&](const Edge& edge) {
        const bool is_image = edge.role() == Role::kManifest;
        stack.push_back({edge.to, is_image ? edge.to : at.image,
                         is_image ? platforms_.of_child(at.blob, edge.to) : at.platform});
      });
    }
    std::sort(blamed.parts.begin(), blamed.parts.end());
    return blamed;
  }

  const Survey& survey_;
  const Graph& graph_;
  const Marks& bad_;
  const Marks broken_;
  std::vector<std::uint32_t> slot_;  ///< of a damaged digest, in blame_.blobs
  std::vector<std::uint8_t> seen_;
  std::vector<DigestId> reached_;  ///< what is set in seen_
  Platforms platforms_;
  Blame blame_;
};

}  // namespace

Blame find_blame(const storage::Store& store, const Survey& survey, const Accounts& accounts,
                 const Marks& bad) {
  return Blaming(store, survey, bad).run(accounts);
}

}  // namespace regsweep::analyzer
