#include "reports/page_data.h"

#include <string>

#include "reports/capacity.h"
#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/page.h"
#include "reports/page_tree.h"
#include "reports/sheet_writers.h"
#include "reports/space_names.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::SpaceRow;

Json space_row(std::string_view name, std::string_view label, const SpaceRow& space) {
  return {{"class", name},
          {"label", label},
          {"objects", space.objects},
          {"size", bytes_pair(space.bytes)},
          {"estimated", space.estimated}};
}

Json space(const Audit& audit) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
    rows.push_back(space_row(kSpaceNames[i].name, kSpaceNames[i].label, audit.accounts.space[i]));
  }
  return {{"rows", std::move(rows)}, {"total", space_row("total", "total", audit.accounts.total)}};
}

Json counts(const Audit& audit) {
  const analyzer::StoreCounts counts = counts_of(audit.accounts);
  return {{"repositories", counts.repositories},
          {"tags", counts.tags},
          {"revisions", counts.revisions},
          {"blobs", counts.blobs}};
}

Json refusals(const Audit& audit) {
  Json rows = Json::array();
  for (const std::string& refusal : audit.refusals) rows.push_back(printable(refusal));
  return rows;
}

}  // namespace

Json page_data(const Audit& audit, const PageOptions& options) {
  Json old_uploads = space_row("old_uploads", "old uploads", audit.old_uploads);
  old_uploads["older_than_seconds"] = audit.context.upload_age_seconds;
  return {{"root", printable(audit.context.root)},
          {"time", rfc3339(options.now_seconds)},
          {"version", REGSWEEP_VERSION},
          {"complete", audit.survey.complete},
          {"exact", audit.survey.exact},
          {"counts", counts(audit)},
          {"space", space(audit)},
          {"old_uploads", std::move(old_uploads)},
          {"tree", page_tree(audit, options.most_tags)},
          {"repositories", sheet_json(repository_sheet(audit, {}))},
          {"blob_ages", sheet_json(blob_age_sheet(audit, options.now_seconds))},
          {"push_ages", sheet_json(push_age_sheet(audit, options.now_seconds))},
          {"media_types", sheet_json(media_type_sheet(audit))},
          {"largest_blobs", sheet_json(largest_blob_sheet(audit, options.most_blobs))},
          {"refusals", refusals(audit)},
          {"findings", findings_json(audit.findings, shell_word(audit.context.store))}};
}

void write_audit_page(const Audit& audit, const PageOptions& options, std::ostream& out) {
  write_page("regsweep · " + printable(audit.context.root), PageKind::kAudit,
             page_data(audit, options), out);
}

}  // namespace regsweep::reports
