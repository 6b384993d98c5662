#include "analyzer/audit.h"

#include "analyzer/refusal.h"

namespace regsweep::analyzer {
namespace {

/// What must be the same twice before damage is believed.
std::string damage_signature(const Survey& survey, const Damage& damage) {
  std::string text;
  for (const auto* list : damage.lists()) {
    for (const DigestId id : *list) text += survey.graph.digests[id].text() + ' ';
    text += '\n';
  }
  for (const BrokenTag& broken : damage.broken_tags) {
    const Repository& repository = survey.repositories[broken.tag.repository];
    text += repository.name + ':' + repository.tags[broken.tag.tag].name + '\n';
  }
  return text;
}

}  // namespace

Survey confirmed_survey(const storage::Store& store, const SurveyOptions& options, Damage& damage) {
  Survey found = survey(store, options);
  damage = find_damage(found);
  for (int attempt = 1; found.complete && !damage.none(); ++attempt) {
    // A push or a deletion that runs beside us can look like damage for a moment.
    const std::string before = damage_signature(found, damage);
    found = survey(store, options);
    damage = find_damage(found);
    if (damage_signature(found, damage) == before) break;
    if (attempt >= options.attempts) {
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
  audit.survey = confirmed_survey(store, survey_options, audit.damage);
  audit.accounts = account(audit.survey);
  audit.hazards = find_hazards(audit.survey, audit.accounts, options.context.root);
  audit.findings =
      find_all(audit.survey, audit.accounts, audit.damage, audit.hazards, options.context);
  audit.refusals = find_refusals(audit.survey, options.context.database_lock, {});
  audit.old_uploads =
      old_uploads(audit.survey, options.context.now_seconds, options.context.upload_age_seconds);
  if (const auto disk = store.disk()) audit.disk = *disk;
  audit.live_damage = live_damage(audit.survey, audit.accounts, audit.damage);
  return audit;
}

}  // namespace regsweep::analyzer
