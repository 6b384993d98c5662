#include "cli/sweep.h"

#include <algorithm>
#include <ctime>

#include "cli/interrupt.h"
#include "cli/limit.h"
#include "cli/process.h"
#include "cli/progress.h"
#include "reports/humanize.h"
#include "reports/plan_report.h"
#include "storage/setup.h"
#include "storage/writers.h"

namespace regsweep::cli {
namespace {

std::string check_size(const std::string& text) {
  return reports::parse_size(text) ? "" : "want a size such as 500M or 50G";
}
std::string check_percent(const std::string& text) {
  return reports::parse_percent(text) ? "" : "want a percentage such as 50%";
}

std::uint64_t free_bytes(const storage::Store& store) {
  const auto disk = store.disk();
  return disk ? disk->available_bytes : 0;
}

/// The config of the registry that has this root, as far as it can be told.
std::optional<storage::RegistryConfig> config_of(const OpenStore& opened, const Io& io) {
  if (opened.location.config) return opened.location.config;
  return storage::standard_config_of(opened.location.root, io.environment);
}

}  // namespace

Exit exit_for_end(analyzer::ApplyEnd end) {
  switch (end) {
    case analyzer::ApplyEnd::kDone:
      return Exit::kDone;
    case analyzer::ApplyEnd::kRefused:
      return Exit::kRefused;
    case analyzer::ApplyEnd::kStopped:
      return Exit::kApplyStopped;
    case analyzer::ApplyEnd::kInterrupted:
      return Exit::kInterrupted;
  }
  return Exit::kApplyStopped;
}

int refuse(const std::string& reason, const Io& io) {
  io.err << "regsweep: refused, nothing was changed: " << reports::printable(reason) << '\n';
  return static_cast<int>(Exit::kRefused);
}

void add_rules(CLI::App& command, RuleArgs& args) {
  command.add_flag("--untagged", args.untagged, "Untagged manifests too, with what only they use");
  command.add_flag("--links", args.links,
                   "Layer links too that no manifest of their repository needs, or that dangle");
  command
      .add_option("--uploads", args.uploads_age, "Unfinished uploads at least this old too, as 7d")
      ->type_name("AGE")
      ->check(age_validator());
  command.add_flag("--temporary", args.temporary, "Temporary files too that crashes left");
  command.add_flag("--stale-tags", args.stale_tags, "Records too of what tags meant before");
  command.add_flag("--empty", args.empty, "Empty directories and repositories too");
  command.add_option("--min-age", args.min_age, "Keep everything younger than this (default 24h)")
      ->type_name("AGE")
      ->check(age_validator());
  command
      .add_option("--free", args.enough,
                  "Stop when this much is freed, what is cheapest to lose first, as 50G")
      ->type_name("SIZE")
      ->check(CLI::Validator(check_size, ""));
  add_roots_option(command, args.roots);
  command
      .add_option("--ignore-damaged", args.ignore_damaged,
                  "Go on although this digest or repository cannot be understood or read")
      ->allow_extra_args(false)  // each takes one, so that STORE may follow
      ->type_name("DIGEST|REPOSITORY");
}

void add_apply_options(CLI::App& command, ApplyArgs& args) {
  command.add_flag("--no-quarantine", args.no_quarantine,
                   "Delete at once: needs no free byte, frees them now, cannot be undone");
  command.add_flag("--assume-offline", args.assume_offline,
                   "Go on although something seems to use the store");
  command
      .add_option("--max-delete", args.max_delete,
                  "Refuse to remove more than this share of the blobs' bytes (default 50%)")
      ->type_name("PERCENT")
      ->check(CLI::Validator(check_percent, ""));
}

analyzer::PlanRules rules_from(const RuleArgs& args) {
  analyzer::PlanRules rules;
  rules.untagged = args.untagged;
  rules.dead_links = args.links;
  rules.temporary = args.temporary;
  rules.stale_tags = args.stale_tags;
  rules.empty = args.empty;
  if (!args.uploads_age.empty()) rules.uploads_age_seconds = reports::parse_age(args.uploads_age);
  rules.min_age_seconds = reports::parse_age(args.min_age).value_or(24 * 3600);
  if (!args.enough.empty()) rules.enough_bytes = reports::parse_size(args.enough);
  rules.ignore_damaged = args.ignore_damaged;
  return rules;
}

analyzer::PlanContext plan_context(const OpenStore& opened) {
  analyzer::PlanContext context;
  context.root = opened.location.root;
  context.v2 = opened.location.v2;
  context.now_seconds = std::time(nullptr);
  context.database_lock = opened.location.database_lock;
  context.harbor = opened.location.harbor;
  if (opened.location.config) context.config_path = opened.location.argument();
  return context;
}

Planned make_planned(const CommonArgs& args, const OpenStore& opened,
                     const analyzer::PlanRules& rules, const Io& io) {
  Planned planned;
  planned.context = plan_context(opened);
  run_parallel(args, *opened.store, io, [&] {
    planned.survey = analyzer::survey(*opened.store, analyzer::survey_options_for(rules));
    planned.plan = analyzer::make_plan(*opened.store, planned.survey, rules, planned.context);
  });
  return planned;
}

Exit exit_for(const Planned& planned) noexcept {
  if (planned.plan.refusals.empty()) {
    return planned.plan.problems.empty() ? Exit::kDone : Exit::kIncomplete;
  }
  return planned.survey.complete ? Exit::kRefused : Exit::kIncomplete;
}

std::string in_use(const OpenStore& opened, const Io& io) {
  const auto processes = storage::processes_with_open_files(opened.location.root);
  if (!processes.empty()) {
    return processes.front() + " is open: stop the registry, or --assume-offline";
  }
  if (!storage::sees_all_processes()) {
    io.err
        << "regsweep: other users' processes could not be looked at for one that uses the store: "
           "make sure that the registry is stopped, or run this as root\n";
  }
  const auto config = config_of(opened, io);
  if (!config) return {};
  if (config->harbor) {
    return "Harbor keeps tags in a database of its own: clean with Harbor's garbage collection, or "
           "--assume-offline";
  }
  if (config->read_only) return {};
  const std::string address = storage::answering_address(*config);
  if (address.empty()) return {};
  return "something answers at the registry's address " + address +
         ": stop it or set it read-only, or --assume-offline";
}

std::unique_ptr<storage::Sweeper> open_idle(const OpenStore& opened, bool assume_offline,
                                            const Io& io) {
  auto sweeper = storage::open_sweeper(opened.location.root, opened.location.v2);
  if (!sweeper) {
    say(sweeper.error(), io);
    return nullptr;
  }
  if (!assume_offline) {
    if (const std::string why = in_use(opened, io); !why.empty()) {
      refuse(why, io);
      return nullptr;
    }
  }
  return std::move(*sweeper);
}

namespace {

/// Why the plan may not be carried out, said; nothing if it may.
std::optional<Exit> refused(const Planned& planned, const ApplyArgs& args,
                            const analyzer::Plan* given, const Io& io) {
  if (!planned.plan.refusals.empty() && given == nullptr && planned.plan.removals.empty()) {
    refuse(planned.plan.refusals.front(), io);
    return exit_for(planned);
  }
  const double percent =
      args.max_delete.empty() ? 50 : reports::parse_percent(args.max_delete).value_or(50);
  const analyzer::Objection objection = analyzer::objection_to(planned.plan, percent);
  if (objection.reason.empty()) return std::nullopt;
  refuse(objection.reason, io);
  const bool users_limit = objection.is_share && !args.max_delete.empty();
  return users_limit ? Exit::kLimitExceeded : Exit::kRefused;
}

reports::ApplySummary carry_out(const CommonArgs& common, const ApplyArgs& args,
                                const OpenStore& opened, Planned& planned,
                                storage::Sweeper& sweeper, const Io& io) {
  reports::ApplySummary summary;
  summary.promised = planned.plan.total;
  summary.held_back = planned.plan.held_back;
  summary.min_age_seconds = planned.plan.rules.min_age_seconds;
  summary.quarantine = !args.no_quarantine;
  summary.store = reports::shell_word(opened.location.argument());
  summary.disk_free_before = free_bytes(*opened.store);
  analyzer::ApplyOptions options;
  options.quarantine = !args.no_quarantine;
  options.context = planned.context;
  analyzer::ApplyProgress counts;
  const GracefulInterrupt graceful;
  note_store_changes();
  {
    const ApplyTicker ticker(counts, common, io);
    run_parallel(common, [&] {
      summary.result =
          analyzer::carry_out(planned.plan, std::move(planned.survey), *opened.store, sweeper,
                              options, counts, [] { return GracefulInterrupt::asked(); });
    });
  }
  summary.disk_free_after = free_bytes(*opened.store);
  return summary;
}

/// Says what of the plan's making keeps things in the store, and returns how the whole ended:
/// `of_plan` if all of it was carried out.
Exit told_end(const analyzer::Plan& plan, Exit of_plan, const analyzer::ApplyResult& result,
              const Io& io) {
  const Exit exit = exit_for_end(result.end);
  if (exit == Exit::kDone) {
    for (const std::string& why : plan.refusals) {
      io.err << "regsweep: no blob went: " << reports::printable(why) << '\n';
    }
  }
  for (const std::string& problem : plan.problems) {
    io.err << "regsweep: left, it could not be looked at: " << reports::printable(problem) << '\n';
  }
  if (exit != Exit::kDone) return exit;
  // Something went, and something stayed that should have gone.
  if (!plan.problems.empty() && result.total.objects != 0) return Exit::kApplyStopped;
  return of_plan;
}

}  // namespace

int sweep(const CommonArgs& common, const ApplyArgs& args, const OpenStore& opened,
          const analyzer::PlanRules& rules, const analyzer::Plan* given, const Io& io) {
  const auto sweeper = open_idle(opened, args.assume_offline, io);
  if (!sweeper) return static_cast<int>(Exit::kRefused);
  analyzer::PlanRules now = rules;
  // What an interrupted apply took before is no reason for what is left to stay.
  if (given != nullptr && now.deletions) now.deletions->garbage_too = true;
  Planned planned = make_planned(common, opened, now, io);
  if (given != nullptr) {
    if (const std::string why = analyzer::mismatch(*given, planned.plan, *sweeper); !why.empty()) {
      io.err << "regsweep: the plan no longer fits the store, nothing was changed: "
             << reports::printable(why) << "; make a new one\n";
      return static_cast<int>(Exit::kPlanOutdated);
    }
    planned.plan = analyzer::narrowed(std::move(planned.plan), *given, !args.no_quarantine);
  }
  if (const auto exit = refused(planned, args, given, io)) return static_cast<int>(*exit);
  const Exit of_plan = exit_for(planned);
  reports::ApplySummary summary = carry_out(common, args, opened, planned, *sweeper, io);
  if (given != nullptr) {
    // Those that went before this run looked: left out of its plan, or also counted by it.
    std::uint64_t& gone = summary.result.already_gone;
    gone += given->removals.size() - planned.plan.removals.size();
    gone = std::max<std::uint64_t>(gone, given->removals.size() - planned.plan.total.objects);
  }
  const Exit written = write_results(common, io, [&](std::ostream& out) {
    if (common.json) {
      reports::write_apply_json(summary, out);
    } else {
      reports::write_apply_text(summary, text_options(common, io), out);
    }
  });
  const Exit end = told_end(planned.plan, of_plan, summary.result, io);
  return static_cast<int>(end == Exit::kDone ? written : end);
}

}  // namespace regsweep::cli
