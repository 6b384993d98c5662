#include "analyzer/recovery.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "analyzer/closure.h"
#include "analyzer/recoverable.h"
#include "analyzer/removal_of.h"
#include "analyzer/repair_parts.h"
#include "analyzer/sort_unique.h"
#include "analyzer/soundness.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::Addition;
using storage::AdditionClass;
using storage::Digest;
using storage::Errc;
using storage::LinkState;

class RecoveryBuilder {
 public:
  RecoveryBuilder(const storage::Store& store, const Survey& survey, const PlanContext& context)
      : store_(store),
        survey_(survey),
        graph_(survey.graph),
        closures_(store, survey),
        content_(store) {
    recovery_.plan = begin_plan(context);
    Plan& plan = recovery_.plan;
    if (context.database_lock) {
      plan.refusals.push_back("a database owns this store: links alone mean nothing in it");
    }
    if (survey.changed) plan.refusals.push_back("the store was written to while it was read");
  }

  Recovery build(const std::vector<RecoveryTarget>& targets) {
    if (!recovery_.plan.refusals.empty()) {  // nothing will be done: nothing is hashed for it
      finish();
      return std::move(recovery_);
    }
    for (const RecoveryTarget& target : targets) {
      const Repository& repository = survey_.repositories[target.repository];
      TagRecovery tag;
      tag.repository = repository.name;
      tag.tag = target.tag;
      tag.digest = target.digest;
      recover(repository, tag);
      recovery_.tags.push_back(std::move(tag));
    }
    finish();
    return std::move(recovery_);
  }

 private:
  void recover(const Repository& repository, TagRecovery& tag) {
    reason_ = tag.tag + " is to mean " + tag.digest.text();
    if (std::string unread = unread_in(repository); !unread.empty()) {
      tag.obstacle = "its repository could not be read whole: " + unread;
      recovery_.is_incomplete = true;
      return;
    }
    const Closure closure = closures_.of(tag.digest);
    tag.type = closure.type;
    tag.size = closure.size;
    tag.lacks = closure.lacks;
    hash(closure, tag);
    const std::size_t before = steps();
    for (const Digest& part : closure.parts) link(repository, part, false, tag);
    for (const Digest& manifest : closure.manifests) link(repository, manifest, true, tag);
    point(repository, tag);
    tag.steps = steps() - before;
    if (!tag.lacks.empty() && !survey_.complete) recovery_.is_incomplete = true;
  }

  std::size_t steps() const {
    return recovery_.plan.removals.size() + recovery_.plan.additions.size();
  }

  /// What of a repository hides something: then a link may only seem to be missing. Repositories
  /// below it, and its uploads, hide none of its links.
  std::string unread_in(const Repository& repository) const {
    const std::string base = layout::repository_directory(repository.name) + '/';
    for (const storage::Event& event : survey_.events) {
      const bool hides = event.kind == storage::EventKind::kUnreadable ||
                         event.kind == storage::EventKind::kSymlink;
      if (hides && (storage::is_below(event.path, base + layout::kLayers) ||
                    storage::is_below(event.path, base + layout::kManifests) ||
                    storage::is_below(base, event.path))) {
        return event.path;
      }
    }
    return {};
  }

  void hash(const Closure& closure, TagRecovery& tag) {
    if (!closure.lacks.empty()) return;  // refused already
    content_.check(closure.blobs);
    for (const Digest& digest : closure.blobs) {
      const SoundnessOf& found = content_.of(digest);
      if (found.state == Sound::kSound) continue;
      if (found.state != Sound::kDamaged) recovery_.is_incomplete = true;
      const bool is_manifest = std::find(closure.manifests.begin(), closure.manifests.end(),
                                         digest) != closure.manifests.end();
      tag.lacks.push_back({digest, is_manifest ? "manifest" : "blob", found.message});
    }
  }

  /// Adds a link of the repository if it has none.
  void link(const Repository& repository, const Digest& digest, bool is_revision,
            TagRecovery& tag) {
    const Links& links = is_revision ? repository.revisions : repository.layers;
    const char* what = is_revision ? "manifest" : "layer";
    const auto id = graph_.digests.find(digest);
    const bool has_link = id && has_path(graph_, links, *id);
    const OddLink* odd = has_link ? links.odd_at(*id) : nullptr;
    const LinkState state = odd != nullptr ? odd->state
                            : has_link     ? LinkState::kRead
                                           : LinkState::kAbsent;
    if (state == LinkState::kAbsent) {
      if (id && graph_.present_blob(*id) != *id) {  // an alias; a registry writes it at a push
        tag.lacks.push_back({digest, what,
                             "is stored under another digest, and the repository "
                             "has no link that names it: only a push writes one"});
        return;
      }
      add(is_revision ? AdditionClass::kRevisionLink : AdditionClass::kLayerLink,
          layout::link_in(is_revision ? layout::revision_directory(repository.name, digest)
                                      : layout::layer_directory(repository.name, digest)),
          digest);
      return;
    }
    if (state != LinkState::kRead) {
      tag.lacks.push_back({digest, what,
                           "has a link that holds no digest: regsweep repair "
                           "mends it"});
    } else if (odd != nullptr && odd->content != graph_.present_blob(*id)) {
      tag.lacks.push_back({digest, what, "has a link that names another digest"});
    }
  }

