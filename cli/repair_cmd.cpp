// regsweep repair: mends links, moves damaged blobs aside, brings blobs and manifests back.
#include "analyzer/repair.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/process.h"
#include "cli/progress.h"
#include "cli/repair.h"
#include "cli/sweep.h"
#include "cli/unfinished_runs.h"
#include "reports/humanize.h"
#include "reports/repair_report.h"
#include "storage/blob_source.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  bool do_it = false;
  bool drop_dangling = false;
  bool lost_found = false;
  bool verify = false;
  bool assume_offline = false;
  std::string damaged;
  std::vector<std::string> from;
};

using Sources = std::vector<storage::BlobSource>;

/// Opens what --from names; the rules get their absolute paths.
bool open_sources(const std::vector<std::string>& names, const Io& io, Sources& sources,
                  Exit& exit) {
  for (const std::string& name : names) {
    auto source = storage::BlobSource::open(name, io.environment);
    if (!source) {
      exit = say(source.error(), io);
      return false;
    }
    sources.push_back(std::move(*source));
  }
  return true;
}

/// Reads what --damaged names.
bool read_suspects(const std::string& path, const Io& io, std::vector<storage::Digest>& suspects) {
  if (path.empty()) return true;
  const auto text = read_file(path);
  std::string why;
  if (text) {
    auto damaged = reports::read_damaged_report(*text);
    if (damaged) {
      suspects = std::move(*damaged);
      return true;
    }
    why = damaged.error().message;
  } else {
    why = text.error().message;
  }
  io.err << "regsweep: " << reports::printable(path) << ": " << reports::printable(why)
         << "; nothing was changed\n";
  return false;
}

analyzer::Repair work_out(const CommonArgs& common, const OpenStore& opened,
                          const analyzer::RepairRules& rules, const Sources& sources,
                          const Io& io) {
  analyzer::Repair repair;
  const analyzer::PlanContext context = plan_context(opened);
  analyzer::ContentProgress counts;
  const VerifyTicker ticker(opened.store->progress(), counts, common, io);
  run_parallel(common, [&] {
    repair = analyzer::make_repair(*opened.store, rules, context, sources, counts);
  });
  return repair;
}

/// The exit code for what a repair finds, before or after it is carried out.
Exit exit_for(const analyzer::Repair& repair) noexcept {
  if (!repair.plan.refusals.empty()) {
    return repair.plan.problems.empty() ? Exit::kRefused : Exit::kIncomplete;
  }
  if (!repair.plan.problems.empty()) return Exit::kIncomplete;
  return repair.damage_remains ? Exit::kDamage : Exit::kDone;
}

Exit exit_for(const analyzer::RepairResult& result, const analyzer::Repair& repair) {
  const Exit end = exit_for_end(result.end);
  return end == Exit::kDone ? exit_for(repair) : end;
}

void name_problems(const CommonArgs& common, const analyzer::Repair& repair, const Io& io) {
  if (common.quiet) return;
  for (const std::string& problem : repair.plan.problems) {
    io.err << "regsweep: left, it could not be read: " << reports::printable(problem) << '\n';
  }
}

int show(const Args& args, const OpenStore& opened, const analyzer::RepairRules& rules,
         const Sources& sources, const Io& io) {
  const analyzer::Repair repair = work_out(args, opened, rules, sources, io);
  Exit exit = Exit::kDone;
  if (args.json || !args.output.empty()) {
    exit = write_results(args, io,
                         [&](std::ostream& out) { reports::write_repair_json(repair, out); });
    if (exit != Exit::kDone) return static_cast<int>(exit);
  }
  if (args.prints_text()) {
    CommonArgs to_terminal = args;
    to_terminal.output.clear();
    reports::write_repair_text(repair, text_options(to_terminal, io), io.out);
    if (!repair.plan.removals.empty() || !repair.plan.additions.empty()) {
      io.out << "nothing was changed; to carry it out, with the registry stopped, "
             << (args.output.empty() ? std::string("add --apply")
                                     : "regsweep apply " + reports::shell_word(args.output))
             << '\n';
    }
  }
  name_problems(args, repair, io);
  return static_cast<int>(exit_for(repair));
}

