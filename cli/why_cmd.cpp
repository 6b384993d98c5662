// regsweep why: what keeps an object, what refers to it, and what deleting it would free.
#include "analyzer/audit.h"
#include "analyzer/why.h"
#include "cli/command.h"
#include "cli/reading.h"
#include "reports/ref_text.h"
#include "reports/why_report.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  std::string ref;
};

int run_why(const Args& args, const Io& io) {
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  const analyzer::FindingContext context = audit_options(opened).context;
  analyzer::Survey survey;
  analyzer::ResolvedRef resolved;
  analyzer::Why why;
  run_parallel(args, *opened.store, io, [&] {
    analyzer::Damage damage;
    survey = analyzer::confirmed_survey(*opened.store, {}, damage);
    resolved = analyzer::resolve_ref(survey, args.ref);
    if (resolved.outcome != analyzer::RefOutcome::kResolved) return;
    const analyzer::Accounts accounts = analyzer::account(survey);
    why = analyzer::explain(*opened.store, survey, accounts, damage, resolved.ref,
                            {context.root, context.database_lock});
  });
  const auto incomplete = [&] { return static_cast<int>(exit_of_reading(survey, args, io)); };
  if (resolved.outcome != analyzer::RefOutcome::kResolved) {
    reports::write_ref_problem(survey, args.ref, resolved, args.store, io.err);
    // What could not be read may hold it: then nobody can say that it is not there.
    const bool is_known = resolved.outcome == analyzer::RefOutcome::kAmbiguous ||
                          resolved.outcome == analyzer::RefOutcome::kNotARef;
    return survey.complete || is_known ? static_cast<int>(Exit::kUsage) : incomplete();
  }
  exit = write_results(args, io, [&](std::ostream& out) {
    const reports::WhyReport report{survey, why, args.ref, opened.location.argument(),
                                    opened.location.root};
    if (args.json) {
      reports::write_why_json(report, args.verbose, out);
    } else {
      reports::write_why_text(report, text_options(args, io), out);
    }
  });
  if (exit != Exit::kDone) return static_cast<int>(exit);
  if (!survey.complete) return incomplete();
  return static_cast<int>(why.live_damage() ? Exit::kDamage : Exit::kDone);
}

}  // namespace

void add_why(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "why",
      "Say what keeps an object, what refers to it and what deleting it frees; never writes");
  add_common(*command, *args);
  command
      ->add_option("REF", args->ref,
                   "A digest, also short (sha256:ab12… or 6 of its digits), REPOSITORY:TAG,\n"
                   "REPOSITORY@DIGEST or a REPOSITORY")
      ->required();
  command->footer(
      "Examples:\n"
      "  regsweep why /var/lib/registry team/app:1.0\n"
      "  regsweep why --json /var/lib/registry sha256:3a7bd3e2360a\n\n"
      "Exit status: 0 done, 2 usage, or REF names nothing or several objects, 3 the object is "
      "alive\n"
      "and it or what it needs is damaged or missing, 4 incomplete: something could not be read,\n"
      "5 the output would lie in the store, 130 interrupted.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_why(*args, io); }; });
}

}  // namespace regsweep::cli
