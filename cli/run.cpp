#include <exception>
#include <new>

#include "cli/command.h"

namespace regsweep::cli {

int run(const std::vector<std::string>& args, const Io& io) {
  CLI::App app("Finds what takes the space in a container registry's storage, and what may go.\n"
               "Reads the storage itself: no registry, no API, no credentials. Never writes to it.",
               "regsweep");
  app.set_version_flag("--version", std::string("regsweep ") + REGSWEEP_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  Job job;
  add_audit(app, job);
  add_tags(app, job);
  add_plan(app, job);
  add_apply(app, job);
  add_gc(app, job);
  add_undo(app, job);
  add_purge(app, job);
  add_garbage_collect(app, job);
  try {
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, io.out, io.err);
    return code == 0 ? 0 : static_cast<int>(Exit::kUsage);
  }
  try {
    return job(io);
  } catch (const std::bad_alloc&) {
    io.err << "regsweep: out of memory; nothing was changed\n";
  } catch (const std::exception& error) {
    io.err << "regsweep: " << error.what() << "; nothing was changed\n";
  }
  return static_cast<int>(Exit::kIncomplete);
}

}  // namespace regsweep::cli
