#pragma once

#include <memory>
#include <string>

#include "analyzer/apply.h"
#include "cli/command.h"
#include "cli/roots.h"

namespace regsweep::cli {

/// What plan and gc let the user choose.
struct RuleArgs {
  bool untagged = false;
  bool links = false;
  bool temporary = false;
  bool stale_tags = false;
  bool empty = false;
  std::string uploads_age;
  std::string min_age = "24h";
  std::string enough;
  std::string roots;
  std::vector<std::string> ignore_damaged;
};

/// What gc --apply and apply let the user choose.
struct ApplyArgs {
  bool no_quarantine = false;
  bool assume_offline = false;
  std::string max_delete;  ///< empty: the built-in 50 %
};

void add_rules(CLI::App& command, RuleArgs& args);
void add_apply_options(CLI::App& command, ApplyArgs& args);
analyzer::PlanRules rules_from(const RuleArgs& args);

/// The exit code for how an apply ended.
Exit exit_for_end(analyzer::ApplyEnd end);

/// Says that nothing was done, and why; returns the exit code for it.
int refuse(const std::string& reason, const Io& io);

/// What a plan for a store is made in.
analyzer::PlanContext plan_context(const OpenStore& opened);

/// A plan with what it was made from.
struct Planned {
  analyzer::Survey survey;
  analyzer::Plan plan;
  analyzer::PlanContext context;
};

/// Reads the store and makes a plan of it.
Planned make_planned(const CommonArgs& args, const OpenStore& opened,
                     const analyzer::PlanRules& rules, const Io& io);

/// The exit code for a plan that is only shown.
Exit exit_for(const Planned& planned) noexcept;

/// Makes the plan anew under the store's lock and carries it out: all of it, or, if `given` is set,
/// what that plan names. Prints the outcome. The one way in which gc, delete, prune and apply
/// remove content.
int sweep(const CommonArgs& common, const ApplyArgs& args, const OpenStore& opened,
          const analyzer::PlanRules& rules, const analyzer::Plan* given, const Io& io);

/// Why the store may be in use; empty if it seems not to be. Says on `io.err`, with --quiet too, if
/// only this user's processes could be looked at.
std::string in_use(const OpenStore& opened, const Io& io);

/// Opens a store for changing and takes its lock, unless it may be in use; or says why not: exit
/// code kRefused, as nothing was changed.
std::unique_ptr<storage::Sweeper> open_idle(const OpenStore& opened, bool assume_offline,
                                            const Io& io);

}  // namespace regsweep::cli
