#include "analyzer/damage.h"

#include <algorithm>
#include <array>

#include "analyzer/backward.h"
#include "storage/content_hash.h"

namespace regsweep::analyzer {
namespace {

/// An artifact may hold an empty file: then zero bytes are what its digest says.
bool is_digest_of_nothing(const storage::Digest& digest) {
  static const std::array<storage::Digest, 3> all = [] {
    std::array<storage::Digest, 3> digests;
    storage::ContentHash hash;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      hash.begin(static_cast<storage::Algorithm>(i));
      digests[i] = hash.finish();
    }
    return digests;
  }();
  return digest == all[static_cast<std::size_t>(digest.algorithm)];
}

/// What one manifest's references tell. An empty config is one of two or three bytes, never none.
class Examination {
 public:
  Examination(const Graph& graph, Damage& damage)
      : graph_(graph), damage_(damage), bad_(graph.node_count()), seen_(graph.node_count()) {}

  void manifest(const ManifestRow& manifest) {
    const DigestId id = manifest.id;
    std::size_t children = 0;
    std::size_t absent_children = 0;
    graph_.each_part(manifest, [&](const Edge& edge) {
      const bool is_child = edge.role() == Role::kManifest;
      children += is_child ? 1 : 0;
      bool is_served = false;
      graph_.each_served(edge.to, [&](DigestId blob) {
        is_served = true;
        if (is_empty(blob)) note(blob, kEmpty, damage_.empty, true);
        if (graph_.has(blob, kNotAFile)) note(blob, kNoFile, damage_.not_files, true);
      });
      if (is_served || graph_.has(edge.to, kUnread)) {
        return;  // unknown is not missing
      } else if (is_child) {
        ++absent_children;
      } else if ((edge.flags & kForeign) != 0) {
        note(edge.to, kForeignLayer, damage_.foreign_layers, false);
      } else {
        note(edge.to, kMissing, damage_.missing, true);
      }
    });
    if (absent_children == 0) return;
    if (absent_children == children) {
      damage_.hollow_indexes.push_back(id);
      bad_[row(id)] = 1;
    } else {
      damage_.sparse_indexes.push_back(id);
    }
  }

  void top(DigestId id) {
    if (graph_.has(id, kUnread) && !graph_.has(id, kPresent)) {
      return;
    } else if (!graph_.has(id, kPresent)) {
      note(id, kMissing, damage_.missing, true);
    } else if (is_empty(id)) {
      note(id, kEmpty, damage_.empty, true);
    } else if (graph_.has(id, kNotAFile)) {
      note(id, kNoFile, damage_.not_files, true);
    }
  }

  /// A document that cannot be parsed at all is not what was pushed.
  void not_understood(DigestId id) {
    damage_.garbled.push_back(id);
    bad_[row(id)] = 1;
  }

  void mismatch(DigestId id) { note(id, kWrongSize, damage_.wrong_size, true); }

  const Marks& bad() const noexcept { return bad_; }

 private:
  enum Kind : std::uint8_t {
    kEmpty = 1,
    kMissing = 2,
    kWrongSize = 4,
    kForeignLayer = 8,
    kNoFile = 16
  };

  bool is_empty(DigestId id) const {
    return !graph_.has(id, kNotAFile) && graph_.size_bytes[row(id)] == 0 &&
           !is_digest_of_nothing(graph_.digests[id]);
  }

  void note(DigestId id, Kind kind, std::vector<DigestId>& list, bool bad) {
    if ((seen_[row(id)] & kind) == 0) list.push_back(id);
    seen_[row(id)] |= kind;
    if (bad) bad_[row(id)] = 1;
  }

  const Graph& graph_;
  Damage& damage_;
  Marks bad_;
  std::vector<std::uint8_t> seen_;
};

}  // namespace

Marks spread(const Backward& named_by, const Marks& bad, std::vector<DigestId>* cause) {
  Marks broken = bad;
  if (cause != nullptr) cause->assign(bad.size(), kNoDigest);
  // From each bad one up, in the order of ids: of several reasons the smallest is found first.
  std::vector<DigestId> pending;
  for (std::size_t i = 0; i < bad.size(); ++i) {
    if (bad[i] == 0) continue;
    const DigestId reason = digest_id(i);
    if (cause != nullptr) (*cause)[i] = reason;
    pending.assign(1, reason);
    while (!pending.empty()) {
      const DigestId part = pending.back();
      pending.pop_back();
      named_by.each_before(part, [&](DigestId from) {
        if (broken[row(from)] != 0) return;
        broken[row(from)] = 1;
        if (cause != nullptr) (*cause)[row(from)] = reason;
        pending.push_back(from);
      });
    }
  }
  return broken;
}

std::vector<BrokenTag> broken_tags(const Survey& survey, const Marks& broken,
                                   const std::vector<DigestId>& cause) {
  std::vector<BrokenTag> tags;
  for (std::size_t r = 0; r < survey.repositories.size(); ++r) {
    const Repository& repository = survey.repositories[r];
    for (std::size_t t = 0; t < repository.tags.size(); ++t) {
      const Tag& tag = repository.tags[t];
      if (tag.state != storage::LinkState::kRead || broken[row(tag.digest)] == 0) continue;
      tags.push_back(
          {{static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(t)}, cause[row(tag.digest)]});
    }
  }
  return tags;
}

Damage find_damage(const Survey& survey) {
  const Graph& graph = survey.graph;
  Damage damage;
  Examination examination(graph, damage);
  for (const ManifestRow& manifest : graph.manifests) examination.manifest(manifest);
  for (const Repository& repository : survey.repositories) {
    for (const Tag& tag : repository.tags) {
      if (tag.state == storage::LinkState::kRead) examination.top(tag.digest);
    }
    for (const DigestId path : repository.revisions.paths) {
      if (graph.has(path, kPresent)) examination.top(path);  // without it the link dangles
    }
  }
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const DigestId id = digest_id(i);
    const bool other_damage = graph.has(id, kNotAFile) || graph.size_bytes[i] == 0;
    if (graph.has(id, kNotUnderstood) && !other_damage) examination.not_understood(id);
  }
  for (const SizeMismatch& mismatch : graph.size_mismatches) {
    if (graph.size_bytes[row(mismatch.blob)] != 0) examination.mismatch(mismatch.blob);
  }
  const auto by_text = [&](DigestId a, DigestId b) { return graph.digests.less(a, b); };
  for (auto* list :
       {&damage.empty, &damage.missing, &damage.wrong_size, &damage.foreign_layers,
        &damage.sparse_indexes, &damage.hollow_indexes, &damage.garbled, &damage.not_files}) {
    std::sort(list->begin(), list->end(), by_text);
  }
  if (damage.none()) {
    damage.broken.assign(graph.node_count(), 0);
    return damage;
  }
  std::vector<DigestId> cause;
  damage.broken = spread(Backward(graph, references_policy()), examination.bad(), &cause);
  damage.broken_tags = broken_tags(survey, damage.broken, cause);
  return damage;
}

}  // namespace regsweep::analyzer
