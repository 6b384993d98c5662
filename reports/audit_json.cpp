#include "reports/audit_json.h"

#include "reports/disk_use.h"
#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/known_report.h"
#include "reports/savings_report.h"
#include "reports/space_names.h"
#include "storage/locate.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::SpaceClass;
using analyzer::SpaceRow;

Json space_row(const SpaceRow& space) { return objects_and_bytes(space.objects, space.bytes); }

Json space(const Audit& audit) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
    const SpaceRow& space = audit.accounts.space[i];
    Json json = {{"class", kSpaceNames[i].name}};
    json.update(space_row(space));
    json["estimated"] = space.estimated;
    rows.push_back(std::move(json));
  }
  return rows;
}

Json store(const Audit& audit) {
  const analyzer::StoreCounts counts = counts_of(audit.accounts);
  const std::string_view managed_by = storage::managed_by(
      audit.context.database_lock, audit.context.harbor, audit.context.proxy_cache);
  return {{"root", printable(audit.context.root)},
          {"repositories", counts.repositories},
          {"tags", counts.tags},
          {"revisions", counts.revisions},
          {"layer_links", counts.layer_links},
          {"blobs", counts.blobs},
          {"managed_by", text_or_null(managed_by)}};
}

/// Whole MiB, rounded down: the few bytes that other programs write between two audits of one store
/// must not make their output differ.
std::uint64_t whole_mebibytes(std::uint64_t bytes) noexcept { return bytes >> 20 << 20; }

Json disk(const Audit& audit) {
  if (!audit.disk || audit.disk->size_bytes == 0) return nullptr;
  const storage::DiskFigures& disk = *audit.disk;
  const DiskUse use(disk);
  return {{"size_bytes", disk.size_bytes},
          {"used_bytes", whole_mebibytes(use.used)},
          {"available_bytes", whole_mebibytes(disk.available_bytes)},
          {"used_percent", use.percent(use.used)}};
}

Json repositories(const Audit& audit) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < audit.accounts.repositories.size(); ++i) {
    const auto& figures = audit.accounts.repositories[i];
    rows.push_back({{"name", printable(audit.survey.repositories[i].name)},
                    {"tags", figures.tags},
                    {"revisions", figures.revisions},
                    {"layer_links", figures.layer_links},
                    {"size", bytes_pair(figures.size)},
                    {"exclusive", bytes_pair(figures.exclusive)},
                    {"shared", bytes_pair(figures.shared)},
                    {"untagged", bytes_pair(figures.untagged)},
                    {"reclaimable", bytes_pair(figures.reclaimable)}});
  }
  return rows;
}

}  // namespace

void write_audit_json(const Audit& audit, std::ostream& out, bool verbose) {
  const auto& accounts = audit.accounts;
  Json total = space_row(accounts.total);
  total["estimated"] = accounts.total.estimated;
  Json uploads = {{"older_than_seconds", audit.context.upload_age_seconds}};
  uploads.update(space_row(audit.old_uploads));
  Json report = {{"schema", "regsweep.audit/1"},
                 {"complete", audit.survey.complete},
                 {"exact", audit.survey.exact},
                 {"store", store(audit)},
                 {"space", space(audit)},
                 {"total", std::move(total)},
                 {"reclaimable",
                  {{"garbage", space_row(accounts[SpaceClass::kGarbage])},
                   {"uploads", std::move(uploads)},
                   {"untagged", space_row(accounts[SpaceClass::kUntagged])}}},
                 {"garbage",
                  {{"one_repository", bytes_pair(accounts.garbage_of_one)},
                   {"several_repositories", bytes_pair(accounts.garbage_of_several)},
                   {"orphan", bytes_pair(accounts.garbage_of_none)}}},
                 {"frees_most", savings_json(audit.frees_most)},
                 {"disk", disk(audit)},
                 {"repositories", repositories(audit)},
                 {"findings", findings_json(audit.findings, shell_word(audit.context.store))}};
  if (audit.known) report["known"] = known_json(audit, *audit.known, verbose);
  out << report.dump(1) << '\n';
}

}  // namespace regsweep::reports
