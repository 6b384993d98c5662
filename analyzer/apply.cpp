#include "analyzer/apply.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <thread>

#include "analyzer/link_guard.h"

namespace regsweep::analyzer {
namespace {

using storage::Errc;
using storage::Removal;
using storage::RemovalClass;
using storage::Removed;

constexpr std::size_t kBatch = 512;

/// Does the removals of a plan, a batch at a time, and keeps count.
class Applier {
 public:
  Applier(const storage::Store& store, storage::Sweeper& sweeper, const ApplyOptions& options,
          ApplyProgress& progress, const std::function<bool()>& interrupted)
      : store_(store),
        sweeper_(sweeper),
        options_(options),
        progress_(progress),
        interrupted_(interrupted) {}

  ApplyResult run(const Plan& plan, Survey planned) {
    progress_.planned_objects = plan.total.objects;
    progress_.planned_bytes = plan.total.bytes.allocated;
    if (options_.quarantine && !plan.removals.empty()) {
      const storage::Status begun = sweeper_.begin_quarantine();
      if (!begun) {
        return stop(ApplyEnd::kRefused, "the quarantine cannot be set up: " + words(begun.error()) +
                                            "; --no-quarantine needs no space"),
               std::move(result_);
      }
      result_.quarantine_run = sweeper_.run_id();
    }
    const auto blobs =
        std::find_if(plan.removals.begin(), plan.removals.end(),
                     [](const Removal& r) { return r.removal_class >= RemovalClass::kBlob; });
    const std::span<const Removal> all(plan.removals);
    const auto links = static_cast<std::size_t>(blobs - plan.removals.begin());
    if (links == 0) {
      sweep_blobs_at_once(plan, std::move(planned));
    } else if (go(all.first(links), nullptr)) {
      sweep_blobs_after_links(plan, all.subspan(links), std::move(planned));
    }
    if (options_.quarantine && !result_.quarantine_run.empty()) {
      const storage::Status ended = sweeper_.end_quarantine(result_.end == ApplyEnd::kDone);
      if (!ended && result_.end == ApplyEnd::kDone) stop(ApplyEnd::kStopped, words(ended.error()));
    }
    return std::move(result_);
  }

 private:
  /// No link goes. A change since the plan was made may be our own last apply's, or none but a
  /// strange time: then the store is read again before that is judged.
  void sweep_blobs_at_once(const Plan& plan, Survey planned) {
    LinkGuard guard(store_);
    guard.remember(planned);
    if (guard.may_have_changed_since(planned)) {
      sweep_blobs_after_links(plan, plan.removals, std::move(planned));
    } else {
      go(plan.removals, &guard);
    }
  }

  /// Blobs go last. Since links went before, the store is read again: nothing may refer to a blob
  /// now. What the guard watches it watches from before that reading.
  void sweep_blobs_after_links(const Plan& plan, std::span<const Removal> removals,
                               Survey planned) {
    if (removals.empty()) return;
    // Behind our own changes, so that one right after them bears another time.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    LinkGuard guard(store_);
    guard.remember(planned);
    planned = {};
    if (nothing_refers_to(plan, removals, guard)) go(removals, &guard);
  }

  /// Reads the store again; false if it had to stop.
  bool nothing_refers_to(const Plan& plan, std::span<const Removal> removals,
                         const LinkGuard& guard) {
    SurveyOptions options = survey_options_for(PlanRules{});
    options.interrupted = storage::Interrupted([this] { return interrupted_(); });
    Survey now = survey(store_, options);
    if (now.interrupted) return stop(ApplyEnd::kInterrupted, "interrupted"), false;
    if (!guard.watches_all_of(now)) {
      return stop(ApplyEnd::kStopped, "a repository came meanwhile: something is writing to it"),
             false;
    }
    const std::string why = still_referenced(plan, removals, now);
    return why.empty() || (stop(ApplyEnd::kStopped, why), false);
  }

