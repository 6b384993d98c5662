// regsweep garbage-collect: what `registry garbage-collect` prints, line for line.
#include "analyzer/registry_collector.h"
#include "analyzer/survey.h"
#include "cli/command.h"
#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

struct Args {
  CommonArgs common;
  bool dry_run = false;
  bool delete_untagged = false;
  std::string semantics = "registry-3";
};

class Lines final : public analyzer::CollectorOutput {
 public:
  explicit Lines(std::ostream& out) : out_(out) {}
  void line(std::string_view text) override { out_ << text << '\n'; }

 private:
  std::ostream& out_;
};

/// What was not read makes the repetition uncertain; so does what a registry would follow.
void warn(const analyzer::Survey& survey, const Io& io) {
  for (const storage::Event& event : survey.events) {
    const bool link = event.kind == storage::EventKind::kSymlink;
    if (!link && event.kind != storage::EventKind::kUnreadable) continue;
    io.err << "regsweep: " << reports::printable(event.path)
           << (link ? ": a symbolic link, which a registry would follow: its output may differ\n"
                    : ": could not be read: a registry's output may differ\n");
  }
}

int run_garbage_collect(const Args& args, const Io& io) {
  if (!args.dry_run) {
    io.err << "regsweep: garbage-collect only shows what the registry would do so far: "
              "add --dry-run; nothing was changed\n";
    return static_cast<int>(Exit::kUsage);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args.common.store, io, opened, exit)) return 1;  // as the registry does
  analyzer::SurveyOptions survey_options;
  survey_options.exact = true;
  survey_options.names_only = true;
  analyzer::Survey survey;
  run_parallel(args.common, *opened.store, io,
               [&] { survey = analyzer::survey(*opened.store, survey_options); });
  warn(survey, io);
  analyzer::CollectorOptions options;
  options.version = args.semantics == "registry-2.8" ? analyzer::RegistryVersion::k2_8
                                                     : analyzer::RegistryVersion::k3;
  options.delete_untagged = args.delete_untagged;
  options.root = opened.location.root;
  Lines lines(io.out);
  const analyzer::CollectorRun run =
      analyzer::replay_collector(survey, options, args.common.quiet ? nullptr : &lines);
  io.out.flush();
  if (!run.error.empty()) io.err << run.error << '\n';
  if (run.error.empty() && !survey.complete) return static_cast<int>(Exit::kIncomplete);
  return run.exit_code;
}

}  // namespace

void add_garbage_collect(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "garbage-collect", "Print what `registry garbage-collect --dry-run` prints; never writes");
  command->add_option("CONFIG", args->common.store, "The registry's config.yml, or its root directory")
      ->required();
  command->add_flag("-d,--dry-run", args->dry_run, "Only show it (so far the only way)");
  command->add_flag("-m,--delete-untagged", args->delete_untagged,
                    "As the registry's: collect manifests that no tag means now, too");
  command->add_flag("-q,--quiet", args->common.quiet, "As registry 3's: print nothing");
  command
      ->add_option("--semantics", args->semantics,
                   "Whose collector: registry-2.8 or registry-3 (default registry-3)")
      ->check(CLI::IsMember({"registry-2.8", "registry-3"}))
      ->type_name("WHOSE");
  command->add_option("--jobs", args->common.jobs, "Threads that read the store")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command->footer(
      "Examples:\n"
      "  regsweep garbage-collect --dry-run /etc/docker/registry/config.yml\n"
      "  regsweep garbage-collect -d -m --semantics registry-2.8 /var/lib/registry\n\n"
      "Exit status: the registry's own: 0 done, 1 it would abort, 2 it would crash; 4 if\n"
      "something could not be read.");
  command->callback(
      [args, &job] { job = [args](const Io& io) { return run_garbage_collect(*args, io); }; });
}

}  // namespace regsweep::cli
