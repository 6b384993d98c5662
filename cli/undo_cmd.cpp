// regsweep undo and purge: what becomes of what an apply moved to quarantine.
#include <algorithm>
#include <ctime>

#include "cli/interrupt.h"
#include "cli/limit.h"
#include "cli/process.h"
#include "cli/sweep.h"
#include "reports/humanize.h"
#include "reports/quarantine_report.h"
#include "storage/sweeper.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  std::string run;
  const CLI::Option* run_option = nullptr;
  bool all = false;
  bool list = false;
  bool assume_offline = false;
  std::string older_than;
};

using storage::QuarantineRun;

/// Leaves the run that is named, or those that are old enough; all if the user names none.
bool keep_named(const Args& args, std::vector<QuarantineRun>& runs, const Io& io) {
  if (!args.run.empty()) {
    std::erase_if(runs, [&](const QuarantineRun& run) { return run.id != args.run; });
    if (!runs.empty()) return true;
    io.err << "regsweep: there is no run " << reports::printable(args.run)
           << " in quarantine; --list shows what there is\n";
    return false;
  }
  if (!args.older_than.empty()) {
    const std::int64_t limit = std::time(nullptr) - reports::parse_age(args.older_than).value_or(0);
    std::erase_if(runs, [&](const QuarantineRun& run) { return run.started_seconds > limit; });
  }
  return true;
}

/// The runs that the user means: the one named, or all, or those older than an age; the last one,
/// if nothing was said and `last` allows it.
bool choose(const Args& args, std::vector<QuarantineRun>& runs, bool last, const Io& io) {
  if (!keep_named(args, runs, io)) return false;
  if (!args.run.empty() || !args.older_than.empty() || args.all || runs.size() <= 1) return true;
  if (last) {
    runs.erase(runs.begin(), runs.end() - 1);
    return true;
  }
  io.err << "regsweep: there are several runs in quarantine: name one, or --all; nothing was "
            "changed\n";
  return false;
}

int report(const Args& args, const std::string& what, const storage::QuarantineOutcome& total,
           const Io& io) {
  if (args.json) {
    reports::write_quarantine_json(what, total, io.out);
  } else {
    reports::write_quarantine_text(what, total, io.out);
  }
  return static_cast<int>(total.skipped.empty() ? Exit::kDone : Exit::kApplyStopped);
}

/// Brings the runs back, or deletes them, one after the other in this order; an interrupt ends it
/// between two.
int change(const Args& args, bool undo, storage::Quarantine& quarantine,
           const std::vector<QuarantineRun>& runs, const Io& io) {
  const GracefulInterrupt graceful;
  note_store_changes();
  storage::QuarantineOutcome total;
  std::size_t done = 0;
  for (; done < runs.size() && !GracefulInterrupt::asked(); ++done) {
    const std::string& id = runs[done].id;
    const auto outcome = undo ? quarantine.undo(id) : quarantine.purge(id);
    if (!outcome) {
      say(outcome.error(), io);
      return static_cast<int>(
          outcome.error().code == storage::Errc::kCorrupt ? Exit::kRefused : Exit::kApplyStopped);
    }
    total.objects += outcome->objects;
    total.taken_away += outcome->taken_away;
    total.allocated_bytes += outcome->allocated_bytes;
    total.skipped.insert(total.skipped.end(), outcome->skipped.begin(), outcome->skipped.end());
  }
  const int exit = report(args, undo ? "brought back" : "freed", total, io);
  if (done == runs.size()) return exit;
  io.err << "regsweep: interrupted: " << runs.size() - done << " of " << runs.size()
         << " runs are in quarantine as before\n";
  return static_cast<int>(Exit::kInterrupted);
}

/// Lists what the user asks about, without a change.
int list(const Args& args, std::vector<QuarantineRun>& runs, const Io& io) {
  const bool any = !runs.empty();
  if (!keep_named(args, runs, io)) return static_cast<int>(Exit::kUsage);
  if (args.json) {
    reports::write_quarantine_runs_json(runs, io.out);
  } else if (any && runs.empty()) {
    io.out << "no run in quarantine is that old\n";
  } else {
    reports::write_quarantine_runs(runs, io.out);
  }
  return 0;
}

