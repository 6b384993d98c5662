// Saved audits, and reports of verify from which a repair takes what is damaged. Checked:
// - a text is read or refused with a reason and kCorrupt (kUsage for the report);
// - the figures of what is read add up, counted with more bits than they have; no number exceeds
//   2^63 - 1; repositories and findings are sorted, each once;
// - all text is safe for a terminal;
// - an audit compared with itself has no changes;
// - a report's digests are sorted, each once.
#include <algorithm>
#include <sstream>

#include "reports/audit_diff.h"
#include "reports/humanize.h"
#include "reports/repair_report.h"
#include "reports/saved_audit.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using analyzer::Bytes;
using analyzer::SpaceClass;
using reports::SavedAudit;
using reports::SavedRepository;

/// A sum that cannot overflow.
struct Sum {
  __extension__ unsigned __int128 apparent = 0;
  __extension__ unsigned __int128 allocated = 0;

  Sum& operator+=(const Bytes& bytes) {
    apparent += bytes.apparent;
    allocated += bytes.allocated;
    return *this;
  }
  bool operator==(const Bytes& bytes) const {
    return apparent == bytes.apparent && allocated == bytes.allocated;
  }
};

Sum sum_of(std::initializer_list<Bytes> all) {
  Sum sum;
  for (const Bytes& bytes : all) sum += bytes;
  return sum;
}

void check_safe(const std::string& text) {
  REGSWEEP_HOLDS(reports::message_text(text) == text, shown(text));
}

template <class T, class Key>
bool is_strict(const std::vector<T>& list, Key key) {
  return std::adjacent_find(list.begin(), list.end(), [&](const T& a, const T& b) {
           return !(a.*key < b.*key);
         }) == list.end();
}

void check_figures(const SavedAudit& audit) {
  Sum space;
  Sum reclaimable;
  for (const auto& row : audit.space) space += row.bytes;
  REGSWEEP_HOLDS(space == audit.total.bytes, "space");
  for (const SavedRepository& repository : audit.repositories) {
    reclaimable += repository.reclaimable;
    REGSWEEP_HOLDS(sum_of({repository.exclusive, repository.shared}) == repository.size,
                   repository.name);
    for (const Bytes& bytes : {repository.size, repository.untagged}) {
      REGSWEEP_HOLDS(bytes.apparent <= INT64_MAX && bytes.allocated <= INT64_MAX, repository.name);
    }
  }
  REGSWEEP_HOLDS(reclaimable == audit.garbage_of_one, "reclaimable");
  REGSWEEP_HOLDS(sum_of({audit.garbage_of_one, audit.garbage_of_several, audit.garbage_of_none}) ==
                     audit[SpaceClass::kGarbage].bytes,
                 "garbage");
}

void check_text(const SavedAudit& audit) {
  check_safe(audit.file);
  check_safe(audit.root);
  for (const SavedRepository& repository : audit.repositories) check_safe(repository.name);
  for (const reports::SavedFinding& finding : audit.findings) {
    check_safe(finding.code);
    check_safe(finding.message);
  }
  REGSWEEP_HOLDS(is_strict(audit.repositories, &SavedRepository::name), "repositories");
  REGSWEEP_HOLDS(is_strict(audit.findings, &reports::SavedFinding::code), "findings");
}

void check_no_change(const SavedAudit& audit) {
  const reports::AuditDiff diff = reports::compare_audits(audit, audit);
  REGSWEEP_HOLDS(diff.repositories.empty() && diff.findings.empty(), "changes");
  REGSWEEP_HOLDS(diff.new_repositories == 0 && diff.gone_repositories == 0, "changes");
  REGSWEEP_HOLDS(diff.unchanged_repositories == audit.repositories.size(), "changes");
  REGSWEEP_HOLDS(diff.total.bytes.apparent.by() == 0 && diff.total.objects.by() == 0, "changes");
}

}  // namespace

REGSWEEP_FUZZER(saved_audit) {
  std::istringstream in{std::string(input)};
  const auto audit = reports::read_saved_audit(in, "audit.json");
  if (audit) {
    check_figures(*audit);
    check_text(*audit);
    check_no_change(*audit);
  } else {
    REGSWEEP_HOLDS(audit.error().code == storage::Errc::kCorrupt, audit.error().message);
    check_safe(audit.error().message);
  }
  const auto damaged = reports::read_damaged_report(std::string(input));
  if (damaged) {
    REGSWEEP_HOLDS(
        std::adjacent_find(damaged->begin(), damaged->end(),
                           [](const auto& a, const auto& b) { return !(a < b); }) == damaged->end(),
        "digests");
  } else {
    REGSWEEP_HOLDS(damaged.error().code == storage::Errc::kUsage, damaged.error().message);
  }
}

}  // namespace regsweep::fuzz
