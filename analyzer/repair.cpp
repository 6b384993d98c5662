#include "analyzer/repair.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include "analyzer/audit.h"
#include "analyzer/removal_of.h"
#include "analyzer/repair_parts.h"
#include "analyzer/sort_unique.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::Digest;
using storage::RemovalClass;

/// The order of placing is a push's but for one thing: the tag of a lost manifest comes before its
/// revision links. Cut off between the two, a tag shows what is still to be done; a revision
/// without a tag would not.
int turn_of(storage::AdditionClass addition_class) noexcept {
  switch (addition_class) {
    case storage::AdditionClass::kBlobData:
      return 0;
    case storage::AdditionClass::kLayerLink:
      return 1;
    case storage::AdditionClass::kTagIndexLink:
      return 2;
    case storage::AdditionClass::kTagCurrentLink:
      return 3;
    case storage::AdditionClass::kRevisionLink:
      return 4;
  }
  return 4;
}

/// Works a repair out, part by part: damaged blobs, what replaces them, links, lost manifests.
class RepairBuilder {
 public:
  RepairBuilder(const storage::Store& store, const RepairRules& rules, const PlanContext& context,
                std::span<const storage::BlobSource> sources, ContentProgress& progress)
      : rules_(rules), context_(context), sources_(sources), progress_(progress), state_(store) {}

  Repair build() {
    Damage damage;
    as_it_is_ = confirmed_survey(state_.store, survey_options_for(PlanRules{}), damage);
    begin_plan();
    note_unread();
    if (!repair_.plan.refusals.empty()) return std::move(repair_);
    find_damaged(damage);
    LinkSteps links = heal_and_link();
    if (state_.survey.changed) return refused("the store was written to while it was read");
    take(links);
    add_blobs();
    find_lost_ones();
    repair_.broken = still_broken(state_, links.lacking);
    repair_.damage_remains = !repair_.broken.empty() || analyzer::damage_remains(state_);
    finish();
    return std::move(repair_);
  }

 private:
  void begin_plan() {
    repair_.plan = analyzer::begin_plan(context_);
    Plan& plan = repair_.plan;
    plan.repair = rules_;
    plan.fingerprint = fingerprint_of(as_it_is_);
    note_store(state_.store, plan);
    if (context_.database_lock) {
      plan.refusals.push_back("a database owns this store: links alone mean nothing in it");
    }
    if (as_it_is_.changed) plan.refusals.push_back("the store was written to while it was read");
  }

  /// Without any step.
  Repair refused(std::string why) {
    repair_.plan.refusals.push_back(std::move(why));
    repair_.plan.removals.clear();
    return std::move(repair_);
  }

  void note_unread() {
    for (const storage::Event& event : as_it_is_.events) {
      if (event.kind != storage::EventKind::kUnreadable) continue;
      problem(event.path, event.message.empty() ? "could not be read" : event.message);
    }
    if (!as_it_is_.complete && !as_it_is_.changed && repair_.plan.problems.empty()) {
      problem(storage::layout::kBlobs, "whether some blobs are there could not be told");
    }
  }

  void problem(const std::string& path, const std::string& message) {
    repair_.plan.problems.push_back(path + ": " + message);
  }

  /// Hashes what seems or is said to be damaged, and takes what is out of the healed store.
  void find_damaged(const Damage& damage) {
    std::vector<Digest> said = rules_.suspects;
    if (rules_.read_all) {
      const std::vector<Digest> read =
          damaged_by_reading(state_.store, as_it_is_, progress_, repair_.plan.problems);
      said.insert(said.end(), read.begin(), read.end());
    }
    std::erase_if(said, [&](const Digest& digest) { return !is_file(digest); });
    const std::vector<Digest> seem = suspects_of(as_it_is_, damage);
    std::vector<Digest> all = said;
    all.insert(all.end(), seem.begin(), seem.end());
    state_.content.check(all);
    for (const Digest& digest : said) judge(digest, true);
    for (const Digest& digest : seem) judge(digest, false);
  }

  bool is_file(const Digest& digest) const {
    const auto id = as_it_is_.graph.digests.find(digest);
    return id && as_it_is_.graph.is_counted(*id);
  }

  /// A bad sector is damage only if somebody met it before: a network's file system may just be
  /// away.
  void judge(const Digest& digest, bool was_said) {
    const SoundnessOf& found = state_.content.of(digest);
    if (found.state == Sound::kDamaged || (found.state == Sound::kUnreadable && was_said)) {
      hide(digest);
    } else if (found.state != Sound::kSound && !state_.healed.is_hidden(digest)) {
      problem(storage::layout::blob_path(digest), found.message);
    }
  }

  void hide(const Digest& digest) {
    if (state_.healed.is_hidden(digest)) return;
    std::string path = storage::layout::blob_path(digest);
    const auto facts = state_.store.stat_path(path);
    if (!facts) {
      problem(path, facts.error().message.empty() ? "vanished" : facts.error().message);
      return;
    }
    const SoundnessOf& found = state_.content.of(digest);
    if (found.state == Sound::kDamaged &&
        storage::identity_of(*facts) != storage::identity_of(found.facts)) {
      problem(path, "changed after it was read");
      return;
    }
    storage::Removal removal = removal_of(RemovalClass::kBlob, path.substr(0, path.rfind('/')),
                                          *facts, "damaged: " + found.message);
    removal.apparent_bytes = facts->size_bytes;
    removal.allocated_bytes = facts->allocated_bytes;
    repair_.plan.removals.push_back(std::move(removal));
    state_.healed.hide(digest);
  }

