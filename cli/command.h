#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/audit.h"
#include "cli/io.h"
#include "reports/text_style.h"
#include "storage/locate.h"
#include "storage/store.h"

namespace regsweep::cli {

/// Parsing picks a job; main runs it after. The result is the process's exit code.
using Job = std::function<int(const Io&)>;

/// Options that every command which reads a store has.
struct CommonArgs {
  std::string store;
  const CLI::Option* store_option = nullptr;
  /// Whether the user gave a STORE at all, be it empty.
  bool store_named() const { return store_option != nullptr && store_option->count() != 0; }
  std::string output;
  std::string color = "auto";
  bool json = false;
  bool raw_bytes = false;
  bool apparent = false;
  bool progress = false;
  bool quiet = false;
  bool verbose = false;
  int jobs = 0;
  bool output_may_be_directory = false;  ///< -o

  /// Whether -o names a file: "-" stands for standard output.
  bool writes_file() const { return !output.empty() && output != "-"; }
  /// Whether standard output is for people, of a command whose -o is JSON.
  bool prints_text() const { return !json && output != "-"; }
};

/// Adds STORE alone.
CLI::Option* add_store(CLI::App& command, CommonArgs& args);

/// Makes the STORE that a command has one that must be named.
void require_store(CLI::App& command);

/// Adds STORE and the common options to a command.
void add_common(CLI::App& command, CommonArgs& args);

/// Adds --json, -o, --bytes and --color.
void add_output_options(CLI::App& command, CommonArgs& args);

/// Adds the options that say how results look and where they go, for commands that read no store.
void add_report_options(CLI::App& command, CommonArgs& args);

/// Adds --jobs, --progress and -q, for commands that do not take all of the above.
void add_run_options(CLI::App& command, CommonArgs& args);

/// A store that was found and opened.
struct OpenStore {
  storage::StoreLocation location;
  std::unique_ptr<storage::Store> store;
};

/// Says an error on `io.err` and returns the exit code for it.
Exit say(const storage::Error& error, const Io& io);

/// Whether the user named a STORE that is empty, which is said on `io.err`: an unset variable must
/// not mean the default store.
bool store_is_empty(const CommonArgs& args, const Io& io);

/// Whether a file of that name, which the user gave with `option`, would lie in the store or in
/// its quarantine, or is its config; says so on `io.err` then.
bool would_write_in_store(const std::string& file, std::string_view option,
                          const storage::StoreLocation& store, const Io& io);

/// Finds and opens what the user named, or says why not on `io.err` and sets `exit`: kRefused if
/// the file of -o would lie in it.
bool open_store(const CommonArgs& args, const Io& io, OpenStore& opened, Exit& exit);

/// What an audit of a store is to know of its surroundings, and the time.
analyzer::AuditOptions audit_options(const OpenStore& opened, bool exact = false);

/// Runs `work` with `jobs` threads (0: the measured default, see cli/reading_threads.h), showing
/// the scan's progress meanwhile.
void run_parallel(const CommonArgs& args, const storage::Store& store, const Io& io,
                  const std::function<void()>& work);
/// The same, where something else shows progress.
void run_parallel(const CommonArgs& args, const std::function<void()>& work);

/// Writes results to --output by a temporary file and a rename, or to standard output.
Exit write_results(const CommonArgs& args, const Io& io,
                   const std::function<void(std::ostream&)>& write);

/// Writes a file by a temporary file and a rename, or says on `io.err` why it cannot.
Exit write_file(const std::string& path, const CommonArgs& args, const Io& io,
                const std::function<void(std::ostream&)>& write);

/// Whether the results and a page beside them would be one file; says so on `io.err` then.
bool page_is_output(const CommonArgs& args, const std::string& page, const Io& io);

/// Accepts the name of a page to write beside the results: a file, never standard output.
CLI::Validator page_validator();

/// How text is to look, by options, terminal and NO_COLOR.
reports::TextOptions text_options(const CommonArgs& args, const Io& io);

/// The exit code for a store that could not be opened.
Exit exit_for(const storage::Error& error) noexcept;

void add_audit(CLI::App& app, Job& job);
void add_repos(CLI::App& app, Job& job);
void add_tags(CLI::App& app, Job& job);
void add_why(CLI::App& app, Job& job);
void add_export(CLI::App& app, Job& job);
void add_verify(CLI::App& app, Job& job);
void add_plan(CLI::App& app, Job& job);
void add_apply(CLI::App& app, Job& job);
void add_gc(CLI::App& app, Job& job);
void add_repair(CLI::App& app, Job& job);
void add_delete(CLI::App& app, Job& job);
void add_prune(CLI::App& app, Job& job);
void add_recover(CLI::App& app, Job& job);
void add_undo(CLI::App& app, Job& job);
void add_purge(CLI::App& app, Job& job);
void add_explain(CLI::App& app, Job& job);
void add_diff(CLI::App& app, Job& job);
void add_garbage_collect(CLI::App& app, Job& job);

/// The whole program: parses `args` (without the program's name), runs, returns the exit code.
int run(const std::vector<std::string>& args, const Io& io);

}  // namespace regsweep::cli
