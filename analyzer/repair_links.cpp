// Links that are damaged or missing. What a link must hold its path tells, but a registry serves
// through it: the blob is hashed first.
#include <algorithm>
#include <set>
#include <utility>

#include "analyzer/removal_of.h"
#include "analyzer/repair_parts.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::AdditionClass;
using storage::Errc;
using storage::EventKind;
using storage::LinkState;
using storage::RemovalClass;

constexpr std::uint32_t kNoTag = 0xffffffffU;

/// A link that a repository must have for its manifests to be served.
struct Need {
  DigestId id = kNoDigest;
  bool is_revision = false;
  std::uint32_t tag = kNoTag;  ///< the first tag that needs it; kNoTag: untagged manifests do
};

/// A link that may be written, if its blob is sound.
struct Wanted {
  std::uint32_t repository = 0;
  DigestId id = kNoDigest;
  bool is_revision = false;
  bool is_needed = false;   ///< by a tag
  bool is_damaged = false;  ///< a file without a digest stands there; else nothing does
  std::string reason;
};

/// What a repository's manifests need: each tag's closure, then that of the revisions.
class Needs {
 public:
  explicit Needs(const Graph& graph)
      : graph_(graph), revision_(graph.node_count()), layer_(graph.node_count()) {}

  std::vector<Need> of(const Repository& repository) {
    needs_.clear();
    for (std::size_t t = 0; t < repository.tags.size(); ++t) {
      const Tag& tag = repository.tags[t];
      if (tag.state == LinkState::kRead) walk(tag.digest, static_cast<std::uint32_t>(t));
    }
    for (const DigestId path : repository.revisions.paths) {
      const DigestId blob = repository.revisions.blob_of(path);
      if (revision_[row(blob)] == 0) walk(blob, kNoTag);
    }
    for (const Need& need : needs_) marks(need.is_revision)[row(need.id)] = 0;
    return std::move(needs_);
  }

 private:
  Marks& marks(bool is_revision) { return is_revision ? revision_ : layer_; }

  void add(DigestId id, bool is_revision, std::uint32_t tag) {
    if (!graph_.has(id, kPresent)) return;
    if (std::exchange(marks(is_revision)[row(id)], std::uint8_t{1}) != 0) return;
    needs_.push_back({id, is_revision, tag});
    if (is_revision) pending_.push_back(id);
  }

  void walk(DigestId root, std::uint32_t tag) {
    pending_.clear();
    add(root, true, tag);
    while (!pending_.empty()) {
      const DigestId id = pending_.back();
      pending_.pop_back();
      graph_.each_part(
          id, [&](const Edge& edge) { add(edge.to, edge.role() == Role::kManifest, tag); });
    }
  }

  const Graph& graph_;
  Marks revision_;  // what is in needs_ already
  Marks layer_;
  std::vector<Need> needs_;
  std::vector<DigestId> pending_;
};

class LinkRepair {
 public:
  explicit LinkRepair(RepairState& state)
      : state_(state), survey_(state.survey), graph_(state.survey.graph) {
    for (const storage::Event& event : survey_.events) {
      if (event.kind == EventKind::kUnreadable) unreadable_.push_back(event.path);
      if (event.kind == EventKind::kEmptyDirectory) empty_.insert(event.path);
    }
  }

