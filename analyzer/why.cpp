#include "analyzer/why.h"

#include <algorithm>
#include <utility>

#include "analyzer/backward.h"
#include "analyzer/blob_class.h"
#include "analyzer/has_path.h"
#include "analyzer/media_type_of.h"
#include "analyzer/platform.h"
#include "analyzer/reach.h"
#include "analyzer/refusal.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::LinkState;

/// The digest that a tag of such a name is about, or "".
std::string about(const std::string& tag) {
  storage::Digest digest;
  constexpr std::string_view kStart = "sha256-";
  const std::size_t digits = 2 * storage::digest_bytes(storage::Algorithm::kSha256);
  if (!tag.starts_with(kStart) || tag.size() < kStart.size() + digits) return {};
  if (!storage::parse_hex(storage::Algorithm::kSha256, tag.substr(kStart.size(), digits), digest)) {
    return {};
  }
  return digest.text();
}

class Explanation {
 public:
  Explanation(const storage::Store& store, Survey& survey, const Accounts& accounts,
              const Damage& damage, const WhyContext& context)
      : store_(store),
        survey_(survey),
        graph_(survey.graph),
        accounts_(accounts),
        damage_(damage),
        context_(context),
        backward_(survey.graph),
        platforms_(store, survey.graph) {}

  Why run(const Ref& ref) {
    why_.ref = ref;
    why_.object = ref.digest;
    if (why_.object != kNoDigest) {
      object();
    } else {
      no_object();
    }
    if (ref.kind == RefKind::kTag) {
      const Repository& repository = survey_.repositories[ref.repository];
      const Tag& tag = repository.tags[ref.tag];
      why_.tag_state = tag_state(survey_, damage_, repository, tag);
      why_.attached_to = about(tag.name);
    }
    why_.refusals = find_refusals(survey_, context_.database_lock, {});
    deletion();
    FateOf of{why_.object, std::move(parts_), std::move(needed_in_)};
    if (why_.object != kNoDigest && why_.served != kNoDigest) of.object = why_.served;
    why_.fates = find_fates(survey_, accounts_, context_.root, of);
    return std::move(why_);
  }

 private:
  static Standing standing_of(DigestId id, const Marks& by_tag, const Marks& live) {
    return by_tag[row(id)] != 0 ? Standing::kTagged
           : live[row(id)] != 0 ? Standing::kUntagged
                                : Standing::kGarbage;
  }
  Standing standing_of(DigestId id) const {
    return standing_of(id, accounts_.live_by_tag, accounts_.live);
  }

  void object() {
    const DigestId id = why_.object;
    why_.served = graph_.present_blob(id);
    why_.standing = standing_of(id);
    distances_ = backward_.distances_to(id);
    why_.chain = shortest_chain(survey_, distances_);
    if (why_.chain) name_platforms(*why_.chain);
    find_namers();
    find_tags();
    find_holders();
    find_last_written();
    needs({id});
    if (const ManifestOddity* oddity = graph_.oddity(id)) {
      if (graph_.has(id, kNotUnderstood | kUnread)) why_.not_understood = oddity->problem;
    }
    const bool absent = why_.served == kNoDigest && !graph_.has(id, kUnread);
    const bool all_foreign =
        !why_.namers.empty() && std::all_of(why_.namers.begin(), why_.namers.end(),
                                            [](const Namer& namer) { return namer.foreign; });
    why_.is_foreign = absent && all_foreign;
    why_.is_missing = absent && !all_foreign;
  }

  /// A repository: all that its tags need. A tag without a digest needs nothing.
  void no_object() {
    needed_in_.assign(survey_.repositories.size(), 0);
    std::vector<DigestId> roots;
    if (why_.ref.kind == RefKind::kRepository) {
      needed_in_[why_.ref.repository] = 1;
      add_roots(survey_, survey_.repositories[why_.ref.repository], Roots::kTags, roots);
      why_.standing = Standing::kTagged;
    }
    needs(std::move(roots));
  }

  // ---- what refers to it ----------------------------------------------------------------------

