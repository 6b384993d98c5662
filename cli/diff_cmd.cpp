// regsweep diff: what grew between two saved audits.
#include <map>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/limit.h"
#include "reports/capacity_report.h"
#include "reports/diff_report.h"
#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

using reports::DiffSort;
using reports::Format;

struct Args : CommonArgs {
  std::string before;
  std::string after;
  Format format = Format::kText;
  DiffSort sort = DiffSort::kSize;
  std::string max_growth;
  std::string html;
  std::size_t top = 20;
  const CLI::Option* top_option = nullptr;
};

const std::map<std::string, Format> kFormats = {{"text", Format::kText},
                                                {"json", Format::kJson},
                                                {"csv", Format::kCsv},
                                                {"ndjson", Format::kNdjson}};

const std::map<std::string, DiffSort> kSorts = {{"size", DiffSort::kSize},
                                                {"exclusive", DiffSort::kExclusive},
                                                {"reclaimable", DiffSort::kReclaimable},
                                                {"tags", DiffSort::kTags},
                                                {"name", DiffSort::kName}};

/// Says what is wrong with a file, and how to make one that is right.
void say_unusable(const std::string& file, const std::string& message, const Io& io) {
  io.err << "regsweep: " << reports::printable(file) << ": " << reports::message_text(message)
         << "; regsweep audit --json -o FILE STORE makes one\n";
}

/// Reads one of the two audits. False: said why not on `io.err`.
bool read_audit(const std::string& argument, const Io& io, reports::SavedAudit& audit) {
  const std::string file = input_name(argument);
  auto input = Input::open(argument, io);
  if (!input) {
    say_unusable(file, input.error().message, io);
    return false;
  }
  auto saved = reports::read_saved_audit(input->stream(), file);
  if (!saved) {
    say_unusable(file, saved.error().message, io);
    return false;
  }
  audit = std::move(*saved);
  return true;
}

void write_diff(const Args& args, const Io& io, const reports::AuditDiff& diff, std::ostream& out) {
  const Format format = args.json ? Format::kJson : args.format;
  reports::DiffOrder order;
  order.sort = args.sort;
  order.apparent = args.apparent;
  if (format == Format::kText || args.top_option->count() != 0) order.most_repositories = args.top;
  const reports::DiffRows rows = reports::diff_rows(diff, order);
  if (format == Format::kJson) {
    reports::write_diff_json(diff, rows, out);
  } else if (format == Format::kNdjson) {
    reports::write_diff_ndjson(rows, out);
  } else if (format == Format::kCsv) {
    reports::write_diff_csv(rows, out);
  } else {
    reports::write_diff_text(diff, rows, text_options(args, io), out);
  }
}

/// Whether the total grew by more than the user's limit: a size, or a percentage of what there was.
/// On disk, whatever --apparent says, as `audit --max-garbage`.
bool grew_over(const std::string& limit, const reports::Change& total) {
  return total.after > total.before && over_limit(limit, total.distance(), total.before);
}

Exit conclude(const Args& args, const Io& io, const reports::AuditDiff& diff) {
  const reports::Change& total = diff.total.bytes.allocated;
  const bool over = !args.max_growth.empty() && grew_over(args.max_growth, total);
  if (over && !args.quiet) {
    io.err << "regsweep: the total grew by " << reports::human_size(total.distance())
           << ", more than --max-growth " << args.max_growth << '\n';
  }
  if (!diff.complete()) {
    if (!args.quiet) {
      const bool both = !diff.before.complete && !diff.after.complete;
      io.err << "regsweep: "
             << (both                   ? "both audits are"
                 : diff.before.complete ? diff.after.file + " is"
                                        : diff.before.file + " is")
             << " incomplete: the figures are of what could be read\n";
    }
    return Exit::kIncomplete;
  }
  return over ? Exit::kLimitExceeded : Exit::kDone;
}

int run_diff(const Args& args, const Io& io) {
  if (page_is_output(args, args.html, io)) return static_cast<int>(Exit::kUsage);
  if (args.before == "-" && args.after == "-") {
    io.err << "regsweep: only one of OLD and NEW can be -, standard input\n";
    return static_cast<int>(Exit::kUsage);
  }
  reports::SavedAudit before;
  reports::SavedAudit after;
  if (!read_audit(args.before, io, before) || !read_audit(args.after, io, after)) {
    return static_cast<int>(Exit::kUsage);
  }
  const reports::AuditDiff diff = reports::compare_audits(before, after);
  Exit exit = write_results(args, io, [&](std::ostream& out) { write_diff(args, io, diff, out); });
  if (exit == Exit::kDone && !args.html.empty()) {
    exit = write_file(args.html, args, io,
                      [&](std::ostream& out) { reports::write_diff_page(diff, out); });
  }
  return static_cast<int>(exit != Exit::kDone ? exit : conclude(args, io, diff));
}

void add_options(CLI::App& command, Args& args) {
  command.add_option("OLD", args.before, "The older audit, made by regsweep audit --json")
      ->required()
      ->type_name("");
  command.add_option("NEW", args.after, "The newer one; either may be - for standard input")
      ->required()
      ->type_name("");
  add_report_options(command, args);
  command
      .add_option("--format", args.format, "text (default), json; the repositories as csv, ndjson")
      ->transform(one_of(kFormats))
      ->excludes(command.get_option("--json"))
      ->type_name("FORMAT");
  command
      .add_option("--sort", args.sort,
                  "By whose change: size, exclusive, reclaimable, tags; or name (default size)")
      ->transform(one_of(kSorts))
      ->type_name("COLUMN");
  args.top_option =
      command
          .add_option("--top", args.top,
                      "Repositories to list, the rest in one row (default 20 in text, else all)")
          ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40, ""))
          ->type_name("N");
  command
      .add_option("--html", args.html,
                  "Also write one page that shows the changes and needs nothing else")
      ->check(page_validator())
      ->type_name("FILE");
  command
      .add_option("--max-growth", args.max_growth,
                  "Exit with 1 if the total on disk grew by more, as 50G or 5%")
      ->check(limit_validator("5%"));
  command.add_flag("-q,--quiet", args.quiet, "No notes on standard error");
}

}  // namespace

void add_diff(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "diff", "Say what grew between two saved audits, by class of space and repository");
  add_options(*command, *args);
  command->footer(
      "Examples:\n"
      "  regsweep diff --html growth.html audit-2026-11-17.json audit-2026-11-24.json\n"
      "  regsweep diff --max-growth 5% --format csv -o growth.csv last-week.json today.json\n\n"
      "Exit status: 0 done, 1 more than --max-growth, 2 usage, or one is no saved audit,\n"
      "4 one of the audits is incomplete: the figures are of what could be read.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_diff(*args, io); }; });
}

}  // namespace regsweep::cli
