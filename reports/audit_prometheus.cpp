#include "reports/audit_prometheus.h"

#include <map>
#include <vector>

#include "reports/capacity.h"
#include "reports/finding_text.h"
#include "reports/sheet_writers.h"
#include "reports/space_names.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::Bytes;
using Kind = SheetRow::Kind;

Sheet store_sheet(const Audit& audit) {
  Sheet sheet;
  sheet.name = "store";
  sheet.columns = {
      {"complete", "", "1 if everything could be read, else 0 and all figures are lower bounds",
       Unit::kCount},
      {"repositories", "", "Repositories", Unit::kCount},
      {"tags", "", "Tags that can be read", Unit::kCount},
      {"blobs", "", "Blobs", Unit::kCount},
      {"damaged", "", "1 if something alive needs damaged content", Unit::kCount},
      {"broken_tags", "", "Tags that cannot be pulled whole", Unit::kCount}};
  const analyzer::StoreCounts counts = counts_of(audit.accounts);
  sheet.rows.push_back(
      {Kind::kItem,
       {std::uint64_t{audit.survey.complete}, counts.repositories, counts.tags, counts.blobs,
        std::uint64_t{audit.live_damage}, std::uint64_t{audit.damage.broken_tags.size()}}});
  return sheet;
}

Sheet space_sheet(const Audit& audit) {
  Sheet sheet;
  sheet.name = "space";
  sheet.columns = {{"class", "", "What the objects are", Unit::kText},
                   {"objects", "", "Objects, each in exactly one class", Unit::kCount, true},
                   {"size", "", "What they take", Unit::kBytes, true}};
  for (std::size_t i = 0; i < audit.accounts.space.size(); ++i) {
    const analyzer::SpaceRow& space = audit.accounts.space[i];
    sheet.rows.push_back(
        {Kind::kItem, {std::string(kSpaceNames[i].name), space.objects, space.bytes}});
  }
  return sheet;
}

Sheet reclaimable_sheet(const Audit& audit) {
  Sheet sheet;
  sheet.name = "reclaimable";
  sheet.columns = {{"by", "", "The means to get it back", Unit::kText},
                   {"objects", "", "What would go", Unit::kCount, true},
                   {"size", "", "What that frees", Unit::kBytes, true}};
  const auto row = [&](std::string by, const analyzer::SpaceRow& space) {
    sheet.rows.push_back({Kind::kItem, {std::move(by), space.objects, space.bytes}});
  };
  row("garbage", audit.accounts[analyzer::SpaceClass::kGarbage]);
  row("old_uploads", audit.old_uploads);
  row("untagged", audit.accounts[analyzer::SpaceClass::kUntagged]);
  return sheet;
}

/// Codes with their number: findings that are there, so that an alert on one needs no list.
Sheet finding_sheet(const Audit& audit) {
  Sheet sheet;
  sheet.name = "finding";
  sheet.columns = {{"code", "", "What was found", Unit::kText},
                   {"severity", "", "note, warning or danger", Unit::kText},
                   {"objects", "", "Objects a finding is about", Unit::kCount}};
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> found;
  for (const analyzer::Finding& finding : audit.findings) {
    found[{finding_code(finding.code), concern_name(finding.concern)}] += finding.objects;
  }
  for (const auto& [names, objects] : found) {
    sheet.rows.push_back(
        {Kind::kItem, {std::string(names.first), std::string(names.second), objects}});
  }
  return sheet;
}

}  // namespace

void write_audit_prometheus(const Audit& audit, std::size_t most, bool apparent,
                            std::ostream& out) {
  std::vector<Sheet> sheets = {store_sheet(audit), space_sheet(audit), reclaimable_sheet(audit),
                               finding_sheet(audit), repository_sheet(audit, {})};
  Sheet& repositories = sheets.back();
  sort_items(repositories, column_at(repositories, "size"), apparent);
  keep_first(repositories, most);
  write_sheets_prometheus(sheets, apparent, out);
}

}  // namespace regsweep::reports
