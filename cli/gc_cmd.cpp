// regsweep gc: the plan and the sweep in one step.
#include <algorithm>
#include <array>

#include "cli/collect.h"
#include "cli/sweep.h"
#include "reports/plan_report.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  RuleArgs rules;
  ApplyArgs apply;
  bool do_it = false;
  std::string semantics;
  const CLI::App* command = nullptr;
};

/// What --semantics goes with; its output is the registry's own.
constexpr std::array<std::string_view, 7> kOfSemantics = {
    "--semantics", "--apply", "--untagged", "--jobs", "--progress", "--quiet", "STORE"};

/// An option that the user gave and that would do nothing beside --semantics; empty: there is none.
std::string unheeded(const Args& args) {
  for (const CLI::Option* option : args.command->get_options()) {
    if (option->count() == 0) continue;
    const std::string name =
        option->get_positional() ? option->get_name() : "--" + option->get_lnames().front();
    if (std::find(kOfSemantics.begin(), kOfSemantics.end(), name) == kOfSemantics.end()) {
      return name;
    }
  }
  return {};
}

int run_gc(const Args& args, const Io& io) {
  if (!args.semantics.empty()) {
    if (const std::string option = unheeded(args); !option.empty()) {
      io.err
          << "regsweep: " << option
          << " goes without --semantics: the registry's own collector would not heed it; nothing "
             "was changed\n";
      return static_cast<int>(Exit::kUsage);
    }
    return collect({args, !args.do_it, args.rules.untagged, args.semantics}, io);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  analyzer::PlanRules rules = rules_from(args.rules);
  if (!read_roots(args, args.rules.roots, opened, io, rules.pinned, exit)) {
    return static_cast<int>(exit);
  }
  if (args.do_it) return sweep(args, args.apply, opened, rules, nullptr, io);
  const Planned planned = make_planned(args, opened, rules, io);
  exit = write_results(args, io, [&](std::ostream& out) {
    if (args.json) {
      reports::write_plan_json(planned.plan, out);
      return;
    }
    reports::write_plan_text(planned.plan, text_options(args, io), out);
    if (planned.plan.removals.empty()) return;
    out << "nothing was changed; to carry it out, with the registry stopped, add --apply\n";
  });
  return static_cast<int>(exit == Exit::kDone ? exit_for(planned) : exit);
}

}  // namespace

void add_gc(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command =
      app.add_subcommand("gc", "Show what nothing refers to, and with --apply take it away");
  args->command = command;
  add_common(*command, *args);
  command->add_flag("--apply", args->do_it, "Carry it out; without this nothing is changed");
  command
      ->add_option(
          "--semantics", args->semantics,
          "Exactly as `registry garbage-collect` of registry-2.8 or registry-3 does it, with\n"
          "what that loses; --untagged stands for its -m, no other rule goes with it")
      ->check(CLI::IsMember({"registry-2.8", "registry-3"}))
      ->type_name("WHOSE");
  add_rules(*command, args->rules);
  add_apply_options(*command, args->apply);
  command->footer(
      "Examples:\n"
      "  regsweep gc /var/lib/registry\n"
      "  regsweep gc --apply --no-quarantine --uploads 7d /etc/docker/registry/config.yml\n\n"
      "Exit status: 0 done, 1 more than --max-delete, 2 usage, 4 something could not be read,\n"
      "5 refused for safety (no blob went; what else was asked for may have), 7 stopped\n"
      "part-way (run it again to go on), 130 interrupted. With --semantics it is\n"
      "the registry's own: 0 done, 1 it aborts, 2 it would crash or usage,\n"
      "4 something could not be read.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_gc(*args, io); }; });
}

}  // namespace regsweep::cli