  /// Surveys the healed store until sources have nothing more for it, and neither a manifest that
  /// came back nor a link shows another damaged blob.
  LinkSteps heal_and_link() {
    for (;;) {
      survey_healed();
      if (!sources_.empty() && find_in_sources(state_, sources_, looked_, repair_.left)) continue;
      state_.damage = find_damage(state_.survey);
      if (hides_more(suspects_of(state_.survey, state_.damage))) continue;
      LinkSteps links = repair_links(state_, rules_.drop_dangling);
      if (!hides_more(links.damaged)) return links;
    }
  }

  /// Hashes these, and returns whether one of them was damaged that was not known to be.
  bool hides_more(const std::vector<Digest>& suspects) {
    const std::size_t before = state_.healed.hidden().size();
    state_.content.check(suspects);
    for (const Digest& digest : suspects) judge(digest, false);
    return state_.healed.hidden().size() != before;
  }

  /// As long as nothing is changed, the survey of the store is lent to the healed one: surveys are
  /// large, and can only be moved.
  void survey_healed() {
    if (!state_.healed.is_changed()) {
      if (!std::exchange(is_lent_, true)) state_.survey = std::move(as_it_is_);
      return;
    }
    if (std::exchange(is_lent_, false)) as_it_is_ = std::move(state_.survey);
    state_.survey = survey(state_.healed, survey_options_for(PlanRules{}));
  }

  const Survey& as_it_is() const noexcept { return is_lent_ ? state_.survey : as_it_is_; }

  void take(LinkSteps& links) {
    Plan& plan = repair_.plan;
    std::move(links.removals.begin(), links.removals.end(), std::back_inserter(plan.removals));
    std::move(links.additions.begin(), links.additions.end(), std::back_inserter(plan.additions));
    std::move(links.left.begin(), links.left.end(), std::back_inserter(repair_.left));
    std::move(links.problems.begin(), links.problems.end(), std::back_inserter(plan.problems));
    repair_.deleted_links = std::move(links.deleted_links);
  }

  void add_blobs() {
    for (const auto& [digest, file] : state_.healed.added()) {
      storage::Addition addition;
      addition.addition_class = storage::AdditionClass::kBlobData;
      addition.path = storage::layout::blob_path(digest);
      addition.digest = digest;
      addition.source = file.path;
      addition.reason =
          state_.healed.is_hidden(digest) ? "it is damaged here" : "it is missing here";
      repair_.plan.additions.push_back(std::move(addition));
    }
  }

  /// Whether nothing holds a manifest can be told only if all of the repositories was read.
  void find_lost_ones() {
    const auto hides = [](const storage::Event& event) {
      return (event.kind == storage::EventKind::kUnreadable ||
              event.kind == storage::EventKind::kSymlink) &&
             storage::is_below(event.path, storage::layout::kRepositories);
    };
    const auto& events = as_it_is().events;
    const auto hiding = std::find_if(events.begin(), events.end(), hides);
    if (hiding != events.end()) {
      repair_.lost_unknown = hiding->path + " may hold them: it was not read";
      return;
    }
    repair_.lost = find_lost(state_, as_it_is(), rules_.lost_found, repair_.plan.additions);
  }

  void finish() {
    Plan& plan = repair_.plan;
    std::sort(plan.removals.begin(), plan.removals.end(),
              [](const storage::Removal& x, const storage::Removal& y) {
                return std::tie(x.removal_class, x.path) < std::tie(y.removal_class, y.path);
              });
    std::sort(plan.additions.begin(), plan.additions.end(),
              [](const storage::Addition& x, const storage::Addition& y) {
                return std::pair(turn_of(x.addition_class), std::string_view(x.path)) <
                       std::pair(turn_of(y.addition_class), std::string_view(y.path));
              });
    const auto same_path = [](const auto& a, const auto& b) { return a.path == b.path; };
    plan.additions.erase(std::unique(plan.additions.begin(), plan.additions.end(), same_path),
                         plan.additions.end());
    for (const storage::Removal& removal : plan.removals) count_in(plan, removal);
    sort_unique(plan.problems);
    sort_unique(repair_.left);
    repair_.hashed_blobs = state_.content.hashed_blobs();
    repair_.hashed_bytes = state_.content.hashed_bytes();
  }

  const RepairRules& rules_;
  const PlanContext& context_;
  std::span<const storage::BlobSource> sources_;
  ContentProgress& progress_;
  Survey as_it_is_;
  bool is_lent_ = false;
  RepairState state_;
  Repair repair_;
  std::vector<Digest> looked_;
};

}  // namespace

Repair make_repair(const storage::Store& store, const RepairRules& rules,
                   const PlanContext& context, std::span<const storage::BlobSource> sources,
                   ContentProgress& progress) {
  return RepairBuilder(store, rules, context, sources, progress).build();
}

}  // namespace regsweep::analyzer
