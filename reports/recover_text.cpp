#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/humanize.h"
#include "reports/plan_report.h"
#include "reports/recover_report.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::ApplyEnd;
using analyzer::Candidate;
using analyzer::Lack;
using analyzer::RepositoryPast;
using analyzer::TagNow;
using analyzer::TagPast;
using analyzer::TagRecovery;

constexpr std::size_t kFew = 20;  ///< candidates of a repository without -v

std::string time_text(std::int64_t seconds) { return seconds == 0 ? "–" : rfc3339(seconds); }

std::string lack_text(const Lack& lack) {
  return lack.what + ' ' + lack.digest.text() + ' ' + printable(lack.why);
}

std::string state_of(const Candidate& candidate) {
  std::string text = "whole";
  if (!candidate.lacks.empty()) {
    text = "incomplete: " + lack_text(candidate.lacks.front());
    if (candidate.lacks.size() > 1) {
      text += fmt::format(" and {} more", grouped(candidate.lacks.size() - 1));
    }
  }
  return candidate.has_revision ? text : text + "; its revision was deleted";
}

std::string type_of(const Candidate& candidate) {
  if (candidate.type == analyzer::ManifestType::kUnreadable) return "–";
  return std::string(manifest_type_name(candidate.type));
}

/// The table of one repository.
class PastTable {
 public:
  PastTable(const RepositoryPast& past, const TextOptions& options)
      : past_(past), options_(options), room_(options.verbose ? SIZE_MAX : kFew) {}

  void write(std::ostream& out) {
    table_.row({"TAG", "SINCE", "DIGEST", "TYPE", "SIZE", "STATE"});
    for (const TagPast& tag : past_.tags) {
      if (room_ == 0) {
        left_out_ += tag.before.size();
        continue;
      }
      table_.row(now_of(tag));
      for (const Candidate& candidate : tag.before) row(printable(tag.tag), candidate);
    }
    for (const Candidate& candidate : past_.untagged) row("(no tag)", candidate);
    table_.print(out, 2);
    if (left_out_ != 0) out << "  … and " << grouped(left_out_) << " more: -v\n";
  }

 private:
  static std::vector<std::string> now_of(const TagPast& tag) {
    const std::string name = printable(tag.tag);
    switch (tag.now) {
      case TagNow::kMeans:
        return {name, time_text(tag.pushed_seconds), tag.means->text(), "", "", "now"};
      case TagNow::kNothing:
        return {name, "", "", "", "", "half deleted: it means nothing now"};
      case TagNow::kDamaged:
        return {name, "", "", "", "", "damaged: what it means now cannot be read"};
    }
    return {};
  }

  void row(const std::string& tag, const Candidate& candidate) {
    if (room_ == 0) {
      ++left_out_;
      return;
    }
    --room_;
    table_.row({tag, time_text(candidate.seconds), candidate.digest.text(), type_of(candidate),
                size_text(candidate.size, options_), state_of(candidate)});
  }

  const RepositoryPast& past_;
  const TextOptions& options_;
  std::size_t room_;
  std::size_t left_out_ = 0;
  Table table_{
      {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kLeft}};
};

/// A command that would show how the first whole one comes back; empty if there is none.
std::string example(const PastReport& report) {
  for (const RepositoryPast& past : report.past.repositories) {
    const auto command = [&](const std::string& tag, const Candidate& candidate) {
      return "regsweep recover " + shell_word(report.store) + ' ' +
             shell_word(past.name + ':' + tag + '@' + candidate.digest.text());
    };
    const auto is_whole = [](const Candidate& one) { return one.lacks.empty(); };
    for (const TagPast& tag : past.tags) {
      const auto at = std::find_if(tag.before.begin(), tag.before.end(), is_whole);
      if (at != tag.before.end()) return command(tag.tag, *at);
    }
    const auto at = std::find_if(past.untagged.begin(), past.untagged.end(), is_whole);
    if (at != past.untagged.end()) return command("TAG", *at);
  }
  return {};
}

void write_runs(const PastReport& report, const TextOptions& options, std::ostream& out) {
  if (report.runs.empty()) return;
  write_heading("IN QUARANTINE", options, out);
  Table table({Align::kLeft, Align::kRight, Align::kRight, Align::kLeft});
  for (const storage::QuarantineRun& run : report.runs) {
    std::string what = "regsweep undo " + shell_word(report.store) + ' ' + run.id;
    if (!run.problem.empty()) what = "cannot be undone as it is: " + printable(run.problem);
    if (!run.finished) what += "  (was cut off)";
    table.row({time_text(run.started_seconds), grouped(run.objects) + " objects",
               size_text(run.allocated_bytes, options), std::move(what)});
  }
  table.print(out, 2);
}

// ---- a recovery -------------------------------------------------------------------------------

constexpr std::array<std::string_view, storage::kAdditionClasses> kAdded = {
    "blobs", "layer links", "revision links", "entries of tags' indexes", "tags"};

