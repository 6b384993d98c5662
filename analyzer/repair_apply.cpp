// Carrying a repair out, and telling whether a plan made before still fits.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "analyzer/repair.h"
#include "analyzer/soundness.h"
#include "storage/addition_shape.h"
#include "storage/blob_check.h"
#include "storage/layout.h"
#include "storage/sweeper_shape.h"

namespace regsweep::analyzer {
namespace {

using storage::Addition;
using storage::AdditionClass;
using storage::Errc;
using storage::Removal;
using storage::RemovalClass;
using storage::Removed;

/// How many files are written before the user is asked again whether to stop.
constexpr std::size_t kBlobBatch = 16;
constexpr std::size_t kLinkBatch = 512;
constexpr std::size_t kMoveBatch = 512;

bool is_gone(const storage::Store& store, const std::string& path) {
  const auto facts = store.stat_path(path);
  return !facts && facts.error().code == Errc::kNotFound;
}

/// How a plan's steps stand in the store now.
class Recheck {
 public:
  Recheck(const Plan& plan, const Plan& fresh, const storage::Store& store) : store_(store) {
    for (const Removal& removal : fresh.removals) removals_.emplace(removal.path, &removal);
    for (const Addition& addition : fresh.additions) additions_.emplace(addition.path, &addition);
    for (const Removal& removal : plan.removals) planned_.insert(removal.path);
    for (const Addition& addition : plan.additions) {
      replaces_.emplace(storage::parent_of(addition.path), &addition);
    }
  }

  bool is_due(const Removal& removal) const {
    const auto at = removals_.find(removal.path);
    return at != removals_.end() && at->second->identity == removal.identity &&
           at->second->removal_class == removal.removal_class;
  }

  bool is_due(const Addition& addition) const {
    const auto at = additions_.find(addition.path);
    return at != additions_.end() && at->second->digest == addition.digest &&
           at->second->addition_class == addition.addition_class;
  }

  /// It is gone, or what the plan puts in its place is there.
  bool is_done(const Removal& removal) const {
    const auto at = replaces_.find(removal.path);
    return is_gone(store_, storage::identity_path(removal.removal_class, removal.path)) ||
           (at != replaces_.end() && is_done(*at->second));
  }

  /// Something is there that the repair made anew finds nothing wrong with.
  bool is_done(const Addition& addition) const {
    if (removals_.contains(storage::parent_of(addition.path))) return false;
    const auto facts = store_.stat_path(addition.path);
    if (!facts || facts->type != storage::FileType::kRegular) return false;
    const bool is_link = addition.addition_class != AdditionClass::kBlobData;
    return !is_link || facts->size_bytes == storage::link_bytes(addition.digest.algorithm);
  }

  /// An earlier apply moved the damaged link away and ended before the new one was in place:
  /// nothing shows any more that it is due, but its blob must still be sound.
  bool is_half_done(const Addition& addition) const {
    if (!planned_.contains(storage::parent_of(addition.path)) || !is_gone(store_, addition.path)) {
      return false;
    }
    storage::BlobChecker checker;
    std::uint64_t bytes = 0;
    return addition.addition_class != AdditionClass::kBlobData &&
           check_blob(store_, addition.digest, checker, bytes).state == Sound::kSound;
  }

 private:
  const storage::Store& store_;
  std::map<std::string_view, const Removal*> removals_;  ///< of the fresh plan
  std::map<std::string_view, const Addition*> additions_;
  std::set<std::string_view> planned_;               ///< removals of the given plan
  std::map<std::string, const Addition*> replaces_;  ///< its additions, by their directories
};

/// Does the steps of a repair.
class Repairer {
 public:
  Repairer(const Plan& plan, storage::Sweeper& sweeper, ApplyProgress& progress,
           const std::function<bool()>& interrupted)
      : plan_(plan), sweeper_(sweeper), progress_(progress), interrupted_(interrupted) {}

  RepairResult run() {
    if (plan_.removals.empty() && plan_.additions.empty()) return std::move(result_);
    progress_.planned_objects = plan_.removals.size() + plan_.additions.size();
    progress_.planned_bytes = plan_.total.bytes.allocated;
    if (const storage::Status begun = sweeper_.begin_quarantine(); !begun) {
      stop(ApplyEnd::kRefused, "the quarantine cannot be set up: " + words(begun.error()));
      return std::move(result_);
    }
    result_.quarantine_run = sweeper_.run_id();
    if (stage() && move()) place();
    const storage::Status ended = sweeper_.end_quarantine(result_.end == ApplyEnd::kDone);
    if (!ended) stop(ApplyEnd::kStopped, words(ended.error()));
    return std::move(result_);
  }

 private:
  bool stage() {
    const std::vector<Addition>& all = plan_.additions;
    for (std::size_t begin = 0; begin < all.size();) {
      if (interrupted_()) return stop(ApplyEnd::kInterrupted, "interrupted"), false;
      const bool is_blob = all[begin].addition_class == AdditionClass::kBlobData;
      const std::size_t end = std::min(all.size(), begin + (is_blob ? kBlobBatch : kLinkBatch));
      const std::vector<Addition> batch(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                        all.begin() + static_cast<std::ptrdiff_t>(end));
      std::size_t staged = 0;
      const storage::Status status = sweeper_.stage(batch, staged);
      progress_.objects += staged;
      if (!status) {
        stop(ApplyEnd::kStopped,
             "nothing was changed yet, what is to be added cannot be "
             "written: " +
                 words(status.error()));
        return false;
      }
      begin = end;
    }
    if (interrupted_()) return stop(ApplyEnd::kInterrupted, "interrupted"), false;
    return true;
  }

