#include <fmt/format.h>

#include <array>

#include "reports/humanize.h"
#include "reports/plan_report.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::ApplyEnd;
using analyzer::Plan;
using analyzer::PlanTotal;

constexpr std::array<std::string_view, storage::kRemovalClasses> kPlurals = {
    "tags",        "entries of tags' indexes", "revisions",
    "layer links", "unfinished uploads",       "temporary files",
    "blobs",       "empty directories"};

/// Nothing for links and directories, whose size is not asked.
std::string size_or_blank(const analyzer::Bytes& bytes, const TextOptions& options) {
  const std::uint64_t chosen = options.apparent ? bytes.apparent : bytes.allocated;
  return chosen == 0 ? "" : size_text(chosen, options);
}

void write_classes(const std::array<PlanTotal, storage::kRemovalClasses>& totals,
                   const PlanTotal& total, const TextOptions& options, std::ostream& out) {
  Table table({Align::kLeft, Align::kRight, Align::kRight});
  table.row({"", "OBJECTS", "SIZE"});
  for (std::size_t i = 0; i < totals.size(); ++i) {
    if (totals[i].objects == 0) continue;
    table.row({std::string(kPlurals[i]), grouped(totals[i].objects),
               size_or_blank(totals[i].bytes, options)});
  }
  table.row({"total", grouped(total.objects), size_text(total.bytes, options)});
  table.print(out);
}

void write_held_back(const analyzer::PlanTotal& held_back, std::int64_t min_age_seconds,
                     const TextOptions& options, std::ostream& out) {
  if (held_back.objects == 0) return;
  out << fmt::format("held back: {} object{} younger than {} ({}): --min-age\n",
                     grouped(held_back.objects), held_back.objects == 1 ? "" : "s",
                     age_text(min_age_seconds), size_text(held_back.bytes, options));
}

}  // namespace

std::string_view end_name(ApplyEnd end) {
  switch (end) {
    case ApplyEnd::kDone:
      return "done";
    case ApplyEnd::kRefused:
      return "refused";
    case ApplyEnd::kStopped:
      return "stopped";
    case ApplyEnd::kInterrupted:
      return "interrupted";
  }
  return "stopped";
}

void write_plan_text(const Plan& plan, const TextOptions& options, std::ostream& out) {
  out << printable(plan.root) << "    what would be removed\n\n";
  for (const std::string& refusal : plan.refusals)
    out << "!!! no blob may go: " << printable(refusal) << '\n';
  if (!plan.refusals.empty()) {
    out << "    what is not read or not understood may refer to any blob; regsweep audit says "
           "more\n\n";
  }
  if (plan.removals.empty()) {
    out << "nothing\n";
  } else {
    write_classes(plan.totals, plan.total, options, out);
  }
  write_held_back(plan.held_back, plan.rules.min_age_seconds, options, out);
  if (!options.verbose) return;
  out << '\n';
  Table table({Align::kLeft, Align::kRight, Align::kLeft, Align::kLeft});
  for (const storage::Removal& removal : plan.removals) {
    const analyzer::Bytes bytes{removal.apparent_bytes, removal.allocated_bytes};
    table.row({std::string(analyzer::removal_class_name(removal.removal_class)),
               size_or_blank(bytes, options), printable(removal.path), printable(removal.reason)});
  }
  table.print(out);
}

void write_apply_text(const ApplySummary& summary, const TextOptions& options, std::ostream& out) {
  const analyzer::ApplyResult& result = summary.result;
  if (result.end == ApplyEnd::kDone) {
    out << "done\n";
  } else {
    out << end_name(result.end) << ": " << printable(result.reason) << '\n';
  }
  if (result.total.objects != 0) write_classes(result.removed, result.total, options, out);
  if (result.already_gone != 0) {
    out << grouped(result.already_gone) << " were gone already\n";
  }
  write_held_back(summary.held_back, summary.min_age_seconds, options, out);
  out << fmt::format("promised {}, {} {}\n", size_text(summary.promised.bytes, options),
                     summary.quarantine ? "moved to quarantine" : "freed",
                     size_text(result.total.bytes, options));
  out << fmt::format("disk: {} free before, {} free after\n",
                     size_text(summary.disk_free_before, options),
                     size_text(summary.disk_free_after, options));
  if (!result.quarantine_run.empty() && result.total.objects != 0) {
    out << "nothing is freed yet. Look whether all is well, then free it:\n"
        << "  regsweep purge " << summary.store << ' ' << result.quarantine_run << '\n'
        << "or take all of it back:\n"
        << "  regsweep undo " << summary.store << ' ' << result.quarantine_run << '\n';
  }
  if (result.total.objects != 0) {
    out << "before pushes: restart the registry, and flush Redis if it is its cache: what they "
           "remember\n"
           "of removed blobs would make a push say that the layer exists\n";
  }
}

}  // namespace regsweep::reports
