// regsweep tags: every tag with its digest, type, platforms, sizes, times and state.
#include <algorithm>
#include <functional>
#include <map>

#include "analyzer/audit.h"
#include "analyzer/damage.h"
#include "analyzer/name_pattern.h"
#include "analyzer/survey.h"
#include "analyzer/tag_facts.h"
#include "analyzer/tag_list.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/reading.h"
#include "reports/capacity_report.h"
#include "reports/humanize.h"
#include "reports/tag_report.h"

namespace regsweep::cli {
namespace {

using analyzer::NamePattern;
using analyzer::Survey;
using analyzer::TagLine;
using reports::Format;

const std::map<std::string, Format> kFormats = {
    {"text", Format::kText}, {"json", Format::kJson}, {"csv", Format::kCsv}};

struct Args : CommonArgs {
  std::vector<std::string> repositories;
  Format format = Format::kText;
  std::string sort = "name";
  bool all = false;
  bool history = false;
};

/// Rows of the repositories that a user's names and patterns mean, ascending; all if there are
/// none. Says which of them mean none, and returns false then.
bool choose_repositories(const Args& args, const OpenStore& opened, const Survey& survey,
                         const Io& io, std::vector<std::uint32_t>& rows) {
  std::vector<bool> chosen(survey.repositories.size(), args.repositories.empty());
  bool known = true;
  for (const std::string& text : args.repositories) {
    bool found = false;
    std::string why;
    const auto pattern = NamePattern::parse(text, why);
    for (std::size_t r = 0; r < chosen.size(); ++r) {
      const std::string& name = survey.repositories[r].name;
      if (name != text && !(pattern && pattern->matches(name))) continue;
      chosen[r] = true;
      found = true;
    }
    if (found) continue;
    io.err << "regsweep: there is no repository " << reports::printable(text)
           << " in the store; list all tags: regsweep tags "
           << reports::shell_word(opened.location.argument()) << '\n';
    known = false;
  }
  for (std::uint32_t r = 0; r < chosen.size(); ++r) {
    if (chosen[r]) rows.push_back(r);
  }
  return known;
}

/// What --sort goes by, the largest or newest first.
void sort_tags(const std::string& by, const Survey& survey, bool apparent,
               std::vector<TagLine>& tags) {
  const auto bytes = [&](const analyzer::Bytes& of) {
    return static_cast<std::int64_t>(apparent ? of.apparent : of.allocated);
  };
  const auto key = [&](const TagLine& line) -> std::int64_t {
    if (by == "size") return bytes(line.size);
    if (by == "exclusive") return bytes(line.exclusive);
    if (by == "created") return line.created_seconds;
    if (by == "pushed") {
      return survey.repositories[line.tag.repository].tags[line.tag.tag].pushed_seconds;
    }
    return 0;
  };
  std::stable_sort(tags.begin(), tags.end(),
                   [&](const TagLine& a, const TagLine& b) { return key(a) > key(b); });
}

reports::TagReport report_of(const Args& args, const OpenStore& opened, const Survey& survey,
                             const analyzer::Damage& damage,
                             const std::vector<std::uint32_t>& rows) {
  reports::TagReport report;
  report.with_untagged = args.all;
  report.with_history = args.history;
  if (rows.empty()) return report;
  std::vector<std::string> names;
  for (const std::uint32_t r : rows) names.push_back(survey.repositories[r].name);
  run_parallel(args, [&] {
    report.tags = analyzer::list_tags(survey, damage, names);
    analyzer::add_details(*opened.store, survey, report.tags);
    if (args.history) analyzer::add_history(*opened.store, survey, report.tags);
    if (args.all) report.untagged = analyzer::untagged_revisions(*opened.store, survey, rows);
  });
  sort_tags(args.sort, survey, args.apparent, report.tags);
  return report;
}

int run_tags(const Args& args, const Io& io) {
  if (args.format == Format::kCsv && (args.all || args.history)) {
    io.err << "regsweep: csv has only what tags mean now, a row a tag: for "
           << (args.all ? "--all" : "--history") << " use --json or text\n";
    return static_cast<int>(Exit::kUsage);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  Survey survey;
  analyzer::Damage damage;
  run_parallel(args, *opened.store, io,
               [&] { survey = analyzer::confirmed_survey(*opened.store, {}, damage); });
  std::vector<std::uint32_t> rows;
  if (!choose_repositories(args, opened, survey, io, rows) && survey.complete) {
    return static_cast<int>(Exit::kUsage);
  }
  const reports::TagReport report = report_of(args, opened, survey, damage, rows);
  exit = write_results(args, io, [&](std::ostream& out) {
    if (args.json || args.format == Format::kJson) {
      reports::write_tags_json(survey, report, out);
    } else if (args.format == Format::kCsv) {
      reports::write_tags_csv(survey, report, out);
    } else {
      reports::write_tags_text(survey, report, text_options(args, io), out);
    }
  });
  if (exit != Exit::kDone) return static_cast<int>(exit);
  exit = exit_of_reading(survey, args, io);
  if (exit != Exit::kDone) return static_cast<int>(exit);
  const bool damaged = std::any_of(report.tags.begin(), report.tags.end(), [](const auto& line) {
    return line.state != analyzer::TagState::kOk;
  });
  return static_cast<int>(damaged ? Exit::kDamage : Exit::kDone);
}

}  // namespace

void add_tags(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "tags", "List tags with digest, type, platforms, sizes, times and state; never writes");
  add_common(*command, *args);
  command->add_option("REPO", args->repositories,
                      "Only these repositories; also 'team/*' or 're:^team/'");
  command->add_flag("--history", args->history,
                    "What each tag meant before, too (regsweep recover brings it back)");
  command->add_flag("--all", args->all, "Untagged manifests, too, with the time of their push");
  command
      ->add_option(
          "--sort", args->sort,
          "name (default), size, exclusive, pushed or created; the largest or newest first")
      ->check(CLI::IsMember({"name", "size", "exclusive", "pushed", "created"}))
      ->type_name("COLUMN");
  command->add_option("--format", args->format, "text (default), json or csv")
      ->transform(one_of(kFormats))
      ->excludes(command->get_option("--json"))
      ->type_name("FORMAT");
  command->footer(
      "Examples:\n"
      "  regsweep tags --sort exclusive /var/lib/registry 'team/*'\n"
      "  regsweep tags --json /var/lib/registry\n\n"
      "Exit status: 0 done, 2 usage, 3 a listed tag cannot be pulled whole, 4 incomplete,\n"
      "5 the output would lie in the store, 130 interrupted.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_tags(*args, io); }; });
}

}  // namespace regsweep::cli
