// regsweep export: the whole graph as tables for a query engine, or as a tree to walk through.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "analyzer/audit.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "reports/export_ncdu.h"
#include "reports/export_sqlite.h"
#include "reports/export_text.h"
#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

using reports::ExportModel;
using reports::ExportProgress;
using reports::ExportTable;

struct Args : CommonArgs {
  std::string format;
  std::string table;
  bool exact = false;

  bool is_text() const { return format == "csv" || format == "ndjson"; }
};

using TableWriter = void (*)(const ExportModel&, const ExportTable&, std::ostream&,
                             ExportProgress&);

TableWriter table_writer(const Args& args) {
  return args.format == "csv" ? reports::write_export_csv : reports::write_export_ndjson;
}

std::string known_tables() {
  std::string names;
  for (const ExportTable& table : reports::export_tables()) {
    names += (names.empty() ? "" : ", ") + std::string(table.name);
  }
  return names;
}

/// Why these arguments do not fit each other, empty if they do.
std::string contradiction(const Args& args) {
  if (!args.table.empty() && !args.is_text()) {
    return "--table is of csv and ndjson; " + args.format + " is one file with everything";
  }
  if (!args.table.empty() && reports::find_export_table(args.table) == nullptr) {
    return fmt::format("there is no table {}; there are {}", reports::printable(args.table),
                       known_tables());
  }
  if (args.writes_file()) return {};
  if (args.format == "sqlite") return "sqlite needs a file: -o FILE";
  if (args.is_text() && args.table.empty()) {
    return args.format + " is a file a table: -o DIRECTORY, or one table with --table NAME";
  }
  return {};
}

/// Where a table goes that is a file of its own.
std::string table_path(const Args& args, const ExportTable& table) {
  return fmt::format("{}/{}.{}", args.output, table.name, args.format);
}

/// Whether a table would take the place of a file in the store, by way of a symbolic link in the
/// directory that was named; says so then.
bool table_would_be_in_store(const Args& args, const storage::StoreLocation& store, const Io& io) {
  if (!args.is_text() || !args.table.empty()) return false;
  return std::ranges::any_of(reports::export_tables(), [&](const ExportTable& table) {
    return would_write_in_store(table_path(args, table), "-o", store, io);
  });
}

/// Writes one table a file, and puts them at their places once all are whole.
storage::Status write_directory(const Args& args, const ExportModel& model,
                                ExportProgress& progress) {
  std::error_code error;
  std::filesystem::create_directories(args.output, error);
  if (error) {
    return storage::Error{storage::Errc::kIo, args.output,
                          "cannot make the directory: " + error.message(), error.value()};
  }
  std::vector<std::pair<std::string, OutputFile>> files;
  const auto failed = [](const std::string& path, storage::Error why) {
    why.path = path;
    return why;
  };
  for (const ExportTable& table : reports::export_tables()) {
    const std::string path = table_path(args, table);
    auto file = OutputFile::create(path);
    if (!file) return failed(path, file.error());
    table_writer(args)(model, table, file->stream(), progress);
    if (auto finished = file->finish(); !finished) return failed(path, finished.error());
    files.emplace_back(path, std::move(*file));
  }
  for (auto& [path, file] : files) {
    if (auto placed = file.place(); !placed) return failed(path, placed.error());
  }
  return storage::kOk;
}

storage::Status write_sqlite(const Args& args, const ExportModel& model, ExportProgress& progress) {
  auto file = OutputFile::create(args.output);
  if (!file) return file.error();
  if (auto written = reports::write_export_sqlite(model, file->temporary(), progress); !written) {
    return written;
  }
  if (auto finished = file->finish(); !finished) return finished;
  return file->place();
}

