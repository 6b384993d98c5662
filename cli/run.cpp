#include <algorithm>
#include <exception>
#include <new>
#include <sstream>
#include <string_view>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/process.h"
#include "reports/humanize.h"

namespace regsweep::cli {

namespace {

bool has_command(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return command->get_name() == name; });
}

/// The exit status of a run that thinks that all was printed.
int printed(int status, const Io& io) {
  io.out.flush();
  if (io.out || status != 0) return status;
  const Unwritten unwritten = unwritten_results();
  io.err << "regsweep: standard output: cannot write" << unwritten.words << '\n';
  return static_cast<int>(unwritten.exit);
}

/// A message of several lines, in which arguments and names may stand as they are.
std::string clean_lines(std::string_view text) {
  std::string clean;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    clean += reports::message_text(text.substr(0, end)) + '\n';
    text.remove_prefix(end + 1);
  }
  return clean + reports::message_text(text);
}

int fell_over(std::string_view why, const Io& io) {
  const Ending ending = ending_of_a_fall();
  io.err << "regsweep: " << clean_lines(why) << ending.words << '\n';
  return ending.status;
}

}  // namespace

int run(const std::vector<std::string>& args, const Io& io) {
  CLI::App app(
      "Finds what takes the space in a container registry's storage, and what may go.\n"
      "Reads the storage itself: no registry, no API, no credentials. Only apply, undo,\n"
      "purge, garbage-collect and what is given --apply change it.",
      "regsweep");
  app.set_version_flag("--version", std::string("regsweep ") + REGSWEEP_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  Job job;
  add_audit(app, job);
  add_explain(app, job);
  add_repos(app, job);
  add_tags(app, job);
  add_why(app, job);
  add_export(app, job);
  add_verify(app, job);
  add_plan(app, job);
  add_apply(app, job);
  add_gc(app, job);
  add_delete(app, job);
  add_prune(app, job);
  add_recover(app, job);
  add_repair(app, job);
  add_undo(app, job);
  add_purge(app, job);
  add_diff(app, job);
  add_garbage_collect(app, job);
  forbid_empty_values(app);
  if (!args.empty() && !args.front().empty() && args.front().front() != '-' &&
      !has_command(app, args.front())) {
    io.err << "regsweep: there is no command " << reports::printable(args.front())
           << "; regsweep --help lists them\n";
    return static_cast<int>(Exit::kUsage);
  }
  if (lacks_a_value(args, io)) return static_cast<int>(Exit::kUsage);
  try {
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    std::ostringstream message;
    const int code = app.exit(error, io.out, message);
    if (code == 0) return printed(0, io);
    io.err << "regsweep: " << clean_lines(message.str());
    return static_cast<int>(Exit::kUsage);
  }
  if (overwrites_input(*app.get_subcommands().front(), io)) return static_cast<int>(Exit::kUsage);
  try {
    return printed(job(io), io);
  } catch (const std::bad_alloc&) {
    return fell_over("out of memory", io);
  } catch (const std::exception& error) {
    return fell_over(error.what(), io);
  }
}

}  // namespace regsweep::cli