  std::string still_referenced(const Plan& plan, std::span<const Removal> removals,
                               Survey& now) const {
    PlanRules rules = plan.rules;
    rules.enough_bytes.reset();
    rules.temporary = rules.empty = rules.stale_tags = rules.dead_links = false;
    rules.uploads_age_seconds.reset();
    rules.deletions.reset();  // what it named is gone by now
    const Plan fresh = make_plan(store_, now, rules, options_.context);
    // A plan that knew of some takes no blob.
    if (!fresh.refusals.empty() && plan.refusals.empty()) return fresh.refusals.front();
    std::map<std::string_view, const Removal*> known;
    for (const Removal& removal : fresh.removals) known.emplace(removal.path, &removal);
    for (const Removal& removal : removals) {
      if (removal.removal_class != RemovalClass::kBlob) continue;
      const auto at = known.find(removal.path);
      if (at == known.end() || at->second->identity != removal.identity) {
        const auto there = sweeper_.identify(removal.removal_class, removal.path);
        if (!there && there.error().code == Errc::kNotFound) continue;
        return removal.path + " is referred to by now";
      }
    }
    return {};
  }

  /// Removes all, in batches; false if it had to stop.
  bool go(std::span<const Removal> removals, LinkGuard* guard) {
    while (!removals.empty()) {
      if (interrupted_()) return stop(ApplyEnd::kInterrupted, "interrupted"), false;
      // What is removed behind the blobs are directories, also those that are watched.
      const bool are_blobs = removals.front().removal_class <= RemovalClass::kBlob;
      if (guard != nullptr && are_blobs && guard->changed()) {
        return stop(ApplyEnd::kStopped,
                    "links in the store changed meanwhile: something is writing to it"),
               false;
      }
      // A batch is of one class: the order of classes holds even where batches run in parallel.
      const auto other =
          std::find_if(removals.begin(), removals.end(), [&](const Removal& removal) {
            return removal.removal_class != removals.front().removal_class;
          });
      const std::size_t size = std::min(kBatch, static_cast<std::size_t>(other - removals.begin()));
      const std::span<const Removal> batch = removals.first(size);
      if (!(options_.quarantine ? move(batch) : remove(batch))) return false;
      removals = removals.subspan(size);
    }
    return true;
  }

  bool move(std::span<const Removal> batch) {
    while (!batch.empty()) {
      std::vector<Removed> done;
      const storage::Status status =
          sweeper_.quarantine(std::vector<Removal>(batch.begin(), batch.end()), done);
      for (std::size_t i = 0; i < done.size(); ++i) count(batch[i], done[i]);
      if (status) return true;
      const std::size_t at = done.size();
      const bool only_not_empty = at < batch.size() && status.error().code == Errc::kChanged &&
                                  batch[at].removal_class == RemovalClass::kEmptyDirectory;
      if (!only_not_empty) return stop(ApplyEnd::kStopped, words(status.error())), false;
      result_.left.push_back(batch[at].path);
      batch = batch.subspan(at + 1);
    }
    return true;
  }

  bool remove(std::span<const Removal> batch) {
    std::mutex mutex;
    std::atomic<bool> failed{false};
    // Empty directories go one by one, the deepest first.
    const std::size_t grain =
        batch.front().removal_class == RemovalClass::kEmptyDirectory ? batch.size() : 16;
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, batch.size(), grain),
        [&](const tbb::blocked_range<std::size_t>& range) {
          for (std::size_t i = range.begin(); i != range.end() && !failed; ++i) {
            const storage::Result<Removed> removed = sweeper_.remove(batch[i]);
            const std::lock_guard lock(mutex);
            if (removed) {
              count(batch[i], *removed);
            } else if (batch[i].removal_class == RemovalClass::kEmptyDirectory) {
              result_.left.push_back(batch[i].path);
            } else {
              failed = true;
              stop(ApplyEnd::kStopped, words(removed.error()));
            }
          }
        },
        tbb::simple_partitioner());
    return !failed;
  }