  void find_namers() {
    const DigestId id = why_.object;
    std::vector<DigestId> manifests;
    backward_.each_before(id, [&](DigestId from) { manifests.push_back(from); });
    for (const auto& [subject, referrer] : Graph::rows_of(graph_.referrers, id)) {
      manifests.push_back(referrer);
    }
    std::sort(manifests.begin(), manifests.end(),
              [&](DigestId a, DigestId b) { return graph_.digests.less(a, b); });
    manifests.erase(std::unique(manifests.begin(), manifests.end()), manifests.end());
    for (const DigestId manifest : manifests) {
      graph_.each_reference(manifest, [&](const Edge& edge) {
        if (edge.to != id) return;
        const Namer namer{manifest, edge.role(), (edge.flags & kForeign) != 0,
                          standing_of(manifest)};
        const bool again = !why_.namers.empty() && why_.namers.back().manifest == manifest &&
                           why_.namers.back().role == namer.role;
        if (!again) why_.namers.push_back(namer);
        const std::string& media = graph_.media_types[edge.media];
        if (media.empty()) return;
        if (why_.media_type.empty() || media < why_.media_type) why_.media_type = media;
      });
    }
    if (graph_.is_manifest(id) && !media_type_of(graph_.type(id)).empty()) {
      why_.media_type = media_type_of(graph_.type(id));
    }
    graph_.each_subject(id, [&](DigestId subject) { why_.subjects.push_back(subject); });
  }

  void find_tags() {
    needed_in_.assign(survey_.repositories.size(), 0);
    const std::string attached = attached_tag_name(graph_.digests[why_.object]);
    for (std::uint32_t r = 0; r < survey_.repositories.size(); ++r) {
      const std::vector<Tag>& tags = survey_.repositories[r].tags;
      for (std::uint32_t t = 0; t < tags.size(); ++t) {
        if (tags[t].name.starts_with(attached)) why_.attached.push_back({r, t});
        if (tags[t].state != LinkState::kRead) continue;
        if (distances_[row(tags[t].digest)] == Backward::kFar) continue;
        needed_in_[r] = 1;
        why_.kept_by.push_back({r, t});
        if (tags[t].digest == why_.object) why_.tags.push_back({r, t});
      }
    }
  }

  void find_holders() {
    for (std::uint32_t r = 0; r < survey_.repositories.size(); ++r) {
      const Repository& repository = survey_.repositories[r];
      Holder holder;
      holder.repository = r;
      holder.revision = held_by(repository.revisions, holder.other);
      holder.layer_link = held_by(repository.layers, holder.other);
      if (holder.revision || holder.layer_link) why_.holders.push_back(holder);
    }
  }

  /// Whether a link names the object by its path or by its content.
  bool held_by(const Links& links, DigestId& other) const {
    bool held = has_path(graph_, links, why_.object);
    for (const OddLink& odd : links.odd) {
      if (odd.content == kNoDigest) continue;
      if (odd.content == why_.object) {
        held = true;
        other = odd.path;
      } else if (odd.path == why_.object) {
        other = odd.content;
      }
    }
    return held;
  }

  /// Only of what no tag keeps: a base image's layer is linked by thousands of repositories, and
  /// nobody asks since when it is alive.
  void find_last_written() {
    std::int64_t newest = 0;
    if (why_.served != kNoDigest) newest = graph_.mtime_seconds[row(why_.served)];
    const auto look = [&](const std::string& directory) {
      const auto facts = store_.stat_path(layout::link_in(directory));
      if (facts) newest = std::max<std::int64_t>(newest, facts->mtime_seconds);
    };
    if (why_.standing != Standing::kTagged) {
      for (const Holder& holder : why_.holders) {
        const Repository& repository = survey_.repositories[holder.repository];
        each_path(repository.revisions, [&](DigestId path) {
          look(layout::revision_directory(repository.name, graph_.digests[path]));
        });
        each_path(repository.layers, [&](DigestId path) {
          look(layout::layer_directory(repository.name, graph_.digests[path]));
        });
      }
    }
    why_.last_written_seconds = newest;
  }

  /// Calls `f(path)` for each place where a link to the object may stand: its own, and those of
  /// other names whose link holds it.
  template <class F>
  void each_path(const Links& links, F&& f) const {
    f(why_.object);
    for (const OddLink& odd : links.odd) {
      if (odd.content == why_.object && odd.path != why_.object) f(odd.path);
    }
  }

  // ---- what it needs --------------------------------------------------------------------------

