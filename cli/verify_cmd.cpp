// regsweep verify: reads blobs and says which images are broken.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <thread>

#include "analyzer/verify.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/limit.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/reading_threads.h"
#include "reports/humanize.h"
#include "reports/verify_report.h"
#include "storage/content_hash.h"
#include "storage/result_cache.h"
#include "storage/upload.h"

namespace regsweep::cli {
namespace {

struct Args : CommonArgs {
  std::string sample;
  std::uint64_t seed = 0;
  std::string shard;
  std::vector<std::string> merge;
  std::string max_duration;
  std::string newer_than;
  std::vector<std::string> repositories;
  std::string cache;
  std::string max_age;
  std::string rate_limit;
};

/// "2/8". False: it is none.
bool parse_shard(const std::string& text, analyzer::Selection& selection) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const auto number = [](std::string_view digits, std::uint32_t& out) {
    const char* end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, out);
    return error == std::errc() && at == end;
  };
  return number(std::string_view(text).substr(0, slash), selection.shard) &&
         number(std::string_view(text).substr(slash + 1), selection.shards) &&
         selection.shard >= 1 && selection.shard <= selection.shards &&
         selection.shards <= 1'000'000;
}

/// An age such as 7d, or a time such as 2026-11-01T00:00:00Z.
std::optional<std::int64_t> parse_moment(const std::string& text, std::int64_t now) {
  if (const auto age = reports::parse_age(text)) return now - *age;
  std::int64_t seconds = 0;
  if (storage::parse_rfc3339(text, seconds)) return seconds;
  return std::nullopt;
}

std::string check_shard(const std::string& text) {
  analyzer::Selection selection;
  return parse_shard(text, selection) ? "" : "want a shard such as 2/8";
}
std::string check_moment(const std::string& text) {
  return parse_moment(text, 0) ? ""
                               : "want an age such as 7d or a time such as 2026-11-01T00:00:00Z";
}
std::string check_sample(const std::string& text) {
  const auto percent = reports::parse_percent(text);
  return percent && *percent > 0 && *percent <= 100 ? "" : "want a share such as 5%";
}
std::string check_rate(const std::string& text) {
  const auto rate = reports::parse_size(text);
  return rate && *rate > 0 ? "" : "want bytes a second such as 200M";
}

analyzer::Selection selection_from(const Args& args, std::int64_t now) {
  analyzer::Selection selection;
  if (!args.shard.empty()) parse_shard(args.shard, selection);
  if (!args.sample.empty()) {
    selection.sample_percent = reports::parse_percent(args.sample).value_or(100);
  }
  selection.seed = args.seed;
  if (!args.newer_than.empty()) selection.newer_than_seconds = parse_moment(args.newer_than, now);
  selection.repositories = args.repositories;
  std::sort(selection.repositories.begin(), selection.repositories.end());
  return selection;
}

/// Where results are kept if the user does not say: one file a store. Empty: there is no such
/// place.
std::string default_cache_path(const std::string& root, const storage::Environment& environment) {
  const auto value = [&](const char* name) {
    const auto at = environment.find(name);
    return at == environment.end() ? std::string() : at->second;
  };
  std::string base = value("XDG_CACHE_HOME");
  if (base.empty() && !value("HOME").empty()) base = value("HOME") + "/.cache";
  if (base.empty()) return {};
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
  hash.add(root);
  return base + "/regsweep/verify-" + hash.finish().hex().substr(0, 16) + ".sqlite";
}

/// Opens the cache where one is wanted. kUsage or kRefused: said why not on `io.err`.
Exit open_cache(const Args& args, const storage::StoreLocation& store, const Io& io,
                std::unique_ptr<storage::ResultCache>& cache) {
  if (args.cache.empty() && args.max_age.empty() && args.max_duration.empty()) return Exit::kDone;
  const std::string path =
      args.cache.empty() ? default_cache_path(store.root, io.environment) : args.cache;
  if (path.empty()) {
    io.err << "regsweep: there is no HOME to keep results in: name a file with --cache\n";
    return Exit::kUsage;
  }
  if (would_write_in_store(path, "--cache", store, io)) return Exit::kRefused;
  auto opened = storage::ResultCache::open(path, store.root);
  if (!opened) {
    say(opened.error(), io);
    return Exit::kUsage;
  }
  cache = std::move(*opened);
  return Exit::kDone;
}

/// What of the cache counts: by age; or, for a run with a time limit, since its round began.
bool choose_trust(const Args& args, storage::ResultCache& cache, const Io& io,
                  analyzer::ContentOptions& content) {
  if (!args.max_age.empty()) {
    content.trust_since_seconds =
        content.now_seconds - reports::parse_age(args.max_age).value_or(0);
    return true;
  }
  if (args.max_duration.empty()) return true;
  const auto round = cache.open_round();
  if (round && *round) {
    content.trust_since_seconds = **round;
    return true;
  }
  const storage::Status begun =
      round ? cache.begin_round(content.now_seconds) : storage::Status(round.error());
  if (begun) return true;
  say(begun.error(), io);
  return false;
}