/// Why there is nothing to do, where `there` runs are in quarantine.
void say_nothing_to_do(const OpenStore& opened, std::size_t there, const Io& io) {
  if (there == 0) {
    io.out << "nothing is in quarantine\n";
    return;
  }
  io.out << "no run in quarantine is that old, nothing was changed; "
         << (there == 1 ? "the one" : "the " + reports::grouped(there)) << " that "
         << (there == 1 ? "is" : "are") << " there: regsweep purge --list "
         << reports::shell_word(opened.location.argument()) << '\n';
}

int run_quarantine(const Args& args, bool undo, const Io& io) {
  if (args.run.empty() && args.run_option->count() != 0) {
    io.err << "regsweep: RUN is empty, nothing was changed: name a run, as --list shows it\n";
    return static_cast<int>(Exit::kUsage);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  auto quarantine = storage::open_quarantine(opened.location.root, opened.location.v2);
  if (!quarantine) {
    say(quarantine.error(), io);
    return static_cast<int>(Exit::kRefused);
  }
  auto runs = (*quarantine)->runs();
  if (!runs) return static_cast<int>(say(runs.error(), io));
  if (args.list) return list(args, *runs, io);
  const std::size_t there = runs->size();
  if (!choose(args, *runs, undo, io)) return static_cast<int>(Exit::kUsage);
  if (runs->empty() && !args.json) {
    say_nothing_to_do(opened, there, io);
    return 0;
  }
  // Bringing links back beside a running registry is as unsafe as taking them away.
  if (undo && !args.assume_offline) {
    if (const std::string why = in_use(opened, io); !why.empty()) {
      return refuse(why, io);
    }
  }
  if (undo) std::reverse(runs->begin(), runs->end());  // the last apply first
  return change(args, undo, **quarantine, *runs, io);
}

CLI::App* add(CLI::App& app, Job& job, const char* name, const char* description, bool undo) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(name, description);
  add_store(*command, *args);
  require_store(*command);
  CLI::Option* run = command->add_option("RUN", args->run, "The id that apply printed");
  args->run_option = run;
  run->excludes(command->add_flag("--all", args->all, "Every run"));
  command->add_flag("--list", args->list, "Only list the runs");
  command->add_flag("--json", args->json, "One JSON object instead of text");
  if (undo) {
    command->add_flag("--assume-offline", args->assume_offline,
                      "Go on although something seems to use the store");
  } else {
    run->excludes(
        command->add_option("--older-than", args->older_than, "Every run at least this old, as 7d")
            ->type_name("AGE")
            ->check(age_validator()));
  }
  command->callback([args, undo, &job] {
    job = [args, undo](const Io& io) { return run_quarantine(*args, undo, io); };
  });
  return command;
}

}  // namespace

void add_undo(CLI::App& app, Job& job) {
  add(app, job, "undo", "Bring back what an apply moved to quarantine (the last, if none is named)",
      true)
      ->footer(
          "Examples:\n"
          "  regsweep undo /var/lib/registry\n"
          "  regsweep undo --list /var/lib/registry\n\n"
          "Exit status: 0 done, 2 usage, 5 refused for safety, 7 something stayed in quarantine,\n"
          "130 interrupted, after the run that was being brought back.");
}

void add_purge(CLI::App& app, Job& job) {
  add(app, job, "purge", "Delete for good what an apply moved to quarantine", false)
      ->footer(
          "Examples:\n"
          "  regsweep purge /var/lib/registry 20261124T203309.000000Z-4711\n"
          "  regsweep purge --older-than 7d /var/lib/registry\n\n"
          "Exit status: 0 done, 2 usage, 5 refused for safety, 7 stopped part-way, 130 "
          "interrupted,\n"
          "after the run that was being deleted.");
}

}  // namespace regsweep::cli
