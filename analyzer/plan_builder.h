#pragma once

#include <string>
#include <vector>

#include "analyzer/plan.h"

namespace regsweep::analyzer {

/// Decides what goes, class by class. Used once, by make_plan().
class PlanBuilder {
 public:
  /// Settles anew which name of a file the bytes count for, as what goes decides it.
  PlanBuilder(const storage::Store& store, Survey& survey, const PlanRules& rules,
              const PlanContext& context, const DeletionScope* scope = nullptr);

  Plan build();

 private:
  using RemovalClass = storage::RemovalClass;

  void choose_what_is_deleted();
  void choose_whole_repositories();
  void decide_what_lives();
  void choose_revisions();
  void choose_tag_entries();
  void choose_blobs_and_links();
  void choose_links_to(Marks& doomed);
  void choose_dead_links();
  void choose_uploads();
  void choose_clutter();
  void choose_empty_repositories();
  void choose_directories_of(const Repository& repository);
  DigestId blob_of(const storage::Removal& removal) const;
  void stop_when_enough();
  void finish();

  bool is_young(std::int64_t mtime_nanoseconds) const;
  /// Whether revisions go that no tag needs: by the rules, or because what needed them goes.
  bool goes_by_tags() const noexcept { return rules_.untagged || sweeps_after_deleting(); }
  bool sweeps_after_deleting() const noexcept {
    return scope_ != nullptr && scope_->deletions.sweep;
  }
  /// Whether this deletion has nothing to do with it: no tag, or nothing at all, needed it before.
  bool was_unneeded_by_tags(DigestId id) const noexcept {
    return sweeps_what_it_frees() && scope_->before.tagged[row(id)] == 0;
  }
  bool was_unneeded(DigestId id) const noexcept {
    return sweeps_what_it_frees() && scope_->before.live[row(id)] == 0;
  }
  bool sweeps_what_it_frees() const noexcept {
    return sweeps_after_deleting() && !scope_->deletions.garbage_too;
  }
  /// Looks at a thing and adds it, unless it is gone or too young. Returns whether it was added.
  bool add(RemovalClass removal_class, std::string path, Bytes bytes, std::string reason,
           bool of_any_age = false);
  /// The same of a thing that was looked at.
  bool add_seen(RemovalClass removal_class, std::string path, const storage::FileFacts& facts,
                Bytes bytes, std::string reason, bool of_any_age = false);
  void hold_back(Bytes bytes);
  void note_problem(const std::string& path, const storage::Error& error);

  const storage::Store& store_;
  Survey& survey_;
  const Graph& graph_;
  const PlanRules& rules_;
  const PlanContext& context_;
  const DeletionScope* scope_;  ///< set: a deletion, which `survey_` is without
  Plan plan_;
  Marks live_;
  std::vector<DigestId> held_back_;  ///< blobs that are too young to go, or a link to them is
  std::vector<std::pair<std::uint32_t, DigestId>> doomed_revisions_;
};

}  // namespace regsweep::analyzer
