// regsweep repos: what each repository, namespace, group, tag, age, media type or blob costs.
#include <fmt/format.h>

#include <map>

#include "analyzer/audit.h"
#include "analyzer/grouping.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/reading.h"
#include "reports/capacity.h"
#include "reports/capacity_report.h"
#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

using reports::Format;

enum class View : std::uint8_t { kRepository, kTag, kType, kAge, kPush, kBlob };

const std::map<std::string, View> kViews = {{"repository", View::kRepository},
                                            {"tag", View::kTag},
                                            {"type", View::kType},
                                            {"age", View::kAge},
                                            {"push", View::kPush},
                                            {"blob", View::kBlob}};
const std::map<std::string, Format> kFormats = {{"text", Format::kText},
                                                {"json", Format::kJson},
                                                {"csv", Format::kCsv},
                                                {"ndjson", Format::kNdjson},
                                                {"prometheus", Format::kPrometheus}};
constexpr std::size_t kLargest = 20;  ///< blobs if the user does not say

struct Args : CommonArgs {
  std::string prefix;
  View view = View::kRepository;
  bool tags = false;
  std::size_t depth = 0;
  std::vector<std::string> groups;
  std::string sort;
  std::optional<std::size_t> top;
  Format format = Format::kText;
};

/// Says why options do not go together, or what is wrong with a group; nothing if all is well.
std::optional<std::string> complaint(Args& args, analyzer::GroupOptions& groups) {
  if (args.tags) args.view = View::kTag;
  if (args.json) args.format = Format::kJson;
  while (args.prefix.ends_with('/')) args.prefix.pop_back();
  const bool by_repository = args.view == View::kRepository;
  if (!by_repository && (args.depth != 0 || !args.groups.empty())) {
    return "--depth and --group are for repositories, not for --tags or --by";
  }
  if (args.depth != 0 && !args.groups.empty()) return "--depth and --group exclude each other";
  if (!args.prefix.empty() && !by_repository && args.view != View::kTag) {
    return "PREFIX is for repositories and --tags, not for --by type, age, push or blob";
  }
  for (const std::string& text : args.groups) {
    std::string why;
    auto rule = analyzer::parse_group_rule(text, why);
    if (!rule) return fmt::format("--group {}: {}", reports::printable(text), why);
    groups.rules.push_back(std::move(*rule));
  }
  groups.prefix = args.prefix;
  groups.depth = args.depth;
  return std::nullopt;
}

reports::Sheet make_sheet(const Args& args, const analyzer::Audit& audit,
                          const analyzer::GroupOptions& groups) {
  switch (args.view) {
    case View::kRepository:
      return reports::repository_sheet(audit, groups);
    case View::kTag:
      return reports::tag_sheet(audit, args.prefix);
    case View::kType:
      return reports::media_type_sheet(audit);
    case View::kAge:
      return reports::blob_age_sheet(audit, audit.context.now_seconds);
    case View::kPush:
      return reports::push_age_sheet(audit, audit.context.now_seconds);
    case View::kBlob:
      return reports::largest_blob_sheet(audit, args.top.value_or(kLargest));
  }
  return {};
}

/// The column that --sort means, or that of sizes; the number of columns if there is none such.
std::size_t sort_column(const Args& args, const reports::Sheet& sheet) {
  if (args.sort == "name") return 0;
  return reports::column_at(sheet, args.sort.empty() ? "size" : args.sort);
}

/// Whether there is such a column; says so if not. The columns are those of an audit of nothing.
bool can_be_sorted(const Args& args, const analyzer::GroupOptions& groups, const Io& io) {
  if (args.sort.empty()) return true;
  const reports::Sheet sheet = make_sheet(args, analyzer::Audit(), groups);
  if (sort_column(args, sheet) != sheet.columns.size()) return true;
  io.err << "regsweep: --sort " << reports::printable(args.sort)
         << ": there is no such column; name";
  for (const auto& metric : sheet.columns) io.err << ", " << metric.key;
  io.err << " are there\n";
  return false;
}