int run_repair(const Args& args, const Io& io) {
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  analyzer::RepairRules rules;
  rules.drop_dangling = args.drop_dangling;
  rules.lost_found = args.lost_found;
  rules.read_all = args.verify;
  if (!read_suspects(args.damaged, io, rules.suspects)) return static_cast<int>(Exit::kUsage);
  Sources sources;
  if (!open_sources(args.from, io, sources, exit)) return static_cast<int>(exit);
  for (const storage::BlobSource& source : sources) rules.sources.push_back(source.path());
  if (args.do_it) return apply_repair(args, args.assume_offline, opened, rules, nullptr, io);
  return show(args, opened, rules, sources, io);
}

}  // namespace

int apply_repair(const CommonArgs& common, bool assume_offline, const OpenStore& opened,
                 const analyzer::RepairRules& rules, const analyzer::Plan* given, const Io& io) {
  name_unfinished_runs(common, opened, io);
  const auto sweeper = open_idle(opened, assume_offline, io);
  if (!sweeper) return static_cast<int>(Exit::kRefused);
  Sources sources;
  Exit exit = Exit::kDone;
  if (!open_sources(rules.sources, io, sources, exit)) return static_cast<int>(exit);
  analyzer::Repair repair = work_out(common, opened, rules, sources, io);
  if (given != nullptr) {
    const std::string why = analyzer::repair_mismatch(*given, repair.plan, *opened.store);
    if (!why.empty()) {
      io.err << "regsweep: the plan no longer fits the store, nothing was changed: "
             << reports::printable(why) << "; make a new one\n";
      return static_cast<int>(Exit::kPlanOutdated);
    }
    repair.plan = analyzer::narrowed_repair(std::move(repair.plan), *given, *opened.store);
  }
  if (!repair.plan.refusals.empty()) {
    refuse(repair.plan.refusals.front(), io);
    return static_cast<int>(exit_for(repair));
  }
  reports::RepairSummary summary;
  summary.store = reports::shell_word(opened.location.argument());
  analyzer::ApplyProgress counts;
  const GracefulInterrupt graceful;
  note_store_changes();
  {
    const ApplyTicker ticker(counts, common, io);
    summary.result = analyzer::carry_out_repair(repair.plan, *sweeper, counts,
                                                [] { return GracefulInterrupt::asked(); });
  }
  exit = write_results(common, io, [&](std::ostream& out) {
    if (common.json) {
      reports::write_repaired_json(summary, repair, out);
    } else {
      reports::write_repaired_text(summary, repair, text_options(common, io), out);
    }
  });
  name_problems(common, repair, io);
  const Exit end = exit_for(summary.result, repair);
  return static_cast<int>(end == Exit::kDone ? exit : end);
}

void add_repair(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "repair", "Show what can be mended, and with --apply mend it; undo takes it back");
  add_common(*command, *args);
  command->add_flag("--apply", args->do_it, "Carry it out; without this nothing is changed");
  command
      ->add_option("--from", args->from,
                   "Take missing and damaged blobs from here: another store, an OCI image layout,\n"
                   "or a directory of files named by their digests; may be given several times")
      ->allow_extra_args(false)  // each takes one, so that STORE may follow
      ->type_name("DIR|STORE");
  command->add_flag("--verify", args->verify, "Read every blob to find the damaged ones");
  command
      ->add_option("--damaged", args->damaged,
                   "Read again, and move aside if it is so, what a saved `regsweep verify --json`\n"
                   "calls damaged")
      ->type_name("FILE");
  command->add_flag("--drop-dangling", args->drop_dangling,
                    "Move links aside whose blob is not there");
  command->add_flag("--lost-found", args->lost_found,
                    "Tag whole manifests that no repository holds, as lost-found-…");
  command->add_flag("--assume-offline", args->assume_offline,
                    "Go on although something seems to use the store");
  command->footer(
      "Examples:\n"
      "  regsweep repair --from /mnt/backup/registry /var/lib/registry\n"
      "  regsweep repair --apply --damaged verify.json /etc/docker/registry/config.yml\n\n"
      "Exit status: 0 nothing to do or done, 2 usage, 3 something alive stays damaged,\n"
      "4 something could not be read, 5 refused for safety, 7 stopped part-way (run it again to\n"
      "go on), 130 interrupted.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_repair(*args, io); }; });
}

}  // namespace regsweep::cli
