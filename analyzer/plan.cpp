#include "analyzer/plan.h"

#include <string>

#include "analyzer/plan_builder.h"
#include "storage/content_hash.h"
#include "storage/sweeper_shape.h"

namespace regsweep::analyzer {

std::string fingerprint_of(const Survey& survey) {
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
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
  return hash.finish().hex();
}

std::string_view removal_class_name(storage::RemovalClass removal_class) noexcept {
  return storage::class_name(removal_class);
}

std::optional<storage::RemovalClass> removal_class_of(std::string_view name) noexcept {
  storage::RemovalClass removal_class;
  if (!storage::class_of_name(name, removal_class)) return std::nullopt;
  return removal_class;
}

void count_in(Plan& plan, const storage::Removal& removal) {
  for (PlanTotal* total :
       {&plan.totals[static_cast<std::size_t>(removal.removal_class)], &plan.total}) {
    ++total->objects;
    total->bytes += {removal.apparent_bytes, removal.allocated_bytes};
  }
}

Plan begin_plan(const PlanContext& context) {
  Plan plan;
  plan.created_seconds = context.now_seconds;
  plan.root = context.root;
  plan.v2 = context.v2;
  plan.config_path = context.config_path;
  return plan;
}

SurveyOptions survey_options_for(const PlanRules& rules) {
  SurveyOptions options;
  options.read_layer_links = true;
  options.exact = rules.temporary || rules.empty;
  options.names_only = false;
  options.stray_links = StrayLinks::kRead;
  options.pinned = rules.pinned;
  return options;
}

Plan make_plan(const storage::Store& store, Survey& survey, const PlanRules& rules,
               const PlanContext& context) {
  Plan plan;
  if (rules.deletions) {
    const DeletionScope scope = scope_of(survey, *rules.deletions);
    const Without without(survey, scope.removal);
    plan = PlanBuilder(store, survey, rules, context, &scope).build();
  } else {
    plan = PlanBuilder(store, survey, rules, context).build();
  }
  plan.fingerprint = fingerprint_of(survey);
  return plan;
}

}  // namespace regsweep::analyzer