/// By size if the user does not say; ages stay in their order.
void arrange(const Args& args, reports::Sheet& sheet) {
  const bool ages = args.view == View::kAge || args.view == View::kPush;
  if (!args.sort.empty() || !ages) {
    reports::sort_items(sheet, sort_column(args, sheet), args.apparent);
  }
  const bool bounded = args.format == Format::kPrometheus;
  if (args.view == View::kBlob) return;
  if (args.top || bounded) reports::keep_first(sheet, args.top.value_or(reports::kMostSeries));
}

bool any_below(const analyzer::Survey& survey, const std::string& prefix) {
  for (const auto& repository : survey.repositories) {
    if (analyzer::in_namespace(repository.name, prefix)) return true;
  }
  return prefix.empty();
}

int run_repos(Args args, const Io& io) {
  analyzer::GroupOptions groups;
  if (const auto why = complaint(args, groups)) {
    io.err << "regsweep: " << *why << '\n';
    return static_cast<int>(Exit::kUsage);
  }
  if (!can_be_sorted(args, groups, io)) return static_cast<int>(Exit::kUsage);
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  const analyzer::AuditOptions options = audit_options(opened);
  const analyzer::Audit audit = read_audit(args, opened, options, io);
  reports::Sheet sheet;
  run_parallel(args, [&] { sheet = make_sheet(args, audit, groups); });
  if (audit.survey.complete && !any_below(audit.survey, args.prefix)) {
    io.err << "regsweep: no repository is " << reports::printable(args.prefix)
           << " or below it; list all: regsweep repos "
           << reports::shell_word(opened.location.argument()) << '\n';
    return static_cast<int>(Exit::kUsage);
  }
  arrange(args, sheet);
  exit = write_results(args, io, [&](std::ostream& out) {
    reports::write_capacity(audit, sheet, args.format, text_options(args, io), out);
  });
  if (exit != Exit::kDone) return static_cast<int>(exit);
  return static_cast<int>(exit_of_reading(audit.survey, args, io));
}

void add_views(CLI::App& command, Args& args) {
  command.add_option("PREFIX", args.prefix,
                     "Only this repository or namespace; all others become one row");
  command
      .add_option("--by", args.view,
                  "repository (default), tag, type (media type), age (of blobs),\n"
                  "push (last push of tags) or blob (the largest ones)")
      ->transform(one_of(kViews))
      ->type_name("WHAT");
  command.add_flag("--tags", args.tags, "As --by tag: what each tag costs");
  command
      .add_option("--depth", args.depth,
                  "By namespace: repositories whose first N components are the same are one row")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{255}, ""))
      ->type_name("N");
  command
      .add_option("--group", args.groups,
                  "By group: repositories in which PATTERN finds something are in group NAME, or\n"
                  "NAME=capture if it captures something; the first group that fits counts")
      ->allow_extra_args(false)
      ->type_name("NAME=PATTERN");
  command
      .add_option("--sort", args.sort, "Sort by this column (default: size); name sorts by name")
      ->type_name("COLUMN");
  command
      .add_option("--top", args.top,
                  "Only the first N rows, the others as one (default: all; 50 for prometheus,\n"
                  "20 for --by blob)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40, ""))
      ->type_name("N");
  command.add_option("--format", args.format, "text (default), json, csv, ndjson or prometheus")
      ->transform(one_of(kFormats))
      ->excludes(command.get_option("--json"))
      ->type_name("FORMAT");
}

}  // namespace

void add_repos(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "repos", "Say what each repository, namespace, group or tag costs; never writes");
  add_common(*command, *args);
  command->get_option("--verbose")->description("Of no effect: every row is shown");
  add_views(*command, *args);
  command->footer(
      "Examples:\n"
      "  regsweep repos --depth 1 --sort reclaimable --top 20 /var/lib/registry\n"
      "  regsweep repos --group 'team=^team(\\d+)/' --format csv -o teams.csv /var/lib/registry\n\n"
      "Exit status: 0 done, 2 usage, 4 something could not be read: the figures are incomplete,\n"
      "5 the output would lie in the store, 130 interrupted: they are of what was read by then.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_repos(*args, io); }; });
}

}  // namespace regsweep::cli
