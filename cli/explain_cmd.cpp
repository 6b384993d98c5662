// regsweep explain: how a registry is set up and what that means for cleaning its storage.
#include "cli/command.h"
#include "reports/setup_report.h"
#include "storage/setup.h"

namespace regsweep::cli {
namespace {

/// What an argument that cannot be explained means, and what to run instead.
std::string advice(const storage::Error& error) {
  switch (error.code) {
    case storage::Errc::kNotFound:
      return "nothing was looked at. The command line of a running registry names its config, in a "
             "container too: ps -C registry,docker-registry -o args; then: regsweep explain CONFIG";
    case storage::Errc::kCorrupt:
    case storage::Errc::kUnsupported:
      return "no registry would start with this config. Correct it, or go without: regsweep "
             "explain "
             "DIRECTORY, the registry's root directory";
    case storage::Errc::kUsage:
      return "nothing there can be cleaned. Name the directory that holds docker/registry/v2, or "
             "the "
             "registry's config: regsweep explain DIRECTORY|CONFIG";
    default:
      return {};
  }
}

int run_explain(const CommonArgs& args, const Io& io) {
  if (store_is_empty(args, io)) return static_cast<int>(Exit::kUsage);
  const storage::Result<storage::Setup> setup = storage::read_setup(args.store, io.environment);
  if (!setup) {
    const Exit exit = say(setup.error(), io);
    if (const std::string what = advice(setup.error()); !what.empty()) {
      io.err << "regsweep: " << what << '\n';
    }
    return static_cast<int>(exit);
  }
  if (args.writes_file() && setup->location &&
      would_write_in_store(args.output, "-o", *setup->location, io)) {
    return static_cast<int>(Exit::kRefused);
  }
  const Exit written = write_results(args, io, [&](std::ostream& out) {
    if (args.json) {
      reports::write_setup_json(*setup, out);
    } else {
      reports::write_setup_text(*setup, text_options(args, io), out);
    }
  });
  if (written != Exit::kDone) return static_cast<int>(written);
  // Storage of another kind is an answer; a config whose directory is no store needs another name.
  if (!setup->no_store || setup->no_store->code == storage::Errc::kUnsupported) return 0;
  return static_cast<int>(say(*setup->no_store, io));
}

}  // namespace

void add_explain(CLI::App& app, Job& job) {
  auto args = std::make_shared<CommonArgs>();
  CLI::App* command = app.add_subcommand(
      "explain", "Say how the registry is set up and what that means for cleaning; never writes");
  add_store(*command, *args);
  add_output_options(*command, *args);
  command->footer(
      "Examples:\n"
      "  regsweep explain /etc/docker/registry/config.yml\n"
      "  regsweep explain --json -o setup.json /var/lib/registry\n\n"
      "Exit status: 0 done, be it storage that regsweep cannot read, 2 usage, a config that is "
      "none\n"
      "or no store where it should be, 4 something could not be read, 5 the output would lie in "
      "the\n"
      "store.");
  command->callback(
      [args, &job] { job = [args](const Io& io) { return run_explain(*args, io); }; });
}

}  // namespace regsweep::cli
