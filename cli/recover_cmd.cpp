// regsweep recover: what tags meant before and images that lost their tag, and brings them back.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyzer/recoverable.h"
#include "analyzer/recovery.h"
#include "analyzer/recovery_target.h"
#include "analyzer/ref.h"
#include "cli/interrupt.h"
#include "cli/process.h"
#include "cli/progress.h"
#include "cli/sweep.h"
#include "cli/unfinished_runs.h"
#include "reports/humanize.h"
#include "reports/recover_report.h"

namespace regsweep::cli {
namespace {

using analyzer::NamePattern;
using analyzer::PastFilter;
using analyzer::RecoveryTarget;
using analyzer::ResolvedTarget;
using analyzer::Survey;
using analyzer::TargetOutcome;

struct Args : CommonArgs {
  std::vector<std::string> refs;
  bool do_it = false;
  bool assume_offline = false;
};

Survey read(const Args& args, const OpenStore& opened, const Io& io) {
  Survey survey;
  run_parallel(args, *opened.store, io,
               [&] { survey = analyzer::survey(*opened.store, analyzer::survey_options_for({})); });
  return survey;
}

int incomplete(const Args& args, const Io& io) {
  if (!args.quiet) {
    io.err << "regsweep: incomplete: not everything could be read; regsweep audit names it\n";
  }
  return static_cast<int>(Exit::kIncomplete);
}

// ---- what can come back -----------------------------------------------------------------------

/// "team/app", "team/*", "team/app:1.*".
bool read_filter(const std::string& text, const Io& io, std::vector<PastFilter>& filters) {
  std::string name = text;
  std::string tag;
  const std::size_t colon = text.rfind(':');
  const std::size_t slash = text.rfind('/');
  const bool has_tag = !text.starts_with("re:") && colon != std::string::npos &&
                       (slash == std::string::npos || colon > slash);
  if (has_tag) {
    name = text.substr(0, colon);
    tag = text.substr(colon + 1);
  }
  std::string why;
  auto repository = NamePattern::parse(name, why);
  std::optional<NamePattern> of_tag;
  if (has_tag) of_tag = NamePattern::parse(tag, why);
  if (repository && (!has_tag || of_tag)) {
    filters.push_back({*std::move(repository), std::move(of_tag)});
    return true;
  }
  io.err << "regsweep: " << reports::printable(text) << ": " << reports::printable(why)
         << "; want REPOSITORY, a pattern such as 'team/*', or REPOSITORY:TAG\n";
  return false;
}

std::string suggested(const std::vector<std::string>& names, const std::string& root) {
  if (names.empty()) return "; list all: regsweep repos " + reports::shell_word(root);
  std::string text = "; did you mean ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : " or ") + reports::printable(names[i]);
  }
  return text + '?';
}

/// Says which filters fit no repository. Returns whether all fit one.
bool all_fit(const Survey& survey, const std::vector<PastFilter>& filters, const std::string& root,
             const Io& io) {
  bool fit = true;
  for (const PastFilter& filter : filters) {
    const std::string& text = filter.repository.text();
    const bool found = std::any_of(
        survey.repositories.begin(), survey.repositories.end(), [&](const auto& repository) {
          return repository.name == text || filter.repository.matches(repository.name);
        });
    if (found) continue;
    io.err << "regsweep: " << reports::printable(text) << ": no repository has such a name"
           << suggested(analyzer::resolve_ref(survey, text).suggestions, root) << '\n';
    fit = false;
  }
  return fit;
}

int list(const Args& args, const Io& io) {
  std::vector<PastFilter> filters;
  for (const std::string& text : args.refs) {
    if (!read_filter(text, io, filters)) return static_cast<int>(Exit::kUsage);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  const Survey survey = read(args, opened, io);
  if (!all_fit(survey, filters, opened.location.argument(), io)) {
    return survey.complete ? static_cast<int>(Exit::kUsage) : incomplete(args, io);
  }
  analyzer::Recoverable past;
  run_parallel(args, [&] { past = analyzer::find_recoverable(*opened.store, survey, filters); });
  const bool is_complete = survey.complete && past.problems.empty();
  const reports::PastReport report{past, quarantined_runs(args, opened, io), opened.location.root,
                                   opened.location.argument(), is_complete};
  exit = write_results(args, io, [&](std::ostream& out) {
    if (args.json) {
      reports::write_past_json(report, out);
    } else {
      reports::write_past_text(report, text_options(args, io), out);
    }
  });
  if (exit != Exit::kDone) return static_cast<int>(exit);
  for (const std::string& problem : past.problems) {
    if (!args.quiet) io.err << "regsweep: not read: " << reports::printable(problem) << '\n';
  }
  return is_complete ? static_cast<int>(Exit::kDone) : incomplete(args, io);
}

// ---- bringing it back -------------------------------------------------------------------------

/// Why a text names nothing that a tag may mean.
std::string unresolved(const ResolvedTarget& resolved, const Survey& survey,
                       const std::string& root) {
  switch (resolved.outcome) {
    case TargetOutcome::kFound:
      return {};
    case TargetOutcome::kNotATarget:
      return fmt::format(
          "want REPOSITORY:TAG@DIGEST, with at least {} digits after sha256: or {} "
          "alone",
          analyzer::kFewestNamedDigits, analyzer::kFewestDigits);
    case TargetOutcome::kBadTag:
      return "no registry accepts a tag of this name: letters, digits, '_', and after the first "
             "'.' and '-', 128 at most";
    case TargetOutcome::kUnknownRepository:
      return "there is no such repository" + suggested(resolved.suggestions, root);
    case TargetOutcome::kUnknownDigest:
      return "nothing in the store has or names such a digest; regsweep recover " +
             reports::shell_word(root) + ' ' +
             reports::shell_word(survey.repositories[resolved.target.repository].name) +
             " lists what can come back";
    case TargetOutcome::kAmbiguous: {
      std::string text =
          reports::grouped(resolved.candidate_count) + " digests begin so; give more digits:";
      for (const storage::Digest& digest : resolved.candidates) text += "\n    " + digest.text();
      return text;
    }
  }
  return {};
}

/// What the names mean; nothing, and all that is wrong said, if one of them means nothing.
bool resolve(const Args& args, const OpenStore& opened, const Survey& survey, const Io& io,
             std::vector<RecoveryTarget>& targets) {
  bool all = true;
  std::map<std::pair<std::uint32_t, std::string>, storage::Digest> meanings;
  for (const std::string& text : args.refs) {
    const ResolvedTarget resolved = analyzer::resolve_target(*opened.store, survey, text);
    std::string why = unresolved(resolved, survey, opened.location.argument());
    if (why.empty()) {
      const RecoveryTarget& target = resolved.target;
      const auto [at, is_new] =
          meanings.try_emplace({target.repository, target.tag}, target.digest);
      if (is_new) {
        targets.push_back(target);
        continue;
      }
      if (at->second == target.digest) continue;
      why = "the same tag is to mean another digest, too";
    }
    io.err << "regsweep: " << reports::printable(text) << ": " << why << '\n';
    all = false;
  }
  if (!all) io.err << "regsweep: nothing was changed: every name must mean something\n";
  return all;
}

analyzer::Recovery work_out(const Args& args, const OpenStore& opened, const Survey& survey,
                            const std::vector<RecoveryTarget>& targets) {
  analyzer::Recovery recovery;
  const analyzer::PlanContext context = plan_context(opened);
  run_parallel(
      args, [&] { recovery = analyzer::make_recovery(*opened.store, survey, context, targets); });
  return recovery;
}

Exit exit_for(const analyzer::Recovery& recovery) noexcept {
  if (recovery.is_possible()) return Exit::kDone;
  return recovery.is_incomplete ? Exit::kIncomplete : Exit::kRefused;
}

int report(const Args& args, const reports::RecoveryReport& report, Exit end, const Io& io) {
  const Exit written = write_results(args, io, [&](std::ostream& out) {
    if (args.json) {
      reports::write_recovery_json(report, out);
    } else {
      reports::write_recovery_text(report, text_options(args, io), out);
    }
  });
  return static_cast<int>(end == Exit::kDone ? written : end);
}

/// Says what an impossible recovery ends with.
void say_impossible(const analyzer::Recovery& recovery, const Io& io) {
  io.err << "regsweep: refused, nothing was changed: ";
  if (!recovery.plan.refusals.empty()) {
    io.err << reports::printable(recovery.plan.refusals.front()) << '\n';
    return;
  }
  for (const analyzer::TagRecovery& tag : recovery.tags) {
    if (tag.lacks.empty() && tag.obstacle.empty()) continue;
    io.err << reports::printable(tag.repository) << ':' << reports::printable(tag.tag) << ' ';
    if (!tag.obstacle.empty()) {
      io.err << "cannot be recovered: " << reports::printable(tag.obstacle) << '\n';
    } else {
      const analyzer::Lack& lack = tag.lacks.front();
      io.err << "would not be whole: " << lack.what << ' ' << lack.digest.text() << ' '
             << reports::printable(lack.why) << '\n';
    }
    return;
  }
}

/// Reads, resolves and works out; nothing if that failed, and `exit` is set.
std::optional<analyzer::Recovery> prepare(const Args& args, const OpenStore& opened, const Io& io,
                                          int& exit) {
  const Survey survey = read(args, opened, io);
  std::vector<RecoveryTarget> targets;
  if (!resolve(args, opened, survey, io, targets)) {
    exit = survey.complete ? static_cast<int>(Exit::kUsage) : incomplete(args, io);
    return std::nullopt;
  }
  return work_out(args, opened, survey, targets);
}

int show(const Args& args, const OpenStore& opened, const Io& io) {
  int exit = 0;
  const auto recovery = prepare(args, opened, io, exit);
  if (!recovery) return exit;
  exit = report(args, {*recovery, std::nullopt, opened.location.root, opened.location.argument()},
                exit_for(*recovery), io);
  if (!recovery->is_possible()) {
    say_impossible(*recovery, io);
  } else if (!args.json && !recovery->plan.additions.empty()) {
    io.out << "nothing was changed; to carry it out, with the registry stopped, add --apply\n";
  }
  return exit;
}

/// A recovery that was cut off between its two moves has the tag with all that it meant in
/// quarantine: to make it anew would hide that.
std::string may_be_moved(const analyzer::Recovery& recovery,
                         const std::vector<std::string>& unfinished) {
  if (unfinished.empty()) return {};
  for (const analyzer::TagRecovery& tag : recovery.tags) {
    if (!tag.is_new) continue;
    return tag.repository + ':' + tag.tag +
           " is not there, and may be among what a run moved aside that was cut off; first " +
           unfinished.back() + ", or purge in place of undo";
  }
  return {};
}

int apply(const Args& args, const OpenStore& opened, const Io& io) {
  const std::vector<std::string> cut_off = name_unfinished_runs(args, opened, io);
  const auto sweeper = open_idle(opened, args.assume_offline, io);
  if (!sweeper) return static_cast<int>(Exit::kRefused);
  int exit = 0;
  const auto recovery = prepare(args, opened, io, exit);
  if (!recovery) return exit;
  if (!recovery->is_possible()) {
    exit = report(args, {*recovery, std::nullopt, opened.location.root, opened.location.argument()},
                  exit_for(*recovery), io);
    say_impossible(*recovery, io);
    return exit;
  }
  if (const std::string why = may_be_moved(*recovery, cut_off); !why.empty()) {
    return refuse(why, io);
  }
  reports::RecoveryReport done{*recovery, analyzer::RepairResult{}, opened.location.root,
                               opened.location.argument()};
  analyzer::ApplyProgress counts;
  const GracefulInterrupt graceful;
  note_store_changes();
  {
    const ApplyTicker ticker(counts, args, io);
    done.result = analyzer::carry_out_repair(recovery->plan, *sweeper, counts,
                                             [] { return GracefulInterrupt::asked(); });
  }
  return report(args, done, exit_for_end(done.result->end), io);
}

int run_recover(const Args& args, const Io& io) {
  const auto is_target = [](const std::string& text) {
    return text.find('@') != std::string::npos;
  };
  const auto targets = std::count_if(args.refs.begin(), args.refs.end(), is_target);
  if (targets == 0 && !args.do_it) return list(args, io);
  if (static_cast<std::size_t>(targets) != args.refs.size() || args.refs.empty()) {
    io.err << "regsweep: "
           << (targets == 0
                   ? "--apply needs to know what is to come back: give REPOSITORY:TAG@DIGEST"
                   : "give either REPOSITORY:TAG@DIGEST each, or repositories to list")
           << "; nothing was changed\n";
    return static_cast<int>(Exit::kUsage);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  return args.do_it ? apply(args, opened, io) : show(args, opened, io);
}

}  // namespace

void add_recover(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "recover", "List what tags meant before and images that lost their tag; brings them back");
  add_common(*command, *args);
  require_store(*command);
  command
      ->add_option(
          "REF", args->refs,
          "REPOSITORY:TAG@DIGEST: the tag is to mean this again; the digest may be short.\n"
          "Without '@' only list: a REPOSITORY, a pattern such as 'team/*', or\n"
          "REPOSITORY:TAG")
      ->type_name("");
  command->add_flag("--apply", args->do_it, "Carry it out; without this nothing is changed");
  command->add_flag("--assume-offline", args->assume_offline,
                    "Go on although something seems to use the store");
  command->footer(
      "Examples:\n"
      "  regsweep recover /var/lib/registry team/app\n"
      "  regsweep recover --apply /var/lib/registry team/app:1.0@sha256:4f2a9c\n\n"
      "Exit status: 0 done or shown, 2 usage, or a name that means nothing or several things,\n"
      "4 something could not be read, 5 refused: an image is not whole, or for safety,\n"
      "7 stopped part-way, 130 interrupted.");
  command->callback(
      [args, &job] { job = [args](const Io& io) { return run_recover(*args, io); }; });
}

}  // namespace regsweep::cli
