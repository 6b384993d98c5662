#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/humanize.h"
#include "reports/plan_report.h"
#include "reports/repair_report.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::ApplyEnd;
using analyzer::Repair;
using storage::RemovalClass;

constexpr std::size_t kFew = 20;  ///< lines of a list without -v

/// The first lines of a list, and how many more there are.
class Lines {
 public:
  Lines(std::vector<Align> columns, const TextOptions& options)
      : table_(std::move(columns)), limit_(options.verbose ? SIZE_MAX : kFew) {}

  void row(std::vector<std::string> cells) {
    if (count_++ < limit_) table_.row(std::move(cells));
  }
  void print(std::ostream& out) const {
    table_.print(out, 2);
    if (count_ > limit_) out << "  … and " << grouped(count_ - limit_) << " more: -v\n";
  }

 private:
  Table table_;
  std::size_t limit_;
  std::size_t count_ = 0;
};

void write_steps(const analyzer::Plan& plan, const TextOptions& options, std::ostream& out) {
  if (!plan.removals.empty()) {
    out << "TO QUARANTINE: " << grouped(plan.total.objects) << " ("
        << size_text(plan.total.bytes, options) << ")\n";
    Lines lines({Align::kLeft, Align::kLeft, Align::kRight, Align::kLeft}, options);
    for (const storage::Removal& removal : plan.removals) {
      const bool is_blob = removal.removal_class == RemovalClass::kBlob;
      lines.row({std::string(analyzer::removal_class_name(removal.removal_class)),
                 printable(removal.path),
                 is_blob
                     ? size_text(analyzer::Bytes{removal.apparent_bytes, removal.allocated_bytes},
                                 options)
                     : "",
                 printable(removal.reason)});
    }
    lines.print(out);
    out << '\n';
  }
  if (plan.additions.empty()) return;
  out << "TO ADD: " << grouped(plan.additions.size()) << '\n';
  Lines lines({Align::kLeft, Align::kLeft, Align::kLeft}, options);
  for (const storage::Addition& addition : plan.additions) {
    std::string reason = printable(addition.reason);
    if (!addition.source.empty()) reason += "; from " + printable(addition.source);
    lines.row({std::string(analyzer::addition_class_name(addition.addition_class)),
               printable(addition.path), std::move(reason)});
  }
  lines.print(out);
  out << '\n';
}

void write_left(const Repair& repair, const TextOptions& options, std::ostream& out) {
  if (!repair.left.empty()) {
    out << "LEFT AS IT IS\n";
    Lines lines({Align::kLeft, Align::kLeft}, options);
    for (const analyzer::LeftAlone& one : repair.left) {
      lines.row({printable(one.path), printable(one.reason)});
    }
    lines.print(out);
    out << '\n';
  }
  if (repair.deleted_links.empty()) return;
  const bool is_one = repair.deleted_links.size() == 1;
  out << fmt::format("{} link director{} empty: deletions leave {}, and nothing needs {}{}\n",
                     grouped(repair.deleted_links.size()), is_one ? "y is" : "ies are",
                     is_one ? "it" : "them", is_one ? "it" : "them",
                     options.verbose ? "" : " (-v names all)");
  if (options.verbose) {
    for (const std::string& path : repair.deleted_links) out << "  " << printable(path) << '\n';
  }
  out << '\n';
}

std::string state_of(const analyzer::LostFound& lost) {
  if (!lost.tag.empty()) {
    return "comes back as " + printable(lost.repository) + ':' + lost.tag;
  }
  if (!lost.outcome.empty()) return "stays lost: " + printable(lost.outcome);
  if (lost.manifest.missing != 0) {
    return grouped(lost.manifest.missing) + " of its blobs missing";
  }
  const auto& repositories = lost.manifest.repositories;
  if (repositories.empty()) return "whole, but no repository links all of its layers";
  std::string text = "whole; layers linked by " + printable(repositories.front());
  if (repositories.size() > 1) text += fmt::format(" and {} more", repositories.size() - 1);
  return text;
}

void write_lost(const Repair& repair, const TextOptions& options, std::ostream& out) {
  if (!repair.lost_unknown.empty()) {
    out << "lost manifests were not looked for: " << printable(repair.lost_unknown) << "\n\n";
  }
  if (repair.lost.empty()) return;
  out << "LOST MANIFESTS: in no repository, named by nothing\n";
  Lines lines({Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kLeft}, options);
  for (const analyzer::LostFound& lost : repair.lost) {
    const analyzer::LostManifest& manifest = lost.manifest;
    lines.row({manifest.digest.text(), std::string(manifest_type_name(manifest.type)),
               printable(manifest.platform), size_text(manifest.size, options), state_of(lost)});
  }
  lines.print(out);
  const bool may_come_back =
      std::any_of(repair.lost.begin(), repair.lost.end(), [](const analyzer::LostFound& lost) {
        return lost.tag.empty() && lost.outcome.empty() && lost.manifest.missing == 0 &&
               !lost.manifest.repositories.empty();
      });
  if (may_come_back) out << "  --lost-found brings the whole ones back under tags of their own\n";
  out << '\n';
}

