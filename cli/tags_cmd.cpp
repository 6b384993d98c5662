// regsweep tags: every tag with its digest, type and size.
#include <algorithm>

#include "analyzer/audit.h"
#include "analyzer/damage.h"
#include "analyzer/survey.h"
#include "analyzer/tag_list.h"
#include "cli/command.h"
#include "reports/humanize.h"
#include "reports/tag_report.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  std::vector<std::string> repositories;
};

/// Says which of the named repositories are not there. Returns whether all are.
bool all_known(const Args& args, const analyzer::Survey& survey, const Io& io) {
  bool known = true;
  for (const std::string& name : args.repositories) {
    const bool found = std::any_of(survey.repositories.begin(), survey.repositories.end(),
                                   [&](const auto& repository) { return repository.name == name; });
    if (found) continue;
    io.err << "regsweep: there is no repository " << reports::printable(name)
           << " in the store; list all tags: regsweep tags STORE\n";
    known = false;
  }
  return known;
}

int run_tags(const Args& args, const Io& io) {
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  analyzer::Survey survey;
  analyzer::Damage damage;
  run_parallel(args, *opened.store, io,
               [&] { survey = analyzer::confirmed_survey(*opened.store, {}, damage); });
  if (survey.complete && !all_known(args, survey, io)) return static_cast<int>(Exit::kUsage);
  const auto tags = analyzer::list_tags(survey, damage, args.repositories);
  exit = write_results(args, io, [&](std::ostream& out) {
    if (args.json) {
      reports::write_tags_json(survey, tags, out);
    } else {
      reports::write_tags_text(survey, tags, text_options(args, io), out);
    }
  });
  if (exit != Exit::kDone) return static_cast<int>(exit);
  if (!survey.complete) {
    if (!args.quiet) {
      io.err << "regsweep: incomplete: not everything could be read; regsweep audit names it\n";
    }
    return static_cast<int>(Exit::kIncomplete);
  }
  const bool damaged = std::any_of(tags.begin(), tags.end(), [](const analyzer::TagLine& line) {
    return line.state != analyzer::TagState::kOk;
  });
  return static_cast<int>(damaged ? Exit::kDamage : Exit::kDone);
}

}  // namespace

void add_tags(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command =
      app.add_subcommand("tags", "List tags with digest, type, size and state; never writes");
  add_common(*command, *args);
  command->add_option("REPO", args->repositories, "Only these repositories");
  command->footer(
      "Examples:\n"
      "  regsweep tags /var/lib/registry team/app\n"
      "  regsweep tags --json /var/lib/registry\n\n"
      "Exit status: 0 done, 2 usage, 3 a listed tag cannot be pulled whole, 4 incomplete.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_tags(*args, io); }; });
}

}  // namespace regsweep::cli
