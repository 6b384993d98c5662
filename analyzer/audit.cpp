#include "analyzer/audit.h"

namespace regsweep::analyzer {

Audit audit(const storage::Store& store, const AuditOptions& options) {
  Audit audit;
  audit.context = options.context;
  SurveyOptions survey_options;
  survey_options.exact = options.exact;
  audit.survey = survey(store, survey_options);
  audit.accounts = account(audit.survey);
  audit.damage = find_damage(audit.survey);
  audit.hazards = find_hazards(audit.survey, audit.accounts, options.context.root);
  audit.findings = find_all(audit.survey, audit.accounts, audit.damage, audit.hazards,
                            options.context);
  audit.old_uploads = old_uploads(audit.survey, options.context.now_seconds,
                                  options.context.upload_age_seconds);
  if (const auto disk = store.disk()) audit.disk = *disk;
  audit.live_damage = live_damage(audit.accounts, audit.damage);
  return audit;
}

}  // namespace regsweep::analyzer