void write_broken(const Repair& repair, const TextOptions& options, std::ostream& out) {
  if (!repair.damage_remains) return;
  if (repair.broken.empty()) {
    out << "Untagged manifests stay damaged, no tag does; regsweep audit names what they lack\n\n";
    return;
  }
  out << "STILL BROKEN AFTERWARDS: " << grouped(repair.broken.size()) << " tag"
      << (repair.broken.size() == 1 ? "" : "s") << '\n';
  Lines lines({Align::kLeft, Align::kLeft}, options);
  for (const analyzer::StillBroken& tag : repair.broken) {
    const std::string name = printable(tag.repository) + ':' + printable(tag.tag);
    if (!tag.problem.empty()) lines.row({name, printable(tag.problem)});
    if (tag.problem.empty() && tag.lacks.empty()) lines.row({name, "cannot be pulled whole"});
    for (const analyzer::Lack& lack : tag.lacks) {
      lines.row({name, lack.what + ' ' + lack.digest.text() + ' ' + printable(lack.why)});
    }
  }
  lines.print(out);
  const auto lacks_meaning = [](const analyzer::StillBroken& tag) { return !tag.problem.empty(); };
  if (!std::all_of(repair.broken.begin(), repair.broken.end(), lacks_meaning)) {
    out << "  → push these images again, or --from a store, image layout or directory that has the "
           "blobs\n";
  }
  if (std::any_of(repair.broken.begin(), repair.broken.end(), lacks_meaning)) {
    out << "  → what a tag may have meant, and how to let it mean that again: regsweep recover\n";
  }
  out << '\n';
}

void write_problems(const analyzer::Plan& plan, std::ostream& out) {
  for (const std::string& refusal : plan.refusals) out << "!!! " << printable(refusal) << '\n';
  if (!plan.refusals.empty()) out << '\n';
}

constexpr std::array<std::string_view, storage::kAdditionClasses> kAdded = {
    "blobs from elsewhere", "layer links", "revision links", "entries of tags' indexes", "tags"};
constexpr std::array<std::string_view, storage::kRemovalClasses> kMoved = {
    "tags",        "entries of tags' indexes", "revision links",
    "layer links", "unfinished uploads",       "temporary files",
    "blobs",       "empty directories"};

void write_done(const analyzer::RepairResult& result, std::ostream& out) {
  Table table({Align::kLeft, Align::kRight});
  for (std::size_t i = 0; i < kMoved.size(); ++i) {
    if (result.moved[i].objects == 0) continue;
    table.row({std::string(kMoved[i]) + " moved to quarantine", grouped(result.moved[i].objects)});
  }
  for (std::size_t i = 0; i < kAdded.size(); ++i) {
    if (result.added[i] == 0) continue;
    table.row({std::string(kAdded[i]) + " added", grouped(result.added[i])});
  }
  table.print(out, 2);
}

}  // namespace

void write_repair_text(const Repair& repair, const TextOptions& options, std::ostream& out) {
  out << printable(repair.plan.root) << "    what a repair would do\n\n";
  write_problems(repair.plan, out);
  if (repair.plan.removals.empty() && repair.plan.additions.empty()) {
    out << "nothing\n\n";
  } else {
    write_steps(repair.plan, options, out);
  }
  write_left(repair, options, out);
  write_lost(repair, options, out);
  write_broken(repair, options, out);
}

void write_repaired_text(const RepairSummary& summary, const Repair& repair,
                         const TextOptions& options, std::ostream& out) {
  const analyzer::RepairResult& result = summary.result;
  const bool did = result.moved_total.objects != 0 || result.added_total != 0;
  if (result.end == ApplyEnd::kDone) {
    out << (did ? "done\n" : "nothing to do\n");
  } else {
    out << end_name(result.end) << ": " << printable(result.reason) << '\n';
  }
  write_done(result, out);
  out << '\n';
  if (result.end == ApplyEnd::kDone) {
    write_left(repair, options, out);
    write_lost(repair, options, out);
    write_broken(repair, options, out);
  } else if (result.end != ApplyEnd::kRefused) {
    out << "run it again to go on\n";
  }
  if (!result.quarantine_run.empty()) {
    out << "to take all of it back:\n  regsweep undo " << summary.store << ' '
        << result.quarantine_run << '\n'
        << "or, when all is well, to free what was moved aside:\n  regsweep purge " << summary.store
        << ' ' << result.quarantine_run << '\n';
  }
  if (did) {
    out << "before pushes and pulls: restart the registry, and flush Redis if it is its cache: "
           "what they\nremember of damaged blobs would make a push say that the layer exists\n";
  }
}

}  // namespace regsweep::reports