Exit exit_of(bool complete, bool live_damage) {
  if (live_damage) return Exit::kDamage;
  return complete ? Exit::kDone : Exit::kIncomplete;
}

Exit write_report(const Args& args, const std::string& json, const Io& io) {
  return write_results(args, io, [&](std::ostream& out) {
    if (args.json) {
      out << json;
    } else {
      reports::write_verify_text(json, text_options(args, io), out);
    }
  });
}

int run_merge(const Args& args, const Io& io) {
  std::vector<std::pair<std::string, std::string>> named;
  for (const std::string& name : args.merge) {
    auto text = read_file(name);
    if (!text) {
      io.err << "regsweep: " << reports::printable(name) << ": " << text.error().message << '\n';
      return static_cast<int>(Exit::kUsage);
    }
    named.emplace_back(name, std::move(*text));
  }
  const auto merged = reports::merge_verify(named);
  if (!merged) {
    say(merged.error(), io);
    return static_cast<int>(Exit::kUsage);
  }
  const Exit exit = write_report(args, merged->json, io);
  return static_cast<int>(exit != Exit::kDone ? exit
                                              : exit_of(merged->complete, merged->live_damage));
}

/// Notes on standard error behind the report: how fast, and what was not done.
void say_how_it_went(const analyzer::Verification& verification, double seconds, const Args& args,
                     const Io& io) {
  const analyzer::ContentScan& content = verification.content;
  if (!content.cache_problem.empty()) {
    io.err << "regsweep: results are not kept: " << reports::printable(content.cache_problem)
           << '\n';
  }
  if (args.quiet) return;
  io.err << "regsweep: read " << reports::grouped(content.read_blobs) << " blobs, "
         << reports::human_size(content.read_bytes) << " in "
         << reports::grouped(static_cast<std::uint64_t>(seconds)) << " s, "
         << rate_text(content.read_bytes, seconds) << '\n';
  if (content.interrupted) {
    io.err << "regsweep: interrupted: the report holds what was known by then\n";
  } else if (content.stopped) {
    io.err << "regsweep: stopped by --max-duration " << args.max_duration
           << "; run it again to go on\n";
  }
}

/// What is asked for of an open store; with a deadline counted from `began`.
analyzer::VerifyOptions options_from(const Args& args, const OpenStore& opened,
                                     std::chrono::steady_clock::time_point began) {
  analyzer::VerifyOptions options;
  options.context = audit_options(opened).context;
  options.content.now_seconds = options.context.now_seconds;
  options.selection = selection_from(args, options.context.now_seconds);
  if (!args.max_duration.empty()) {
    options.content.deadline =
        began + std::chrono::seconds(reports::parse_age(args.max_duration).value_or(0));
  }
  if (!args.rate_limit.empty()) {
    options.content.rate_bytes_per_second = reports::parse_size(args.rate_limit).value_or(0);
  }
  options.content.interrupted = [] { return GracefulInterrupt::asked(); };
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options.content.readers =
      args.jobs > 0 ? args.jobs : analyzer::readers_for(opened.store->device(), cores);
  return options;
}

/// Reads and judges, with a line of progress, in as many threads as read.
analyzer::Verification verify_store(const Args& args, const OpenStore& opened,
                                    const analyzer::VerifyOptions& options, const Io& io) {
  CommonArgs with_jobs = args;
  with_jobs.jobs = args.jobs > 0 ? args.jobs : std::max(options.content.readers, default_jobs());
  analyzer::ContentProgress counts;
  analyzer::Verification verification;
  const VerifyTicker ticker(opened.store->progress(), counts, args, io);
  run_parallel(with_jobs, [&] { verification = analyzer::verify(*opened.store, options, counts); });
  return verification;
}

/// Names the repositories that were asked for and not found.
void say_unknown(const std::vector<std::string>& unknown, bool complete, const OpenStore& opened,
                 const Io& io) {
  for (const std::string& name : unknown) {
    io.err << "regsweep: there is no repository " << reports::printable(name)
           << (complete ? " in the store\n" : " in what of the store could be read\n");
  }
  io.err << "regsweep: which repositories there are: regsweep repos "
         << reports::shell_word(opened.location.argument()) << '\n';
}

/// Shards are of one selection: by an age, each that begins at another moment is of one of its own,
/// and after all the reading they could not be merged. Says so before it.
void note_shards_by_age(const Args& args, const Io& io) {
  const auto age = reports::parse_age(args.newer_than);
  if (args.shard.empty() || !age || args.quiet) return;
  io.err
      << "regsweep: by an age, shards that begin at other moments cannot be merged: give each of "
         "them the same time, as --newer-than "
      << reports::rfc3339(static_cast<std::int64_t>(std::time(nullptr)) - *age) << '\n';
}