  void count(const Removal& removal, Removed removed) {
    if (removed == Removed::kAlreadyGone) {
      ++result_.already_gone;
      return;
    }
    const Bytes bytes{removal.apparent_bytes, removal.allocated_bytes};
    PlanTotal& total = result_.removed[static_cast<std::size_t>(removal.removal_class)];
    ++total.objects;
    total.bytes += bytes;
    ++result_.total.objects;
    result_.total.bytes += bytes;
    ++progress_.objects;
    progress_.allocated_bytes += removal.allocated_bytes;
  }

  void stop(ApplyEnd end, std::string reason) {
    if (result_.end != ApplyEnd::kDone) return;
    result_.end = end;
    result_.reason = std::move(reason);
  }

  const storage::Store& store_;
  storage::Sweeper& sweeper_;
  const ApplyOptions& options_;
  ApplyProgress& progress_;
  const std::function<bool()>& interrupted_;
  ApplyResult result_;
};

}  // namespace

std::string words(const storage::Error& error) {
  const std::string what = error.message.empty() ? "is not there" : error.message;
  return error.path.empty() ? what : error.path + ": " + what;
}

Objection objection_to(const Plan& plan, double max_delete_percent) {
  if (plan.totals[static_cast<std::size_t>(RemovalClass::kTag)].objects != 0 && !plan.has_tags) {
    return {"it would remove every tag of the store", false};
  }
  const PlanTotal& blobs = plan.totals[static_cast<std::size_t>(RemovalClass::kBlob)];
  if (blobs.objects == 0) return {};
  if (blobs.objects == plan.blobs_in_store) {
    return {"it would remove every blob of the store", false};
  }
  if (plan.rules.untagged && !plan.has_tags) {
    return {"no repository has a tag, and tags are what decides with --untagged", false};
  }
  const double share = plan.bytes_in_store.apparent == 0
                           ? 0
                           : 100.0 * static_cast<double>(blobs.bytes.apparent) /
                                 static_cast<double>(plan.bytes_in_store.apparent);
  if (share <= max_delete_percent) return {};
  return {
      fmt::format("it would remove {:.1f} % of the bytes in blobs, more than --max-delete {:g}%",
                  share, max_delete_percent),
      true};
}

std::string mismatch(const Plan& plan, const Plan& fresh, const storage::Sweeper& sweeper) {
  if (plan.root != fresh.root || plan.v2 != fresh.v2 || plan.inode != fresh.inode ||
      plan.device != fresh.device) {
    return "it was made for another store, or the store was copied or mounted anew";
  }
  if (!fresh.refusals.empty() && plan.refusals.empty()) return fresh.refusals.front();
  std::map<std::string_view, const Removal*> known;
  for (const Removal& removal : fresh.removals) known.emplace(removal.path, &removal);
  for (const Removal& removal : plan.removals) {
    const auto at = known.find(removal.path);
    if (at != known.end() && at->second->identity == removal.identity &&
        at->second->removal_class == removal.removal_class) {
      continue;
    }
    const auto there = sweeper.identify(removal.removal_class, removal.path);
    if (!there && there.error().code == Errc::kNotFound) continue;  // an earlier apply did it
    if (!there) return removal.path + ": " + there.error().message;
    return removal.path +
           (at == known.end() ? " is not to be removed any more" : " is another object now");
  }
  return {};
}

Plan narrowed(Plan fresh, const Plan& plan, bool drop_gone) {
  std::set<std::string, std::less<>> there;
  for (Removal& removal : fresh.removals) there.insert(std::move(removal.path));
  fresh.removals.clear();
  fresh.totals = {};
  fresh.total = {};
  for (const Removal& removal : plan.removals) {
    const bool is_there = there.contains(removal.path);
    if (is_there) count_in(fresh, removal);
    if (is_there || !drop_gone) fresh.removals.push_back(removal);
  }
  return fresh;
}

ApplyResult carry_out(const Plan& plan, Survey planned, const storage::Store& store,
                      storage::Sweeper& sweeper, const ApplyOptions& options,
                      ApplyProgress& progress, const std::function<bool()>& interrupted) {
  return Applier(store, sweeper, options, progress, interrupted).run(plan, std::move(planned));
}

}  // namespace regsweep::analyzer
