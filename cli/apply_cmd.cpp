// regsweep apply: carries out a plan file, after checking that it still fits the store.
#include "analyzer/repair.h"
#include "cli/input.h"
#include "cli/repair.h"
#include "cli/sweep.h"
#include "reports/humanize.h"
#include "reports/plan_report.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  std::string plan;
  ApplyArgs apply;
};

int run_apply(const Args& args, const Io& io) {
  const auto text = read_file(args.plan);
  if (!text) {
    io.err << "regsweep: " << reports::printable(args.plan) << ": " << text.error().message
           << "; nothing was changed\n";
    return static_cast<int>(Exit::kUsage);
  }
  const auto plan = reports::read_plan_json(*text);
  if (!plan) {
    io.err << "regsweep: " << reports::printable(args.plan)
           << ": refused, nothing was changed: " << plan.error().message << '\n';
    return static_cast<int>(Exit::kRefused);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  const std::string& where = plan->config_path.empty() ? plan->root : plan->config_path;
  CommonArgs of_plan = args;
  of_plan.store = where;
  if (!open_store(of_plan, io, opened, exit)) return static_cast<int>(exit);
  if (opened.location.root != plan->root || opened.location.v2 != plan->v2) {
    io.err << "regsweep: the plan is for the store " << reports::printable(plan->root)
           << ", which is not there any more; nothing was changed\n";
    return static_cast<int>(Exit::kPlanOutdated);
  }
  if (plan->repair) {
    if (args.apply.no_quarantine) {
      io.err << "regsweep: a repair goes by way of quarantine: leave out --no-quarantine\n";
      return static_cast<int>(Exit::kUsage);
    }
    return apply_repair(args, args.apply.assume_offline, opened, analyzer::rules_to_recheck(*plan),
                        &*plan, io);
  }
  analyzer::PlanRules rules = plan->rules;
  rules.enough_bytes.reset();  // all that may go: the plan names what of it does
  return sweep(args, args.apply, opened, rules, &*plan, io);
}

}  // namespace

void add_apply(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command =
      app.add_subcommand("apply", "Carry out a plan, after checking that it still fits");
  command->add_option("PLAN", args->plan, "A file that regsweep plan or repair wrote")->required();
  command->add_flag("--json", args->json, "One JSON object instead of text");
  add_apply_options(*command, args->apply);
  add_run_options(*command, *args);
  command->footer(
      "Examples:\n"
      "  regsweep apply plan.json\n"
      "  regsweep apply --no-quarantine plan.json\n\n"
      "Exit status: 0 done, 1 more than --max-delete, 2 usage, 3 something alive stays damaged "
      "after\n"
      "a repair, 4 something could not be read, 5 refused for safety, 6 the plan no longer fits "
      "the\n"
      "store, 7 stopped part-way (run it again to go on), 130 interrupted.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_apply(*args, io); }; });
}

}  // namespace regsweep::cli
