#include "cli/command.h"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "cli/output.h"
#include "cli/process.h"
#include "cli/progress.h"
#include "cli/reading_threads.h"
#include "reports/humanize.h"
#include "storage/layout.h"

namespace regsweep::cli {

Exit exit_for(const storage::Error& error) noexcept {
  switch (error.code) {
    case storage::Errc::kDenied:
    case storage::Errc::kIo:
      return Exit::kIncomplete;
    default:
      return Exit::kUsage;
  }
}

namespace {

constexpr const char* kStore =
    "The registry's root directory, its docker/registry/v2, or its config.yml";

}  // namespace

void require_store(CLI::App& command) {
  command.get_option("STORE")->required()->description(kStore);
}

CLI::Option* add_store(CLI::App& command, CommonArgs& args) {
  CLI::Option* option = command.add_option(
      "STORE", args.store,
      std::string(kStore) +
          "\n(default: /etc/docker/registry/config.yml if present, else /var/lib/registry)");
  args.store_option = option;
  return option;
}

void add_common(CLI::App& command, CommonArgs& args) {
  add_store(command, args);
  add_report_options(command, args);
  add_run_options(command, args);
  command.add_flag("-v,--verbose", args.verbose,
                   "Lists in full; of what a finding is about, the first 100");
}

void add_output_options(CLI::App& command, CommonArgs& args) {
  command.add_flag("--json", args.json, "One JSON object instead of text");
  command.add_option("-o,--output", args.output, "Write to FILE instead of standard output")
      ->type_name("FILE");
  command.add_flag("--bytes", args.raw_bytes, "Sizes as plain numbers of bytes");
  command.add_option("--color", args.color, "auto, always or never (NO_COLOR is heeded)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

void add_report_options(CLI::App& command, CommonArgs& args) {
  add_output_options(command, args);
  command.add_flag("--apparent", args.apparent,
                   "Sizes of files in text, instead of what they take on disk");
}

void add_run_options(CLI::App& command, CommonArgs& args) {
  command
      .add_option(
          "--jobs", args.jobs,
          "Threads that read the store (default: 2 a core, 4 to 64; up to 32 if the storage lets\n"
          "them wait)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command.add_flag("--progress", args.progress, "Show progress even if it is no terminal");
  command.add_flag("-q,--quiet", args.quiet,
                   "No progress, and no notes on standard error but of safety");
}

Exit say(const storage::Error& error, const Io& io) {
  io.err << "regsweep: ";
  if (!error.path.empty() && !error.message.starts_with(error.path)) {
    io.err << reports::printable(error.path) << ": ";
  }
  io.err << (error.message.empty() ? "does not exist" : reports::message_text(error.message))
         << '\n';
  return exit_for(error);
}

bool store_is_empty(const CommonArgs& args, const Io& io) {
  if (!args.store.empty() || !args.store_named()) return false;
  io.err << "regsweep: STORE is empty: name a store, or leave it out for the default one\n";
  return true;
}

bool would_write_in_store(const std::string& file, std::string_view option,
                          const storage::StoreLocation& store, const Io& io) {
  // Beside them a root may hold what it likes: it may be a home directory, or "/".
  if (lies_in(file, store.v2) || lies_in(file, store.root + '/' + storage::layout::kQuarantine)) {
    io.err << "regsweep: " << reports::printable(file)
           << " lies in the store: nothing is written there; name another place with " << option
           << '\n';
  } else if (store.config && lies_in(file, store.argument())) {
    io.err << "regsweep: " << reports::printable(file)
           << " is the registry's config; name another place with " << option << '\n';
  } else {
    return false;
  }
  return true;
}

bool open_store(const CommonArgs& args, const Io& io, OpenStore& opened, Exit& exit) {
  const std::string& argument = args.store;
  if (store_is_empty(args, io)) {
    exit = Exit::kUsage;
    return false;
  }
  storage::Result<storage::StoreLocation> location =
      storage::locate_store(argument, io.environment);
  if (!location) {
    exit = say(location.error(), io);
    return false;
  }
  opened.location = std::move(*location);
  if (args.writes_file() && would_write_in_store(args.output, "-o", opened.location, io)) {
    exit = Exit::kRefused;
    return false;
  }
  if (args.writes_file() && !args.output_may_be_directory) {
    if (const storage::Status may = can_write_output(args.output); !may) {
      io.err << "regsweep: " << reports::printable(args.output) << ": " << may.error().message
             << "; nothing was done: name another place with -o\n";
      exit = Exit::kUsage;
      return false;
    }
  }
  auto store = storage::open_directory_store(opened.location.root, opened.location.v2);
  if (!store) {
    exit = say(store.error(), io);
    return false;
  }
  opened.store = std::move(*store);
  return true;
}

analyzer::AuditOptions audit_options(const OpenStore& opened, bool exact) {
  analyzer::AuditOptions options;
  options.exact = exact;
  options.context.root = opened.location.root;
  options.context.store = opened.location.argument();
  options.context.database_lock = opened.location.database_lock;
  options.context.harbor = opened.location.harbor;
  options.context.proxy_cache = opened.location.proxy_cache;
  options.context.now_seconds = std::time(nullptr);
  return options;
}

namespace {

int wanted_jobs(const CommonArgs& args) { return args.jobs > 0 ? args.jobs : default_jobs(); }

void run_in_arena(int threads, const std::function<void()>& work) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(threads));
  tbb::task_arena arena(threads);
  arena.execute(work);
}

}  // namespace

void run_parallel(const CommonArgs& args, const std::function<void()>& work) {
  run_in_arena(affordable_threads(wanted_jobs(args)), work);
}

void run_parallel(const CommonArgs& args, const storage::Store& store, const Io& io,
                  const std::function<void()>& work) {
  const ScanTicker ticker(store.progress(), args, io);
  const int first = affordable_threads(wanted_jobs(args));
  const bool may_grow = args.jobs == 0 && first == default_jobs();
  const int most = may_grow ? most_default_jobs() : first;
  run_in_arena(most, [&] {
    std::optional<ReadingThreads> threads;  // in the arena: TBB complains of one above its limit
    if (most > first) threads.emplace(store.progress(), first, most);
    work();
  });
}

Exit write_file(const std::string& path, const CommonArgs& args, const Io& io,
                const std::function<void(std::ostream&)>& write) {
  const storage::Status written = [&] {
    const Ticker ticker(
        [&path](double seconds) {
          return fmt::format("writing {}: {:.1f} s", reports::printable(path), seconds);
        },
        args, io);
    return write_output(path, write);
  }();
  if (written) return Exit::kDone;
  const Unwritten unwritten = unwritten_results();
  io.err << "regsweep: " << reports::printable(path) << ": " << written.error().message
         << unwritten.words << '\n';
  return unwritten.exit;
}

Exit write_results(const CommonArgs& args, const Io& io,
                   const std::function<void(std::ostream&)>& write) {
  if (args.writes_file()) {
    return write_file(args.output, args, io, write);
  }
  write(io.out);
  io.out.flush();
  if (io.out) return Exit::kDone;
  const Unwritten unwritten = unwritten_results();
  io.err << "regsweep: standard output: cannot write" << unwritten.words << '\n';
  return unwritten.exit;
}

bool page_is_output(const CommonArgs& args, const std::string& page, const Io& io) {
  if (page.empty() || !args.writes_file()) return false;
  if (whole_path(page) != whole_path(args.output)) return false;
  io.err << "regsweep: --html and -o both name " << reports::printable(page)
         << ", which can hold only one of the two: name another file for one\n";
  return true;
}

CLI::Validator page_validator() {
  return CLI::Validator(
      [](const std::string& path) -> std::string {
        return path.empty() || path == "-" ? "want the name of a file" : "";
      },
      "");
}

reports::TextOptions text_options(const CommonArgs& args, const Io& io) {
  reports::TextOptions options;
  options.raw_bytes = args.raw_bytes;
  options.apparent = args.apparent;
  options.verbose = args.verbose;
  const auto no_color = io.environment.find("NO_COLOR");
  const bool wanted = no_color == io.environment.end() || no_color->second.empty();
  options.color = args.color == "always" ||
                  (args.color == "auto" && wanted && io.out_is_terminal && args.output.empty());
  if (args.output.empty()) options.width = io.out_width;
  return options;
}

}  // namespace regsweep::cli
