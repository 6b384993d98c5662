// regsweep delete: takes tags, manifests or whole repositories away by name, with the registry off.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/deletion_choice.h"
#include "cli/deletion.h"
#include "cli/list_file.h"
#include "reports/deletion_report.h"
#include "reports/humanize.h"
#include "reports/ref_text.h"

namespace regsweep::cli {
namespace {

using analyzer::ChoiceProblem;
using analyzer::RefOutcome;
using analyzer::ResolvedRef;
using analyzer::Survey;

struct Args : DeletionArgs {
  std::vector<std::string> refs;
  std::string from;
  bool whole = false;
};

/// Adds the names in a list.
bool add_listed(const Args& args, const Io& io, std::vector<std::string>& refs) {
  const auto lines = read_list(args.from, io);
  if (!lines) {
    io.err << "regsweep: " << reports::printable(args.from)
           << ": cannot read this list of what to delete; nothing was changed\n";
    return false;
  }
  for (const ListLine& line : *lines) refs.push_back(line.text);
  return true;
}

std::string undeletable(ChoiceProblem problem) {
  switch (problem) {
    case ChoiceProblem::kNone:
      return {};
    case ChoiceProblem::kNoRepository:
      return "of which repository? Name it: REPOSITORY@DIGEST (regsweep why says where it is)";
    case ChoiceProblem::kIsLayer:
      return "is a layer or config, which goes with the manifests that need it: delete those "
             "(regsweep why names them)";
    case ChoiceProblem::kWholeRepository:
      return "is a whole repository, not a tag: --repository deletes all of it";
    case ChoiceProblem::kInUse:
      return "is in use, as --roots says; it stays";
    case ChoiceProblem::kStrayFile:
      return "is a file where only tags should be: look at it, then remove it by hand";
  }
  return {};
}

/// What the names mean; nothing, and all that is wrong said, if one of them means nothing.
bool resolve(const Args& args, const std::vector<std::string>& names, const Survey& survey,
             const Io& io, std::vector<analyzer::Ref>& refs) {
  const std::vector<analyzer::DigestId> in_use = analyzer::manifests_in_use(survey);
  bool all = true;
  for (const std::string& name : names) {
    const ResolvedRef resolved = analyzer::resolve_ref(survey, name);
    all &= resolved.outcome == RefOutcome::kResolved;
    if (resolved.outcome != RefOutcome::kResolved) {
      reports::write_ref_problem(survey, name, resolved, args.store, io.err);
      continue;
    }
    const std::string why =
        undeletable(analyzer::problem_of(survey, resolved.ref, args.whole, in_use));
    if (why.empty()) {
      if (std::find(refs.begin(), refs.end(), resolved.ref) == refs.end()) {
        refs.push_back(resolved.ref);
      }
      continue;
    }
    io.err << "regsweep: " << reports::printable(name) << ": " << why << '\n';
    all = false;
  }
  if (!all) io.err << "regsweep: nothing was changed: every name must mean something\n";
  return all;
}

int run_delete(const Args& args, const Io& io) {
  std::vector<std::string> names = args.refs;
  if (!args.from.empty() && !add_listed(args, io, names)) return static_cast<int>(Exit::kUsage);
  if (names.empty()) {
    io.err << "regsweep: nothing to delete was named: give REPOSITORY:TAG or REPOSITORY@DIGEST, or "
              "a list with --from\n";
    return static_cast<int>(Exit::kUsage);
  }
  Subject subject;
  Exit exit = Exit::kDone;
  if (!read_subject(args, io, subject, exit)) return static_cast<int>(exit);
  std::vector<analyzer::Ref> refs;
  if (!resolve(args, names, subject.survey, io, refs)) {
    return static_cast<int>(subject.survey.complete ? Exit::kUsage : Exit::kIncomplete);
  }
  const auto chosen = analyzer::choose(subject.survey, refs);
  Views views;
  views.text = [&](const reports::TextOptions& text, std::ostream& out) {
    reports::write_choice(subject.survey, chosen, text, out);
  };
  return show_or_delete(args, subject, analyzer::deletions_for(subject.survey, chosen), views, io);
}

}  // namespace

void add_delete(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "delete", "Take away tags, manifests or repositories by name; shows, and acts with --apply");
  add_common(*command, *args);
  require_store(*command);
  command
      ->add_option("REF", args->refs,
                   "REPOSITORY:TAG, the tag alone; or REPOSITORY@DIGEST, the manifest with the\n"
                   "tags that mean it, as the API's DELETE does; digests may be short")
      ->type_name("");
  command->add_option("--from", args->from, "Names from a file, one a line; - is standard input")
      ->type_name("FILE");
  command->add_flag("--repository", args->whole, "A REF may be a whole repository");
  add_deletion_options(*command, *args);
  command->footer(
      "Examples:\n"
      "  regsweep delete /var/lib/registry team/app:1.0\n"
      "  regsweep delete --apply --sweep /var/lib/registry team/app@sha256:4f2a9c\n\n"
      "Exit status: 0 done or shown, 1 more than --max-delete, 2 usage or a name that means\n"
      "nothing, 4 something could not be read, 5 refused for safety, 7 stopped part-way,\n"
      "130 interrupted.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_delete(*args, io); }; });
}

}  // namespace regsweep::cli