/// Writes to what is named, or to standard output.
storage::Status write_export(const Args& args, const Io& io, const ExportModel& model,
                             ExportProgress& progress) {
  const bool one_text = args.format == "ncdu" || !args.table.empty();
  if (!one_text) {
    return args.format == "sqlite" ? write_sqlite(args, model, progress)
                                   : write_directory(args, model, progress);
  }
  const auto write = [&](std::ostream& out) {
    if (args.format == "ncdu") {
      reports::write_export_ncdu(model, out, progress);
    } else {
      table_writer(args)(model, *reports::find_export_table(args.table), out, progress);
    }
  };
  if (args.writes_file()) return write_output(args.output, write);
  write(io.out);
  io.out.flush();
  if (io.out) return storage::kOk;
  return storage::Error{storage::Errc::kIo, "standard output",
                        "cannot write; the results are cut off", 0};
}

/// Writes, with a line of progress; what went wrong is said once that line is gone.
Exit write_with_progress(const Args& args, const Io& io, const ExportModel& model) {
  ExportProgress progress;
  std::optional<Ticker> ticker;
  ticker.emplace(
      [&](double seconds) {
        const std::uint64_t rows = progress.rows.load(std::memory_order_relaxed);
        return fmt::format(
            "writing: {} rows, {}/s", reports::grouped(rows),
            reports::grouped(static_cast<std::uint64_t>(static_cast<double>(rows) / seconds)));
      },
      args, io);
  const storage::Status written = write_export(args, io, model, progress);
  ticker.reset();
  if (written) return Exit::kDone;
  storage::Error error = written.error();
  if (error.path.empty()) error.path = args.output;
  say(error, io);
  return Exit::kUsage;
}

int run_export(const Args& args, const Io& io) {
  if (const std::string why = contradiction(args); !why.empty()) {
    io.err << "regsweep: " << why << '\n';
    return static_cast<int>(Exit::kUsage);
  }
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  if (table_would_be_in_store(args, opened.location, io)) return static_cast<int>(Exit::kRefused);
  const analyzer::AuditOptions options = audit_options(opened, args.exact);
  const analyzer::Audit audit = read_audit(args, opened, options, io);
  std::optional<ExportModel> model;
  run_parallel(args, [&] { model.emplace(reports::make_export_model(audit)); });
  exit = write_with_progress(args, io, *model);
  if (exit != Exit::kDone) return static_cast<int>(exit);
  return static_cast<int>(exit_of_reading(audit.survey, args, io, "the table findings names it"));
}

}  // namespace

void add_export(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  args->output_may_be_directory = true;
  CLI::App* command = app.add_subcommand(
      "export", "Write the whole graph for a query engine, or as a tree for ncdu");
  add_store(*command, *args);
  command
      ->add_option("--format", args->format,
                   "sqlite: one database; ndjson or csv: a file a table; ncdu: for ncdu -f, gdu -f")
      ->check(CLI::IsMember({"sqlite", "ndjson", "csv", "ncdu"}))
      ->required()
      ->type_name("FORMAT");
  command
      ->add_option("-o,--output", args->output,
                   "The file, or the directory of ndjson and csv; it is made if absent")
      ->type_name("PATH");
  command
      ->add_option("--table", args->table,
                   "Only this table of ndjson or csv, to a file or to standard output")
      ->type_name("NAME");
  command->add_flag("--exact", args->exact,
                    "Visit every file and directory, as audit --exact; read every layer link");
  add_run_options(*command, *args);
  command->footer(
      "Examples:\n"
      "  regsweep export --format sqlite -o registry.sqlite /var/lib/registry\n"
      "  regsweep export --format ncdu /var/lib/registry | ncdu -f-\n\n"
      "Tables: " +
      known_tables() +
      ".\nTheir columns and queries: docs/export.md.\n\n"
      "Exit status: 0 done, 2 usage or the output cannot be written, 4 something could not be\n"
      "read (what is there is written, and says so), 5 the output would lie in the store,\n"
      "130 interrupted: what was read by then is written, and says so.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_export(*args, io); }; });
}

}  // namespace regsweep::cli