  void add(AdditionClass addition_class, std::string link, const Digest& digest) {
    recovery_.plan.additions.push_back({addition_class, std::move(link), digest, {}, reason_});
  }

  /// Makes the tag mean the digest. A registry's push only writes over the current link; here
  /// nothing is written over, so that undo can bring back the very files: the whole tag moves aside
  /// and comes back with what it has meant so far.
  void point(const Repository& repository, TagRecovery& recovery) {
    const auto row = find_tag(repository, recovery.tag);
    const Tag* tag = row ? &repository.tags[*row] : nullptr;
    recovery.is_new = tag == nullptr;
    if (tag != nullptr && !tag->is_directory) {
      recovery.obstacle =
          "a file stands where the tag's directory should be: look at it, then "
          "remove it by hand";
      return;
    }
    if (tag != nullptr && tag->state == LinkState::kUnreadable) {
      recovery.obstacle = "what the tag means now could not be read";
      recovery_.is_incomplete = true;
      return;
    }
    if (tag != nullptr && tag->state == LinkState::kRead) {
      recovery.before = graph_.digests[tag->digest];
      if (*recovery.before == recovery.digest) return;
    }
    const std::string directory = layout::tag_directory(repository.name, recovery.tag);
    std::vector<std::string> problems;
    const std::vector<TagIndexEntry> entries =
        tag_entries(store_, repository.name, recovery.tag, &problems);
    if (!problems.empty()) {
      recovery.obstacle = "what the tag meant before could not be read: " + problems.front();
      recovery_.is_incomplete = true;
      return;
    }
    const bool moves = tag != nullptr && tag->state != LinkState::kAbsent;
    if (moves && !move_away(directory, recovery)) return;
    std::vector<Digest> wanted = {recovery.digest};
    if (recovery.before) wanted.push_back(*recovery.before);
    if (moves) {
      for (const TagIndexEntry& entry : entries) wanted.push_back(entry.digest);
    } else {  // what is there stays
      std::erase_if(wanted, [&](const Digest& digest) {
        return std::ranges::find(entries, digest, &TagIndexEntry::digest) != entries.end();
      });
    }
    sort_unique(wanted);
    recovery.entries = wanted.size() + (moves ? 0 : entries.size());
    for (const Digest& digest : wanted) {
      add(AdditionClass::kTagIndexLink, layout::link_in(layout::entry_directory(directory, digest)),
          digest);
    }
    add(AdditionClass::kTagCurrentLink, layout::current_link(directory), recovery.digest);
  }

  bool move_away(const std::string& directory, TagRecovery& recovery) {
    const std::string current = layout::current_link(directory);
    const auto facts = store_.stat_path(current);
    if (!facts) {
      recovery.obstacle = current + ": " + words(facts.error());
      recovery_.is_incomplete |= facts.error().code != Errc::kNotFound;
      return false;
    }
    recovery_.plan.removals.push_back(
        removal_of(storage::RemovalClass::kTag, directory, *facts, reason_));
    return true;
  }

  void finish() {
    Plan& plan = recovery_.plan;
    recovery_.hashed_blobs = content_.hashed_blobs();
    recovery_.hashed_bytes = content_.hashed_bytes();
    note_store(store_, plan);
    if (!recovery_.is_possible()) {
      plan.removals.clear();
      plan.additions.clear();
      return;
    }
    std::sort(plan.removals.begin(), plan.removals.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    // A push's order: whatever a link names is there before the link.
    std::sort(plan.additions.begin(), plan.additions.end(),
              [](const Addition& a, const Addition& b) {
                return std::pair(a.addition_class, std::string_view(a.path)) <
                       std::pair(b.addition_class, std::string_view(b.path));
              });
    const auto same_path = [](const auto& a, const auto& b) { return a.path == b.path; };
    plan.additions.erase(std::unique(plan.additions.begin(), plan.additions.end(), same_path),
                         plan.additions.end());
    for (const storage::Removal& removal : plan.removals) count_in(plan, removal);
  }

  const storage::Store& store_;
  const Survey& survey_;
  const Graph& graph_;
  Closures closures_;
  Soundness content_;
  std::string reason_;  ///< of what is done for the tag at hand
  Recovery recovery_;
};

}  // namespace

bool Recovery::is_possible() const {
  return plan.refusals.empty() && std::all_of(tags.begin(), tags.end(), [](const auto& tag) {
           return tag.lacks.empty() && tag.obstacle.empty();
         });
}

Recovery make_recovery(const storage::Store& store, const Survey& survey,
                       const PlanContext& context, const std::vector<RecoveryTarget>& targets) {
  return RecoveryBuilder(store, survey, context).build(targets);
}

}  // namespace regsweep::analyzer
