#include "cli/deletion.h"

#include "cli/limit.h"
#include "reports/deletion_report.h"
#include "reports/humanize.h"
#include "reports/plan_report.h"

namespace regsweep::cli {
namespace {

/// The deletion's plan, and what it frees with a sweep that holds nothing back for its age.
struct Outlook {
  analyzer::Plan plan;
  analyzer::Plan swept;
};

Outlook look_out(const DeletionArgs& args, Subject& subject, const analyzer::PlanRules& rules) {
  Outlook outlook;
  const analyzer::PlanContext context = plan_context(subject.opened);
  run_parallel(args, [&] {
    const auto plan = [&](const analyzer::PlanRules& by) {
      return analyzer::make_plan(*subject.opened.store, subject.survey, by, context);
    };
    outlook.plan = plan(rules);
    analyzer::PlanRules all = rules;
    all.deletions->sweep = true;
    all.min_age_seconds = 0;
    outlook.swept = plan(all);
  });
  return outlook;
}

/// A file gets the plan, and the screen with --json what the command says in JSON; with -o - alone
/// the screen gets the plan.
Exit write_json(const DeletionArgs& args, const analyzer::Plan& plan, const Views& views,
                const Io& io) {
  const auto write_plan = [&](std::ostream& out) { reports::write_plan_json(plan, out); };
  if (args.writes_file() || (!args.json && !args.output.empty())) {
    if (const Exit done = write_results(args, io, write_plan); done != Exit::kDone) return done;
  }
  if (!args.json || (args.writes_file() && !views.json)) return Exit::kDone;
  CommonArgs to_screen = args;
  to_screen.output.clear();
  if (views.json) return write_results(to_screen, io, views.json);
  return write_results(to_screen, io, write_plan);
}

}  // namespace

void add_deletion_options(CLI::App& command, DeletionArgs& args) {
  command.add_flag("--apply", args.do_it, "Carry it out; without this nothing is changed");
  command.add_flag("--sweep", args.sweep,
                   "Free the space in the same go: manifests and blobs that nothing else needs");
  command
      .add_option("--min-age", args.min_age,
                  "With --sweep, keep blobs younger than this (default 24h)")
      ->type_name("AGE")
      ->check(age_validator());
  add_roots_option(command, args.roots);
  add_apply_options(command, args.apply);
}

bool read_subject(const DeletionArgs& args, const Io& io, Subject& subject, Exit& exit) {
  if (!open_store(args, io, subject.opened, exit)) return false;
  if (!read_roots(args, args.roots, subject.opened, io, subject.pinned, exit)) return false;
  run_parallel(args, *subject.opened.store, io, [&] {
    analyzer::SurveyOptions options = analyzer::survey_options_for({});
    options.pinned = subject.pinned;
    subject.survey = analyzer::survey(*subject.opened.store, options);
  });
  return true;
}

int show_or_delete(const DeletionArgs& args, Subject& subject, const analyzer::Deletions& deletions,
                   const Views& views, const Io& io) {
  analyzer::PlanRules rules;
  rules.min_age_seconds = reports::parse_age(args.min_age).value_or(24 * 3600);
  rules.deletions = deletions;
  rules.pinned = subject.pinned;
  rules.deletions->sweep = args.sweep;
  if (args.do_it) return sweep(args, args.apply, subject.opened, rules, nullptr, io);
  const Outlook outlook = look_out(args, subject, rules);
  const Exit written = write_json(args, outlook.plan, views, io);
  if (written != Exit::kDone) return static_cast<int>(written);
  if (args.prints_text()) {
    CommonArgs to_terminal = args;
    to_terminal.output.clear();
    const reports::TextOptions text = text_options(to_terminal, io);
    views.text(text, io.out);
    reports::write_plan_text(outlook.plan, text, io.out);
    reports::write_frees(outlook.plan, outlook.swept, text, io.out);
    if (outlook.plan.removals.empty()) {
      io.out << "nothing was changed\n";
    } else if (args.output.empty()) {
      io.out << "nothing was changed; to carry it out, with the registry stopped, add --apply\n";
    } else {
      io.out << "nothing was changed; carry it out: regsweep apply "
             << reports::shell_word(args.output) << '\n';
    }
  }
  for (const std::string& problem : outlook.plan.problems) {
    io.err << "regsweep: left: " << reports::printable(problem) << '\n';
  }
  if (!outlook.plan.refusals.empty()) {
    return static_cast<int>(subject.survey.complete ? Exit::kRefused : Exit::kIncomplete);
  }
  const bool complete = outlook.plan.problems.empty() && subject.survey.complete;
  return static_cast<int>(complete ? Exit::kDone : Exit::kIncomplete);
}

}  // namespace regsweep::cli