  /// Size, parts and defects of all that the roots reach, referrers left out.
  void needs(std::vector<DigestId> roots) {
    parts_.assign(graph_.node_count(), 0);
    Policy policy = safe_policy(false);
    policy.referrers = false;
    Reach reach(graph_.node_count());
    reach.walk(graph_, policy, roots, [&](DigestId id) {
      parts_[row(id)] = 1;
      if (!graph_.is_counted(id)) return;
      ++why_.blobs;
      why_.size += graph_.bytes(id);
    });
    const auto lists = damage_.lists();
    for (std::size_t kind = 0; kind < lists.size(); ++kind) {
      for (const DigestId id : *lists[kind]) {
        if (counts_as_damage(id)) why_.defects.push_back({id, static_cast<Defect>(kind)});
      }
    }
    std::stable_partition(why_.defects.begin(), why_.defects.end(),
                          [&](const DefectOf& defect) { return defect.id == why_.object; });
    if (why_.object == kNoDigest) return;
    graph_.each_child(why_.object, [&](DigestId child) {
      ++why_.children;
      if (graph_.present_blob(child) == kNoDigest) ++why_.absent_children;
    });
  }

  /// What it needs is damaged, and so it is itself: an index with one image left is not.
  bool counts_as_damage(DigestId id) const {
    if (parts_[row(id)] == 0) return false;
    return why_.object == kNoDigest || damage_.broken[row(why_.object)] != 0;
  }

  void name_platforms(Chain& chain) {
    DigestId index = kNoDigest;
    for (ChainStep& step : chain.steps) {
      const bool is_index = has_children(step.id);
      if (graph_.is_manifest(step.id) && !is_index) {
        step.platform =
            index == kNoDigest ? platforms_.of_image(step.id) : platforms_.of_child(index, step.id);
      }
      index = is_index ? step.id : kNoDigest;
    }
  }

  bool has_children(DigestId id) const {
    bool any = false;
    graph_.each_child(id, [&](DigestId) { any = true; });
    return any;
  }

  // ---- without it -----------------------------------------------------------------------------

  void deletion() {
    DeletionEffect& deletion = why_.deletion;
    deletion.removal = removal();
    if (deletion.removal.empty()) return;
    const Without without(survey_, deletion.removal);
    const Marks live = mark(survey_, safe_policy(false));
    const Marks by_tag = mark(survey_, safe_policy(true));
    deletion.by_gc = freed_by(survey_, accounts_.live, live);
    deletion.by_gc_untagged = freed_by(survey_, accounts_.live_by_tag, by_tag);
    if (why_.object == kNoDigest) return;
    deletion.after = standing_of(why_.object, by_tag, live);
    deletion.still = shortest_chain(survey_, Backward(graph_).distances_to(why_.object));
    if (deletion.still) name_platforms(*deletion.still);
  }

  Withdrawal removal() const {
    const Ref& ref = why_.ref;
    Withdrawal removal;
    if (ref.kind == RefKind::kTag) {
      removal.tags.push_back({ref.repository, ref.tag});
      return removal;
    }
    const auto is_meant = [&](std::uint32_t repository) {
      return ref.kind == RefKind::kDigest || repository == ref.repository;
    };
    for (std::uint32_t r = 0; r < survey_.repositories.size(); ++r) {
      if (is_meant(r)) add_removal(r, removal);
    }
    return removal;
  }

  /// Of a repository all; of a digest the tags that mean it and the revision links to it.
  void add_removal(std::uint32_t r, Withdrawal& removal) const {
    const Repository& repository = survey_.repositories[r];
    const bool all = why_.object == kNoDigest;
    for (std::uint32_t t = 0; t < repository.tags.size(); ++t) {
      const Tag& tag = repository.tags[t];
      if (all || (tag.state == LinkState::kRead && tag.digest == why_.object)) {
        removal.tags.push_back({r, t});
      }
    }
    for (const DigestId path : repository.revisions.paths) {
      if (all || path == why_.object || repository.revisions.content_of(path) == why_.object) {
        removal.revisions.push_back({r, path});
      }
    }
  }

  const storage::Store& store_;
  Survey& survey_;
  const Graph& graph_;
  const Accounts& accounts_;
  const Damage& damage_;
  const WhyContext& context_;
  const Backward backward_;
  Platforms platforms_;
  std::vector<std::uint32_t> distances_;  ///< to the object
  Marks parts_;                           ///< it and all that it needs
  std::vector<std::uint8_t> needed_in_;   ///< repositories of which a tag needs it
  Why why_;
};

}  // namespace

Why explain(const storage::Store& store, Survey& survey, const Accounts& accounts,
            const Damage& damage, const Ref& ref, const WhyContext& context) {
  return Explanation(store, survey, accounts, damage, context).run(ref);
}

}  // namespace regsweep::analyzer