void write_tag(const TagRecovery& tag, bool is_done, const TextOptions& options,
               std::ostream& out) {
  const bool is_possible = tag.lacks.empty() && tag.obstacle.empty();
  const char* verb = is_possible && tag.steps == 0 ? "means already "
                     : is_done                     ? "means "
                                                   : "would mean ";
  out << printable(tag.repository) << ':' << printable(tag.tag) << "  " << verb << tag.digest.text()
      << '\n';
  if (tag.type != analyzer::ManifestType::kUnreadable) {
    out << "  " << manifest_type_name(tag.type) << ", " << size_text(tag.size, options) << '\n';
  }
  if (!tag.obstacle.empty()) out << "  not possible: " << printable(tag.obstacle) << '\n';
  const std::size_t shown = options.verbose ? tag.lacks.size() : std::min(tag.lacks.size(), kFew);
  for (std::size_t i = 0; i < shown; ++i) {
    out << "  not whole: " << lack_text(tag.lacks[i]) << '\n';
  }
  if (shown < tag.lacks.size()) {
    out << "  … and " << grouped(tag.lacks.size() - shown) << " more: -v\n";
  }
  if (!is_possible || tag.steps == 0) return;
  if (tag.before && *tag.before != tag.digest) {
    out << (is_done ? "  before it meant " : "  now it means ") << tag.before->text()
        << ", which stays among what it meant\n";
  } else if (tag.is_new) {
    out << (is_done ? "  the tag is new\n" : "  there is no such tag now: it is made\n");
  }
}

/// One line a class, or with -v one a path.
void write_steps(const analyzer::Plan& plan, const TextOptions& options, std::ostream& out) {
  Table table({Align::kLeft, Align::kLeft});
  if (options.verbose) {
    for (const storage::Removal& removal : plan.removals) {
      table.row({"to quarantine", printable(removal.path)});
    }
    for (const storage::Addition& addition : plan.additions) {
      table.row({"to add", printable(addition.path)});
    }
  } else {
    if (!plan.removals.empty()) {
      table.row({"tags to quarantine, which come back with all that they meant",
                 grouped(plan.removals.size())});
    }
    std::array<std::uint64_t, storage::kAdditionClasses> count{};
    for (const storage::Addition& addition : plan.additions) {
      ++count[static_cast<std::size_t>(addition.addition_class)];
    }
    for (std::size_t i = 0; i < count.size(); ++i) {
      if (count[i] != 0) table.row({std::string(kAdded[i]) + " to add", grouped(count[i])});
    }
  }
  table.print(out, 2);
}

void write_done(const analyzer::RepairResult& result, const std::string& store, std::ostream& out) {
  if (result.end != ApplyEnd::kDone) {
    out << '\n' << end_name(result.end) << ": " << printable(result.reason) << '\n';
  }
  Table table({Align::kLeft, Align::kRight});
  if (result.moved_total.objects != 0) {
    table.row({"tags moved to quarantine", grouped(result.moved_total.objects)});
  }
  for (std::size_t i = 0; i < kAdded.size(); ++i) {
    if (result.added[i] != 0) {
      table.row({std::string(kAdded[i]) + " added", grouped(result.added[i])});
    }
  }
  table.print(out, 2);
  if (!result.quarantine_run.empty()) {
    out << "\nto take all of it back:\n  regsweep undo " << store << ' ' << result.quarantine_run
        << "\nor, when all is well, to free what was moved aside:\n  regsweep purge " << store
        << ' ' << result.quarantine_run << '\n';
  }
  if (result.added_total != 0) {
    out << "start the registry anew, and flush Redis if it is its cache: it may remember what was "
           "not there\n";
  }
}

}  // namespace

void write_past_text(const PastReport& report, const TextOptions& options, std::ostream& out) {
  out << printable(report.root) << "    what can come back\n";
  if (report.past.repositories.empty()) {
    out << "\nno tag meant anything else that is still here, and no image has lost its tag\n";
  }
  for (const RepositoryPast& past : report.past.repositories) {
    write_heading(printable(past.name), options, out);
    PastTable(past, options).write(out);
  }
  write_runs(report, options, out);
  const std::string command = example(report);
  if (!command.empty()) {
    out << "\nto see how one comes back (TAG is a name of your choice where there is none):\n  "
        << command << '\n';
  }
}

void write_recovery_text(const RecoveryReport& report, const TextOptions& options,
                         std::ostream& out) {
  const analyzer::Recovery& recovery = report.recovery;
  const bool is_done = report.result && report.result->end == ApplyEnd::kDone;
  for (const TagRecovery& tag : recovery.tags) write_tag(tag, is_done, options, out);
  for (const std::string& refusal : recovery.plan.refusals) {
    out << "!!! " << printable(refusal) << '\n';
  }
  if (!report.result) {
    write_steps(recovery.plan, options, out);
    return;
  }
  write_done(*report.result, shell_word(report.store), out);
}

}  // namespace regsweep::reports
