// regsweep garbage-collect: the registry's own command, line for line; and, unless it is told whose
// semantics to have, without what makes it lose images.
#include <algorithm>
#include <ctime>
#include <optional>

#include "analyzer/account.h"
#include "analyzer/refusal.h"
#include "analyzer/registry_collector.h"
#include "analyzer/survey.h"
#include "cli/collect.h"
#include "cli/process.h"
#include "reports/humanize.h"
#include "storage/sweeper.h"

namespace regsweep::cli {
namespace {

using analyzer::DigestId;
using storage::Status;

/// The registry's bytes; on a terminal without what in a name would act on it.
class Lines final : public analyzer::CollectorOutput {
 public:
  explicit Lines(const Io& io) : io_(io) {}
  void line(std::string_view text) override {
    if (io_.out_is_terminal) {
      io_.out << reports::printable(text) << '\n';
    } else {
      io_.out << text << '\n';
    }
  }

 private:
  const Io& io_;
};

/// Removes as a registry does. With `safe` set it leaves what the complete closure shows alive, and
/// says so; then a thing that is already gone is no reason to stop.
class Removing final : public analyzer::CollectorActions {
 public:
  Removing(const analyzer::Survey& survey, storage::Sweeper* sweeper, const analyzer::Marks* safe,
           std::ostream* err)
      : survey_(survey),
        sweeper_(sweeper),
        safe_(safe),
        err_(err),
        needed_(safe == nullptr ? 0 : survey.graph.node_count()) {}

  storage::Result<bool> exists(const std::string& path) override {
    return sweeper_ == nullptr ? storage::Result<bool>(true) : sweeper_->exists(path);
  }
  Status remove_manifest(std::uint32_t repository, DigestId digest,
                         const std::string& path) override {
    if (lives(digest)) {
      return kept(name(repository) + '@' + text(digest), "a tag, an index or its subject needs it");
    }
    return remove(path);
  }
  Status remove_tag_entry(std::uint32_t, DigestId digest, const std::string& path) override {
    return lives(digest) ? Status(storage::kOk) : remove(path);
  }
  Status remove_blob(const storage::Digest& digest, const std::string& path) override {
    const auto id = survey_.graph.digests.find(digest);
    if (id && lives(*id)) return kept("blob " + digest.text(), "something alive needs it");
    return remove(path);
  }
  Status remove_layer_link(std::uint32_t repository, DigestId digest,
                           const std::string& path) override {
    if (lives(digest) && needs(repository, digest)) {
      return kept(name(repository) + ": layer link " + text(digest),
                  "a manifest of the repository needs it");
    }
    return remove(path);
  }

 private:
  bool lives(DigestId id) const { return safe_ != nullptr && (*safe_)[row(id)] != 0; }

  /// Whether something alive in the repository itself refers to the blob.
  bool needs(std::uint32_t repository, DigestId digest) {
    if (repository != needing_) {
      needing_ = repository;
      std::vector<DigestId> roots;
      analyzer::add_roots(survey_, survey_.repositories[repository],
                          analyzer::Roots::kTagsAndRevisions, roots);
      std::erase_if(roots, [&](DigestId id) { return !lives(id); });
      std::fill(needed_.begin(), needed_.end(), 0);
      analyzer::extend(survey_.graph, analyzer::safe_policy(false), std::move(roots), needed_);
    }
    return needed_[row(digest)] != 0;
  }

  Status remove(const std::string& path) {
    if (sweeper_ == nullptr) return storage::kOk;
    Status status = sweeper_->delete_tree(path);
    if (!status && safe_ != nullptr && status.error().code == storage::Errc::kNotFound) {
      return storage::kOk;
    }
    return status;
  }

  Status kept(const std::string& what, const std::string& why) {
    if (err_ == nullptr) return storage::kOk;
    *err_ << "regsweep: kept " << reports::printable(what) << ": " << why << '\n';
    return storage::kOk;
  }

  std::string name(std::uint32_t repository) const { return survey_.repositories[repository].name; }
  std::string text(DigestId id) const { return survey_.graph.digests[id].text(); }

