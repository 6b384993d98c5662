#include "analyzer/plan.h"

#include <algorithm>
#include <string>

#include "analyzer/plan_builder.h"
#include "storage/sha256.h"

namespace regsweep::analyzer {
namespace {

constexpr std::array<std::string_view, storage::kRemovalClasses> kNames = {
    "tag-index-entry", "revision", "layer-link",     "upload",
    "temporary-file",  "blob",     "empty-directory"};

}  // namespace

std::string fingerprint_of(const Survey& survey) {
  storage::Sha256Stream hash;
  const Graph& graph = survey.graph;
  for (const Repository& repository : survey.repositories) {
    hash.add("repository " + repository.name + '\n');
    for (const Tag& tag : repository.tags) {
      hash.add("tag " + tag.name + ' ' +
               (tag.digest == kNoDigest ? "-" : graph.digests[tag.digest].text()) + '\n');
    }
    for (const DigestId path : repository.revisions.paths) {
      hash.add("revision " + graph.digests[path].text() + '\n');
    }
  }
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    if (!graph.has(digest_id(i), kPresent)) continue;
    hash.add("blob " + graph.digests[digest_id(i)].text() + ' ' +
             std::to_string(graph.size_bytes[i]) + '\n');
  }
  return hash.hex();
}

std::string_view removal_class_name(storage::RemovalClass removal_class) noexcept {
  return kNames[static_cast<std::size_t>(removal_class)];
}

std::optional<storage::RemovalClass> removal_class_of(std::string_view name) noexcept {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<storage::RemovalClass>(at - kNames.begin());
}

void count_in(Plan& plan, const storage::Removal& removal) {
  for (PlanTotal* total :
       {&plan.totals[static_cast<std::size_t>(removal.removal_class)], &plan.total}) {
    ++total->objects;
    total->bytes += {removal.apparent_bytes, removal.allocated_bytes};
  }
}

SurveyOptions survey_options_for(const PlanRules& rules) {
  SurveyOptions options;
  options.read_layer_links = true;
  options.exact = rules.temporary || rules.empty;
  options.names_only = false;
  return options;
}

Plan make_plan(const storage::Store& store, const Survey& survey, const PlanRules& rules,
               const PlanContext& context) {
  Plan plan = PlanBuilder(store, survey, rules, context).build();
  plan.fingerprint = fingerprint_of(survey);
  return plan;
}

}  // namespace regsweep::analyzer