int run_verify(const Args& args, const Io& io) {
  if (!args.merge.empty()) return run_merge(args, io);
  note_shards_by_age(args, io);
  const auto began = std::chrono::steady_clock::now();
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args, io, opened, exit)) return static_cast<int>(exit);
  analyzer::VerifyOptions options = options_from(args, opened, began);
  std::unique_ptr<storage::ResultCache> cache;
  exit = open_cache(args, opened.location, io, cache);
  if (exit != Exit::kDone) return static_cast<int>(exit);
  if (cache && !choose_trust(args, *cache, io, options.content)) {
    return static_cast<int>(Exit::kUsage);
  }
  options.content.cache = cache.get();

  const GracefulInterrupt graceful;
  const analyzer::Verification verification = verify_store(args, opened, options, io);
  const analyzer::ContentScan& content = verification.content;
  const auto unknown = analyzer::missing_repositories(verification.survey, options.selection);
  if (!unknown.empty() && !verification.survey.interrupted) {
    say_unknown(unknown, verification.survey.complete, opened, io);
    if (verification.survey.complete) return static_cast<int>(Exit::kUsage);
  }
  if (cache && !args.max_duration.empty() && !content.stopped && !content.interrupted) {
    static_cast<void>(cache->end_round());  // else the next run only finds less to do
  }
  exit = write_report(args, reports::verify_json(verification), io);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
  say_how_it_went(verification, elapsed.count(), args, io);
  if (exit != Exit::kDone) return static_cast<int>(exit);
  if (content.interrupted) return static_cast<int>(Exit::kInterrupted);
  const bool as_asked = verification.complete || (content.stopped && verification.survey.complete &&
                                                  verification.unknown.empty());
  return static_cast<int>(exit_of(as_asked, verification.live_damage));
}

void add_options(CLI::App& command, Args& args) {
  command.add_option("--repo", args.repositories, "Only what this repository reaches or links")
      ->allow_extra_args(false)  // each takes one, so that STORE may follow
      ->type_name("NAME");
  command
      .add_option("--newer-than", args.newer_than,
                  "Only blobs stored after this, as 7d; with --shard a time")
      ->type_name("AGE|TIME")
      ->check(CLI::Validator(check_moment, ""));
  command.add_option("--sample", args.sample, "Only this share of the blobs, as 5%")
      ->type_name("PERCENT")
      ->check(CLI::Validator(check_sample, ""));
  command.add_option("--seed", args.seed, "Another number takes another sample (default 0)")
      ->type_name("N");
  command
      .add_option("--shard", args.shard,
                  "Only this part of N, as 2/8: the parts share nothing and leave nothing out")
      ->type_name("I/N")
      ->check(CLI::Validator(check_shard, ""));
  command
      .add_option("--max-duration", args.max_duration,
                  "Stop after this time, as 2h; the next such run goes on from there")
      ->type_name("TIME")
      ->check(age_validator());
  command
      .add_option("--max-age", args.max_age,
                  "Do not read again what was found sound since, as 30d, and has not changed")
      ->type_name("AGE")
      ->check(age_validator());
  command
      .add_option("--cache", args.cache,
                  "Keep results in FILE, outside the store (default with --max-age and\n"
                  "--max-duration: one for each store in ~/.cache/regsweep)")
      ->type_name("FILE");
  command.add_option("--rate-limit", args.rate_limit, "Read at most so much a second, as 200M")
      ->type_name("SIZE")
      ->check(CLI::Validator(check_rate, ""));
  CLI::Option* merge =
      command
          .add_option("--merge", args.merge,
                      "Instead of reading a store: join the --json reports of all shards into one")
          ->type_name("FILE");
  for (const char* of_a_store : {"STORE", "--repo", "--newer-than", "--sample", "--seed", "--shard",
                                 "--max-duration", "--max-age", "--cache", "--rate-limit"}) {
    merge->excludes(command.get_option(of_a_store));
  }
}

}  // namespace

void add_verify(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "verify", "Read blobs, compare them with their digests, name the broken images");
  add_common(*command, *args);
  add_options(*command, *args);
  command->footer(
      "Threads that read: one a core in memory, four a core on solid state and networks, two\n"
      "in all on a rotating disk; --jobs says otherwise.\n\n"
      "Examples:\n"
      "  regsweep verify /var/lib/registry\n"
      "  regsweep verify --max-duration 2h --rate-limit 200M --json -o verify.json "
      "/var/lib/registry\n\n"
      "Exit status: 0 sound (or stopped by --max-duration with nothing found), 2 usage,\n"
      "3 content that something alive needs is damaged, 4 something could not be read,\n"
      "5 the output would lie in the store, 130 interrupted: what was found by then is told.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_verify(*args, io); }; });
}

}  // namespace regsweep::cli
