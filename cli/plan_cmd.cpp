// regsweep plan: what a sweep would remove, as a file to review and to apply later.
#include "analyzer/account.h"
#include "analyzer/finding.h"
#include "analyzer/savings.h"
#include "cli/sweep.h"
#include "reports/humanize.h"
#include "reports/plan_report.h"
#include "reports/savings_report.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  RuleArgs rules;
};

/// What would free most, whatever the rules of this plan are.
std::vector<analyzer::Saving> savings_of(const Args& args, Planned& planned) {
  std::vector<analyzer::Saving> savings;
  run_parallel(args, [&] {
    const analyzer::Accounts accounts = analyzer::account(planned.survey);
    const analyzer::FindingContext usual;
    savings =
        analyzer::what_frees_most(planned.survey, accounts,
                                  analyzer::old_uploads(planned.survey, planned.context.now_seconds,
                                                        usual.upload_age_seconds));
  });
  return savings;
}

int run_plan(const Args& args, const Io& io) {
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  analyzer::PlanRules rules = rules_from(args.rules);
  if (!read_roots(args, args.rules.roots, opened, io, rules.pinned, exit)) {
    return static_cast<int>(exit);
  }
  Planned planned = make_planned(args, opened, rules, io);
  if (args.json || !args.output.empty()) {
    exit = write_results(args, io,
                         [&](std::ostream& out) { reports::write_plan_json(planned.plan, out); });
    if (exit != Exit::kDone) return static_cast<int>(exit);
  }
  if (args.prints_text()) {
    CommonArgs to_terminal = args;
    to_terminal.output.clear();
    const reports::TextOptions text = text_options(to_terminal, io);
    reports::write_plan_text(planned.plan, text, io.out);
    reports::write_savings(savings_of(args, planned), text, io.out);
    io.out << '\n';
    if (planned.plan.removals.empty()) {
      io.out << "nothing is to be carried out\n";
    } else if (args.output.empty()) {
      io.out << "nothing was written; to carry it out later, add -o plan.json, and then: regsweep "
                "apply plan.json\n";
    } else {
      io.out << "carry it out: regsweep apply " << reports::shell_word(args.output) << '\n';
    }
  }
  return static_cast<int>(exit_for(planned));
}

}  // namespace

void add_plan(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "plan", "Work out what a sweep would remove; writes the plan file and nothing else");
  add_common(*command, *args);
  add_rules(*command, args->rules);
  command->footer(
      "Examples:\n"
      "  regsweep plan -o plan.json /var/lib/registry\n"
      "  regsweep plan --untagged --uploads 7d -v /etc/docker/registry/config.yml\n\n"
      "Exit status: 0 planned, 2 usage, 4 something could not be read, 5 no blob may be swept, or\n"
      "the output would lie in the store, 130 interrupted: nothing was written.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_plan(*args, io); }; });
}

}  // namespace regsweep::cli
