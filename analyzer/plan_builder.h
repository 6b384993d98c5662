#pragma once

#include <string>
#include <vector>

#include "analyzer/plan.h"

namespace regsweep::analyzer {

/// Decides what goes, class by class. Used once, by make_plan().
class PlanBuilder {
 public:
  PlanBuilder(const storage::Store& store, const Survey& survey, const PlanRules& rules,
              const PlanContext& context);

  Plan build();

 private:
  using RemovalClass = storage::RemovalClass;

  void decide_what_lives();
  void choose_revisions();
  void choose_tag_entries();
  void choose_blobs_and_links();
  void choose_links_to(Marks& doomed);
  void choose_dead_links();
  void choose_uploads();
  void choose_clutter();
  void choose_empty_repositories();
  void stop_when_enough();
  void finish();

  /// A link's directory; `below` is "_layers/" or "_manifests/revisions/".
  std::string link_path(const Repository& repository, const char* below, DigestId path) const;
  bool is_young(std::int64_t mtime_nanoseconds) const;
  /// Looks at a thing and adds it, unless it is gone or too young. Returns whether it was added.
  bool add(RemovalClass removal_class, std::string path, Bytes bytes, std::string reason);
  void hold_back(Bytes bytes);
  void note_problem(const std::string& path, const storage::Error& error);

  const storage::Store& store_;
  const Survey& survey_;
  const Graph& graph_;
  const PlanRules& rules_;
  const PlanContext& context_;
  Plan plan_;
  Marks live_;
  std::vector<std::pair<std::uint32_t, DigestId>> doomed_revisions_;
};

}  // namespace regsweep::analyzer
