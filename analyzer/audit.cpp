#include "analyzer/audit.h"

#include "analyzer/refusal.h"
#include "analyzer/tag_list.h"

namespace regsweep::analyzer {
namespace {

/// All that looks like damage to what is in use, as text; empty if nothing does. What a push or a
/// deletion leaves for a moment looks the same.
std::string suspicions(const Survey& survey, const Damage& damage) {
  std::string text;
  for (const auto* list : damage.lists()) {
    for (const DigestId id : *list) text += survey.graph.digests[id].text() + '\n';
  }
  for (const Repository& repository : survey.repositories) {
    for (const Tag& tag : repository.tags) {
      if (tag_state(survey, damage, repository, tag) == TagState::kOk) continue;
      text += repository.name + ':' + tag.name + '\n';
    }
    for (const Links* links : {&repository.revisions, &repository.layers}) {
      for (const OddLink& link : links->odd) {
        if (link.state == storage::LinkState::kRead) continue;
        text += repository.name + '@' + survey.graph.digests[link.path].text() + '\n';
      }
    }
  }
  return text;
}

}  // namespace

Survey confirmed_survey(const storage::Store& store, const SurveyOptions& options, Damage& damage) {
  Survey found = survey(store, options);
  damage = find_damage(found);
  std::string before = suspicions(found, damage);
  for (int attempt = 1; found.complete && !before.empty(); ++attempt) {
    found = {};  // two would be held at once
    found = survey(store, options);
    damage = find_damage(found);
    const std::string again = suspicions(found, damage);
    if (again == before) break;
    before = again;
    if (attempt >= options.attempts && found.complete) {
      found.changed = true;
      found.complete = false;
    }
  }
  return found;
}

Audit audit(const storage::Store& store, const AuditOptions& options) {
  Audit audit;
  audit.context = options.context;
  SurveyOptions survey_options;
  survey_options.exact = options.exact;
  survey_options.stray_links = StrayLinks::kReadExactly;
  survey_options.pinned = options.pinned;
  survey_options.interrupted = options.interrupted;
  audit.survey = confirmed_survey(store, survey_options, audit.damage);
  audit.accounts = account(audit.survey);
  audit.hazards = find_hazards(audit.survey, audit.accounts, options.context.root);
  audit.findings =
      find_all(audit.survey, audit.accounts, audit.damage, audit.hazards, options.context);
  audit.refusals = find_refusals(audit.survey, options.context.database_lock, {});
  audit.old_uploads =
      old_uploads(audit.survey, options.context.now_seconds, options.context.upload_age_seconds);
  if (audit.survey.complete) {
    audit.frees_most = what_frees_most(audit.survey, audit.accounts, audit.old_uploads);
  }
  if (options.known != nullptr) {
    audit.known = compare_known(audit.survey, audit.accounts, *options.known);
  }
  if (const auto disk = store.disk()) audit.disk = *disk;
  audit.live_damage = live_damage(audit.survey, audit.accounts, audit.damage);
  return audit;
}

}  // namespace regsweep::analyzer