  bool move() {
    const std::vector<Removal>& all = plan_.removals;
    for (std::size_t begin = 0; begin < all.size();) {
      std::size_t end = begin;
      while (end < all.size() && end - begin < kMoveBatch &&
             all[end].removal_class == all[begin].removal_class) {
        ++end;
      }
      const std::vector<Removal> batch(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                       all.begin() + static_cast<std::ptrdiff_t>(end));
      std::vector<Removed> done;
      const storage::Status status = sweeper_.quarantine(batch, done);
      for (std::size_t i = 0; i < done.size(); ++i) {
        if (done[i] == Removed::kDone) count(batch[i]);
      }
      if (!status) return stop(ApplyEnd::kStopped, words(status.error())), false;
      begin = end;
    }
    return true;
  }

  void count(const Removal& removal) {
    PlanTotal& of_class = result_.moved[static_cast<std::size_t>(removal.removal_class)];
    for (PlanTotal* total : {&of_class, &result_.moved_total}) {
      ++total->objects;
      total->bytes += {removal.apparent_bytes, removal.allocated_bytes};
    }
    ++progress_.objects;
    progress_.allocated_bytes += removal.allocated_bytes;
  }

  void place() {
    if (plan_.additions.empty()) return;
    std::size_t placed = 0;
    const storage::Status status = sweeper_.place(placed);
    for (std::size_t i = 0; i < std::min(placed, plan_.additions.size()); ++i) {
      ++result_.added[static_cast<std::size_t>(plan_.additions[i].addition_class)];
      ++result_.added_total;
    }
    if (!status) stop(ApplyEnd::kStopped, words(status.error()));
  }

  void stop(ApplyEnd end, std::string reason) {
    if (result_.end != ApplyEnd::kDone) return;
    result_.end = end;
    result_.reason = std::move(reason);
  }

  const Plan& plan_;
  storage::Sweeper& sweeper_;
  ApplyProgress& progress_;
  const std::function<bool()>& interrupted_;
  RepairResult result_;
};

}  // namespace

RepairRules rules_to_recheck(const Plan& plan) {
  RepairRules rules = plan.repair.value_or(RepairRules{});
  rules.read_all = false;
  rules.suspects.clear();
  for (const Removal& removal : plan.removals) {
    if (removal.removal_class != RemovalClass::kBlob) continue;
    storage::Digest digest;
    if (storage::layout::ends_in_digest(removal.path, true, digest)) {
      rules.suspects.push_back(digest);
    }
  }
  return rules;
}

std::string repair_mismatch(const Plan& plan, const Plan& fresh, const storage::Store& store) {
  if (plan.root != fresh.root || plan.v2 != fresh.v2 || plan.inode != fresh.inode ||
      plan.device != fresh.device) {
    return "it was made for another store, or the store was copied or mounted anew";
  }
  if (!fresh.refusals.empty()) return fresh.refusals.front();
  const Recheck recheck(plan, fresh, store);
  for (const Removal& removal : plan.removals) {
    if (!recheck.is_due(removal) && !recheck.is_done(removal)) {
      return removal.path + " is sound now, or another object";
    }
  }
  for (const Addition& addition : plan.additions) {
    if (!recheck.is_due(addition) && !recheck.is_done(addition) &&
        !recheck.is_half_done(addition)) {
      return addition.path + " is not to be added any more";
    }
  }
  return {};
}

Plan narrowed_repair(Plan fresh, const Plan& plan, const storage::Store& store) {
  const Recheck recheck(plan, fresh, store);
  std::vector<Removal> removals;
  std::vector<Addition> additions;
  for (const Removal& removal : plan.removals) {
    if (recheck.is_due(removal)) removals.push_back(removal);
  }
  for (const Addition& addition : plan.additions) {
    if (recheck.is_due(addition) || !recheck.is_done(addition)) additions.push_back(addition);
  }
  fresh.totals = {};
  fresh.total = {};
  for (const Removal& removal : removals) count_in(fresh, removal);
  fresh.removals = std::move(removals);
  fresh.additions = std::move(additions);
  return fresh;
}

RepairResult carry_out_repair(const Plan& plan, storage::Sweeper& sweeper, ApplyProgress& progress,
                              const std::function<bool()>& interrupted) {
  return Repairer(plan, sweeper, progress, interrupted).run();
}

std::string_view addition_class_name(AdditionClass addition_class) noexcept {
  return storage::class_name(addition_class);
}

std::optional<AdditionClass> addition_class_of(std::string_view name) noexcept {
  AdditionClass addition_class;
  if (!storage::class_of_name(name, addition_class)) return std::nullopt;
  return addition_class;
}

}  // namespace regsweep::analyzer