  LinkSteps run(bool drop_dangling) {
    Needs needs(graph_);
    for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
      const auto index = static_cast<std::uint32_t>(r);
      const std::vector<Need> needed = needs.of(survey_.repositories[r]);
      look_at_odd(index, needed, true);
      look_at_odd(index, needed, false);
      for (const Need& need : needed) look_at_need(index, need);
      list_deleted(survey_.repositories[r]);
      if (drop_dangling) {
        drop(survey_.repositories[r], true);
        drop(survey_.repositories[r], false);
      }
    }
    decide();
    return std::move(steps_);
  }

 private:
  const Repository& repository(std::uint32_t index) const { return survey_.repositories[index]; }

  std::string directory(const Repository& of, DigestId id, bool is_revision) const {
    return is_revision ? layout::revision_directory(of.name, graph_.digests[id])
                       : layout::layer_directory(of.name, graph_.digests[id]);
  }

  /// Whether the path, or a directory above it, could not be read.
  bool is_unreadable(const std::string& path) const {
    return std::any_of(unreadable_.begin(), unreadable_.end(),
                       [&](const std::string& bad) { return storage::is_below(path, bad); });
  }

  /// Whether anything of the repository could not be read: then nothing is taken from it.
  bool is_unclear(const Repository& of) const {
    const std::string base = layout::repository_directory(of.name);
    return std::any_of(unreadable_.begin(), unreadable_.end(), [&](const std::string& bad) {
      return storage::is_below(base, bad) || storage::is_below(bad, base);
    });
  }

  void leave(std::string path, std::string reason) {
    steps_.left.push_back({std::move(path), std::move(reason)});
  }

  void lack(std::uint32_t index, DigestId id, std::string why) {
    steps_.lacking.push_back({index, id, std::move(why)});
  }

  /// Links whose file is there, but is not plain.
  void look_at_odd(std::uint32_t index, const std::vector<Need>& needed, bool is_revision) {
    const Repository& of = repository(index);
    const Links& links = is_revision ? of.revisions : of.layers;
    std::set<DigestId> tags_need;
    if (!links.odd.empty()) {
      for (const Need& need : needed) {
        if (need.tag != kNoTag && need.is_revision == is_revision) tags_need.insert(need.id);
      }
    }
    for (const OddLink& odd : links.odd) {
      const std::string path = directory(of, odd.path, is_revision);
      const bool is_needed = tags_need.contains(odd.path);
      switch (odd.state) {
        case LinkState::kMalformed:
          want_rewritten(index, odd, is_revision, is_needed);
          break;
        case LinkState::kNotAFile:
          leave(path, "something else than a file stands in place of the link");
          if (is_needed) lack(index, odd.path, "its link is no file");
          break;
        case LinkState::kRead:
          look_at_crossed(index, odd, path, is_needed);
          break;
        default:
          break;  // unreadable: an event says so
      }
    }
  }

  void want_rewritten(std::uint32_t index, const OddLink& odd, bool is_revision, bool is_needed) {
    const Repository& of = repository(index);
    if (is_unclear(of)) {
      leave(directory(of, odd.path, is_revision),
            "its link holds no digest, but its repository could not be read whole");
      if (is_needed) lack(index, odd.path, "its link holds no digest");
      return;
    }
    wanted_.push_back({index, odd.path, is_revision, is_needed, true,
                       odd.size_bytes == 0 ? "its link is empty" : "its link holds no digest"});
  }

  /// Another algorithm's name for the same content is how registries store it.
  void look_at_crossed(std::uint32_t index, const OddLink& odd, const std::string& path,
                       bool is_needed) {
    const storage::Digest& names = graph_.digests[odd.content];
    if (names.algorithm != graph_.digests[odd.path].algorithm) return;
    leave(path, "its link names another digest, " + names.text());
    if (is_needed) lack(index, odd.path, "its link names another digest");
  }

  /// A link that is not there at all. Of what only untagged manifests need, none is added but where
  /// its directory is left.
  void look_at_need(std::uint32_t index, const Need& need) {
    const Repository& of = repository(index);
    const Links& links = need.is_revision ? of.revisions : of.layers;
    if (has_path(graph_, links, need.id)) return;
    const std::string path = directory(of, need.id, need.is_revision);
    const bool has_directory = empty_.erase(path) != 0;
    if (need.tag == kNoTag && !has_directory) return;
    if (is_unreadable(path)) {  // it may be there
      if (need.tag != kNoTag) lack(index, need.id, "its link could not be looked for");
      return;
    }
    std::string reason = need.tag == kNoTag ? "a manifest of the repository needs it"
                                            : "tag " + of.tags[need.tag].name + " needs it";
    wanted_.push_back(
        {index, need.id, need.is_revision, need.tag != kNoTag, false, std::move(reason)});
  }

  /// Directories without a link that nothing needs: a registry's DELETE, and registry 3's collector
  /// for layers, remove the file alone. To write them anew would bring back what was deleted.
  /// Source: distribution registry/storage/linkedblobstore.go, Clear; garbagecollect.go.
  void list_deleted(const Repository& of) {
    const std::string base = layout::repository_directory(of.name) + '/';
    for (const char* below : {layout::kLayers, layout::kRevisions}) {
      const std::string start = base + below + '/';
      for (auto at = empty_.lower_bound(start); at != empty_.end() && at->starts_with(start);) {
        steps_.deleted_links.push_back(*at);
        at = empty_.erase(at);
      }
    }
  }

  void drop(const Repository& of, bool is_revision) {
    const Links& links = is_revision ? of.revisions : of.layers;
    if (is_unclear(of)) return;
    for (const DigestId path : links.paths) {
      const OddLink* odd = links.odd_at(path);
      const bool is_file =
          odd == nullptr || odd->state == LinkState::kRead || odd->state == LinkState::kMalformed;
      if (!is_file || !is_absent(path) || !is_absent(links.blob_of(path))) continue;
      if (take_away(of, path, is_revision, "its blob is not there")) {
        dropped_.insert(steps_.removals.back().path);
      }
    }
  }

  /// Known not to be there: neither now, nor after the repair.
  bool is_absent(DigestId id) const {
    return !graph_.has(id, kPresent) && !graph_.has(id, kUnread) &&
           !state_.healed.is_hidden(graph_.digests[id]);
  }

  bool take_away(const Repository& of, DigestId id, bool is_revision, std::string reason) {
    std::string path = directory(of, id, is_revision);
    const auto facts = state_.store.stat_path(layout::link_in(path));
    if (!facts) {
      if (facts.error().code != Errc::kNotFound) {
        steps_.problems.push_back(path + ": " + facts.error().message);
      }
      return false;
    }
    steps_.removals.push_back(
        removal_of(is_revision ? RemovalClass::kRevision : RemovalClass::kLayerLink,
                   std::move(path), *facts, std::move(reason)));
    return true;
  }

  /// Hashes all that links are wanted to, and writes those whose blob is sound.
  void decide() {
    std::vector<storage::Digest> digests;
    for (const Wanted& wanted : wanted_) {
      if (graph_.has(wanted.id, kPresent)) digests.push_back(graph_.digests[wanted.id]);
    }
    state_.content.check(digests);
    for (const Wanted& wanted : wanted_) decide_one(wanted);
  }

  void decide_one(const Wanted& wanted) {
    const Repository& of = repository(wanted.repository);
    const storage::Digest digest = graph_.digests[wanted.id];
    std::string path = directory(of, wanted.id, wanted.is_revision);
    if (dropped_.contains(path)) return;
    if (const std::string why_not = obstacle(wanted, digest); !why_not.empty()) {
      std::string why = wanted.is_damaged ? wanted.reason : "its link is missing";
      why += ", and " + why_not;
      if (wanted.is_needed) lack(wanted.repository, wanted.id, why);
      leave(std::move(path), std::move(why));
      return;
    }
    if (wanted.is_damaged && !take_away(of, wanted.id, wanted.is_revision, wanted.reason)) return;
    storage::Addition addition;
    addition.addition_class =
        wanted.is_revision ? AdditionClass::kRevisionLink : AdditionClass::kLayerLink;
    addition.path = layout::link_in(std::move(path));
    addition.digest = digest;
    addition.reason = wanted.reason;
    steps_.additions.push_back(std::move(addition));
  }

  /// Why a link must not be written, empty if it may.
  std::string obstacle(const Wanted& wanted, const storage::Digest& digest) {
    if (!graph_.has(wanted.id, kPresent)) {
      return state_.healed.is_hidden(digest) ? "its blob is damaged" : "its blob is not there";
    }
    const SoundnessOf& found = state_.content.of(digest);
    if (found.state == Sound::kDamaged) {
      steps_.damaged.push_back(digest);
      return "its blob is damaged";
    }
    if (found.state != Sound::kSound) {
      steps_.problems.push_back(layout::blob_path(digest) + ": " + found.message);
      return "its blob could not be read";
    }
    if (wanted.is_revision && !is_served_as_manifest(graph_, wanted.id)) {
      return "its blob is no manifest";
    }
    return {};
  }

  RepairState& state_;
  const Survey& survey_;
  const Graph& graph_;
  std::vector<std::string> unreadable_;
  std::set<std::string> empty_;  ///< directories that a scan found without what belongs in them
  std::vector<Wanted> wanted_;
  std::set<std::string> dropped_;  ///< directories of links that go since they dangle
  LinkSteps steps_;
};

}  // namespace

LinkSteps repair_links(RepairState& state, bool drop_dangling) {
  return LinkRepair(state).run(drop_dangling);
}

bool is_served_as_manifest(const Graph& graph, DigestId id) {
  const ManifestType type = graph.type(id);
  return graph.has(id, kParsed) && !graph.has(id, kNotUnderstood) &&
         type != ManifestType::kUnknown && type != ManifestType::kUnreadable;
}

}  // namespace regsweep::analyzer
