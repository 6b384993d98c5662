// regsweep audit: where the space is, what can be had back, what is damaged.
#include <map>
#include <optional>

#include "analyzer/audit.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/limit.h"
#include "cli/reading.h"
#include "cli/roots.h"
#include "reports/audit_json.h"
#include "reports/audit_prometheus.h"
#include "reports/audit_text.h"
#include "reports/capacity_report.h"
#include "reports/humanize.h"
#include "reports/page_data.h"

namespace regsweep::cli {
namespace {

using reports::Format;

const std::map<std::string, Format> kFormats = {
    {"text", Format::kText}, {"json", Format::kJson}, {"prometheus", Format::kPrometheus}};

struct Args : CommonArgs {
  bool exact = false;
  std::optional<std::size_t> top;
  Format format = Format::kText;
  std::string max_garbage;
  std::string html;
  std::string known;
  std::string roots;
};

/// Says why a list cannot be compared with.
void say_unusable(const std::string& file, const std::string& message, const Io& io) {
  io.err << "regsweep: " << reports::printable(file) << ": " << reports::printable(message) << '\n';
}

/// Reads what --known names. False: said why not on `io.err`.
bool read_known(const std::string& argument, const Io& io, analyzer::KnownList& known) {
  const std::string file = input_name(argument);
  auto input = Input::open(argument, io);
  if (!input) {
    const bool absent = input.error().code == storage::Errc::kNotFound;
    say_unusable(
        file, input.error().message + (absent ? "; --known wants a list of digests and tags" : ""),
        io);
    return false;
  }
  auto list = analyzer::read_known_list(input->stream(), file);
  if (!list) {
    say_unusable(file, list.error().message, io);
    return false;
  }
  known = std::move(*list);
  return true;
}

/// Whether there is more garbage than the user's limit: a size, or a percentage of all blobs.
bool garbage_over(const std::string& limit, const analyzer::Audit& audit) {
  using analyzer::SpaceClass;
  const std::uint64_t garbage = audit.accounts[SpaceClass::kGarbage].bytes.allocated;
  return over_limit(limit, garbage,
                    garbage + audit.accounts[SpaceClass::kTagged].bytes.allocated +
                        audit.accounts[SpaceClass::kUntagged].bytes.allocated);
}

/// Writes the page, if the user wants one.
Exit write_page(const Args& args, const analyzer::Audit& audit, const Io& io) {
  if (args.html.empty()) return Exit::kDone;
  return write_file(args.html, args, io, [&](std::ostream& out) {
    reports::PageOptions options;
    options.now_seconds = audit.context.now_seconds;
    run_parallel(args, [&] { reports::write_audit_page(audit, options, out); });
  });
}

int run_audit(const Args& args, const Io& io) {
  if (page_is_output(args, args.html, io)) return static_cast<int>(Exit::kUsage);
  OpenStore opened;
  Exit exit = Exit::kDone;
  analyzer::KnownList known;
  if (!args.known.empty()) {
    if (args.format == Format::kPrometheus) {
      io.err << "regsweep: --known goes with text and json, not with --format prometheus\n";
      return static_cast<int>(Exit::kUsage);
    }
    if (!read_known(args.known, io, known)) return static_cast<int>(Exit::kUsage);
  }
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  if (!args.html.empty() && would_write_in_store(args.html, "--html", opened.location, io)) {
    return static_cast<int>(Exit::kRefused);
  }
  analyzer::AuditOptions options = audit_options(opened, args.exact);
  if (!args.known.empty()) options.known = &known;
  if (!read_roots(args, args.roots, opened, io, options.pinned, exit)) {
    return static_cast<int>(exit);
  }
  const analyzer::Audit audit = read_audit(args, opened, options, io);
  exit = write_results(args, io, [&](std::ostream& out) {
    if (args.format == Format::kPrometheus) {
      run_parallel(args, [&] {
        reports::write_audit_prometheus(audit, args.top.value_or(reports::kMostSeries),
                                        args.apparent, out);
      });
      return;
    }
    if (args.json || args.format == Format::kJson) {
      reports::write_audit_json(audit, out, args.verbose);
      return;
    }
    reports::TextOptions text = text_options(args, io);
    text.most_repositories = args.top.value_or(text.most_repositories);
    reports::write_audit_text(audit, text, out);
  });
  const Exit page = write_page(args, audit, io);
  if (exit == Exit::kDone) exit = page;
  if (exit != Exit::kDone) return static_cast<int>(exit);
  exit = exit_of_reading(audit.survey, args, io, "the findings name it");
  if (exit != Exit::kDone) return static_cast<int>(exit);
  if (audit.live_damage) return static_cast<int>(Exit::kDamage);
  if (!args.max_garbage.empty() && garbage_over(args.max_garbage, audit)) {
    if (!args.quiet) {
      io.err << "regsweep: garbage is more than --max-garbage " << args.max_garbage << '\n';
    }
    return static_cast<int>(Exit::kLimitExceeded);
  }
  return static_cast<int>(Exit::kDone);
}

}  // namespace

void add_audit(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "audit", "Say where the space is, what can be had back and what is damaged; never writes");
  add_common(*command, *args);
  command->add_flag(
      "--exact", args->exact,
      "Visit every file and directory: the total equals du, strays are found everywhere");
  command
      ->add_option("--top", args->top,
                   "Repositories to list (default: 10 in text, 50 for prometheus)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40, ""))
      ->type_name("N");
  command->add_option("--format", args->format, "text (default), json or prometheus")
      ->transform(one_of(kFormats))
      ->excludes(command->get_option("--json"))
      ->type_name("FORMAT");
  command
      ->add_option("--html", args->html,
                   "Write a page to explore the space in a browser as well; it needs no network")
      ->check(page_validator())
      ->type_name("FILE");
  command
      ->add_option("--known", args->known,
                   "Compare with a list of what else is known, a database's or a cluster's (- for\n"
                   "standard input): digests, each with its size or without, repo:tag, repo@digest")
      ->type_name("FILE");
  add_roots_option(*command, args->roots);
  command
      ->add_option("--max-garbage", args->max_garbage,
                   "Exit with 1 if there is more garbage than this size or share, as 50G or 20%")
      ->check(limit_validator("20%"));
  command->footer(
      "Examples:\n"
      "  regsweep audit --html space.html /var/lib/registry\n"
      "  regsweep audit --exact --json -o audit.json /etc/docker/registry/config.yml\n\n"
      "Exit status: 0 done, 1 more than --max-garbage, 2 usage or configuration,\n"
      "3 content that something alive needs is damaged, 4 something could not be read,\n"
      "5 the output would lie in the store, 130 interrupted: the report holds what was read by "
      "then.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_audit(*args, io); }; });
}

}  // namespace regsweep::cli