  const analyzer::Survey& survey_;
  storage::Sweeper* sweeper_;
  const analyzer::Marks* safe_;
  std::ostream* err_;  ///< null: say nothing
  /// What one repository alone needs: layer links come repository by repository. Its memory is
  /// there before anything goes.
  analyzer::Marks needed_;
  std::optional<std::uint32_t> needing_;  ///< that repository
};

/// What was not read makes the repetition uncertain; so does what a registry would follow.
void warn(const analyzer::Survey& survey, const Io& io) {
  for (const storage::Event& event : survey.events) {
    const bool link = event.kind == storage::EventKind::kSymlink;
    if (!link && event.kind != storage::EventKind::kUnreadable) continue;
    io.err << "regsweep: " << reports::printable(event.path)
           << (link ? ": a symbolic link, which a registry would follow: its output may differ\n"
                    : ": could not be read: a registry's output may differ\n");
  }
}

/// Why content must not be removed now; empty if it may. Where no registry's semantics are asked
/// for, a manifest in which references may hide forbids it, too.
std::string forbidden(const analyzer::Survey& survey, const OpenStore& opened, bool safe,
                      bool delete_untagged) {
  if (opened.location.database_lock) {
    return "a database owns this store: storage alone cannot tell what is alive";
  }
  if (!survey.complete) return "not everything could be read";
  // A registry would follow it, and keep what it finds behind it: no semantics of its can be had.
  const auto hidden =
      std::find_if(survey.events.begin(), survey.events.end(), analyzer::may_hide_repositories);
  if (hidden != survey.events.end()) {
    return reports::printable(hidden->path) +
           " is a symbolic link: what a registry finds behind it is unknown";
  }
  const auto& flags = survey.graph.flags;
  if (safe && std::any_of(flags.begin(), flags.end(), [](std::uint16_t node) {
        return (node & analyzer::kNotUnderstood) != 0;
      })) {
    return "a manifest cannot be understood; regsweep audit names it";
  }
  if (!safe || !delete_untagged) return {};
  if (opened.location.harbor) {
    return "Harbor keeps tags in a database of its own: images in use may look untagged here; "
           "clean with Harbor's garbage collection, or without -m";
  }
  const auto has_tag = [](const analyzer::Repository& repository) {
    return std::ranges::any_of(repository.tags, [](const analyzer::Tag& tag) {
      return tag.state == storage::LinkState::kRead;
    });
  };
  if (std::ranges::none_of(survey.repositories, has_tag)) {
    return "no repository has a tag, and tags are what decides with -m: every image would go";
  }
  return {};
}

}  // namespace

int collect(const CollectArgs& args, const Io& io) {
  OpenStore opened;
  Exit exit = Exit::kDone;
  if (!open_store(args.common, io, opened, exit)) return 1;  // as the registry does
  std::unique_ptr<storage::Sweeper> sweeper;
  if (!args.dry_run) {
    auto held = storage::open_sweeper(opened.location.root, opened.location.v2);
    if (!held) {
      say(held.error(), io);
      return 1;
    }
    sweeper = std::move(*held);
  }
  analyzer::SurveyOptions survey_options;
  survey_options.exact = true;
  survey_options.names_only = true;
  analyzer::Survey survey;
  analyzer::Marks safe;
  run_parallel(args.common, *opened.store, io, [&] {
    survey = analyzer::survey(*opened.store, survey_options);
    if (args.semantics.empty()) safe = mark(survey, analyzer::safe_policy(args.delete_untagged));
  });
  warn(survey, io);
  const bool be_safe = args.semantics.empty();
  if (const std::string why = forbidden(survey, opened, be_safe, args.delete_untagged);
      !args.dry_run && !why.empty()) {
    io.err << "regsweep: refused, nothing was changed: " << why << '\n';
    return 1;
  }
  analyzer::CollectorOptions options;
  options.version = args.semantics == "registry-2.8" ? analyzer::RegistryVersion::k2_8
                                                     : analyzer::RegistryVersion::k3;
  options.delete_untagged = args.delete_untagged;
  options.root = opened.location.root;
  Lines lines(io);
  Removing removing(survey, sweeper.get(), be_safe ? &safe : nullptr,
                    args.common.quiet ? nullptr : &io.err);
  const bool act = !args.dry_run || be_safe;
  if (!args.dry_run) note_store_changes();
  const analyzer::CollectorRun run = analyzer::replay_collector(
      survey, options, args.common.quiet ? nullptr : &lines, act ? &removing : nullptr);
  io.out.flush();
  if (!run.error.empty()) io.err << reports::message_text(run.error) << '\n';
  if (!io.out) {
    io.err << "regsweep: standard output: cannot write; the lines are cut off\n";
    return run.exit_code == 0 ? 1 : run.exit_code;
  }
  if (run.error.empty() && !survey.complete) return static_cast<int>(Exit::kIncomplete);
  return run.exit_code;
}

void add_garbage_collect(CLI::App& app, Job& job) {
  auto args = std::make_shared<CollectArgs>();
  CLI::App* command = app.add_subcommand(
      "garbage-collect", "Stand in for `registry garbage-collect`: deletes, unless --dry-run");
  add_store(*command, args->common);
  require_store(*command);
  command->add_flag("-d,--dry-run", args->dry_run, "Do everything except remove");
  command->add_flag("-m,--delete-untagged", args->delete_untagged,
                    "Delete manifests that no tag means now, too");
  command->add_flag("-q,--quiet", args->common.quiet, "As registry 3's: print nothing");
  command
      ->add_option("--semantics", args->semantics,
                   "Exactly as registry-2.8 or registry-3 does it, with what that loses. Without\n"
                   "this: registry 3's lines, but what something alive needs is kept, and said so")
      ->check(CLI::IsMember({"registry-2.8", "registry-3"}))
      ->type_name("WHOSE");
  command->add_option("--jobs", args->common.jobs, "Threads that read the store")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command->footer(
      "Examples:\n"
      "  regsweep garbage-collect --dry-run /etc/docker/registry/config.yml\n"
      "  regsweep garbage-collect -d -m --semantics registry-2.8 /var/lib/registry\n\n"
      "Exit status: the registry's own: 0 done, 1 it aborts, 2 it would crash; 4 if something\n"
      "could not be read in a dry run, 130 interrupted, wherever it is, as the registry is.");
  command->callback([args, &job] { job = [args](const Io& io) { return collect(*args, io); }; });
}

}  // namespace regsweep::cli
