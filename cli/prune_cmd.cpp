// regsweep prune: drops tags by retention rules, with the registry off.
#include <algorithm>

#include "analyzer/retention.h"
#include "analyzer/tag_facts.h"
#include "cli/deletion.h"
#include "cli/limit.h"
#include "cli/policy_file.h"
#include "reports/humanize.h"
#include "reports/prune_report.h"

namespace regsweep::cli {
namespace {

using analyzer::NamePattern;
using analyzer::NewestBy;
using analyzer::RetentionPolicy;

struct Args : DeletionArgs {
  std::string policy_file;
  std::vector<std::string> repositories;
  std::vector<std::string> keep;
  std::vector<std::string> drop;
  std::optional<std::uint32_t> keep_last;
  std::string keep_newer;
  std::string newest_by = "push";
  bool drop_latest = false;
  bool may_empty = false;

  bool has_rules() const {
    return !repositories.empty() || !keep.empty() || !drop.empty() || keep_last ||
           !keep_newer.empty() || newest_by != "push" || drop_latest || may_empty;
  }
};

std::vector<NamePattern> patterns_of(const std::vector<std::string>& texts) {
  std::vector<NamePattern> patterns;
  std::string why;
  for (const std::string& text : texts) patterns.push_back(*NamePattern::parse(text, why));
  return patterns;
}

RetentionPolicy policy_of(const Args& args) {
  RetentionPolicy policy;
  policy.name = "command line";
  policy.repositories = patterns_of(args.repositories);
  policy.drop = patterns_of(args.drop);
  policy.keep = patterns_of(args.keep);
  std::string ignored;
  if (!args.drop_latest) policy.keep.push_back(*NamePattern::parse(kProtected, ignored));
  policy.keep_last = args.keep_last;
  if (!args.keep_newer.empty()) policy.keep_newer_seconds = reports::parse_age(args.keep_newer);
  policy.newest_by = args.newest_by == "created" ? NewestBy::kCreated : NewestBy::kPush;
  policy.may_empty = args.may_empty;
  return policy;
}

/// The policies of this run, or what is wrong with them.
storage::Result<std::vector<RetentionPolicy>> policies_of(const Args& args) {
  const auto usage = [](const char* what) {
    return storage::Error{storage::Errc::kUsage, {}, what, 0};
  };
  if (!args.policy_file.empty()) {
    if (args.has_rules()) {
      return usage("--policy has the rules: give them there, or all of them here");
    }
    return read_policy_file(args.policy_file);
  }
  RetentionPolicy policy = policy_of(args);
  if (!policy.tells_apart()) {
    return usage(
        "nothing was changed: without --keep-last, --keep-newer or --drop every tag would "
        "go: say what stays or what goes");
  }
  return std::vector<RetentionPolicy>{std::move(policy)};
}

/// Judges all tags; reads configs only where a policy goes by what they say.
reports::Retention retain(const Args& args, Subject& subject,
                          const std::vector<RetentionPolicy>& policies) {
  std::optional<reports::Retention> retention;
  run_parallel(args, [&] {
    const bool by_created = std::ranges::any_of(
        policies, [](const auto& policy) { return policy.newest_by == NewestBy::kCreated; });
    analyzer::TagTimes created;
    if (by_created) {
      created =
          analyzer::created_times(analyzer::tag_facts(*subject.opened.store, subject.survey, {}));
    }
    retention.emplace(reports::make_retention(
        subject.survey, policies,
        analyzer::judge_tags(subject.survey, policies, created, std::time(nullptr))));
  });
  return std::move(*retention);
}

int run_prune(const Args& args, const Io& io) {
  const auto policies = policies_of(args);
  if (!policies) {
    say(policies.error(), io);
    return static_cast<int>(Exit::kUsage);
  }
  Subject subject;
  Exit exit = Exit::kDone;
  if (!read_subject(args, io, subject, exit)) return static_cast<int>(exit);
  if (args.do_it && !subject.survey.complete) {
    io.err << "regsweep: refused, nothing was changed: not everything could be read, so which tags "
              "are "
              "the newest is not known; regsweep audit names it\n";
    return static_cast<int>(Exit::kIncomplete);
  }
  const reports::Retention retention = retain(args, subject, *policies);
  Views views;
  views.text = [&](const reports::TextOptions& text, std::ostream& out) {
    reports::write_prune_text(retention, text, out);
  };
  views.json = [&](std::ostream& out) { reports::write_prune_json(retention, out); };
  return show_or_delete(args, subject, reports::deletions_of(retention), views, io);
}

CLI::Validator pattern_validator() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        std::string why;
        return NamePattern::parse(text, why) ? "" : why;
      },
      "");
}

void add_options(CLI::App& command, Args& args) {
  const auto add_patterns = [&](const char* name, std::vector<std::string>& to, const char* help) {
    command.add_option(name, to, help)
        ->allow_extra_args(false)  // each takes one, so that STORE may follow
        ->check(pattern_validator())
        ->type_name("PATTERN");
  };
  add_patterns("--repo", args.repositories,
               "Only repositories that this fits: 'team/*', or 're:…'");
  command
      .add_option("--keep-last", args.keep_last, "Keep so many of each repository's newest tags")
      ->type_name("N");
  command.add_option("--keep-newer", args.keep_newer, "Keep tags younger than this, as 30d")
      ->type_name("AGE")
      ->check(age_validator());
  add_patterns("--keep", args.keep, "Keep tags that this fits, as 'v*'");
  add_patterns("--drop", args.drop, "Only tags that this fits may go, as 're:^pr-[0-9]+'");
  command
      .add_option("--newest-by", args.newest_by,
                  "push (default): when the tag was set; created: when the image was built")
      ->check(CLI::IsMember({"push", "created"}))
      ->type_name("TIME");
  command.add_flag("--drop-latest", args.drop_latest, "The tag latest may go, too");
  command.add_flag("--may-empty", args.may_empty, "The last tag of a repository may go, too");
  command.add_option("--policy", args.policy_file, "Rules for each repository, from a YAML file")
      ->type_name("FILE");
}

}  // namespace

void add_prune(CLI::App& app, Job& job) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "prune", "Drop tags by retention rules; shows what that frees, and acts with --apply");
  add_common(*command, *args);
  add_options(*command, *args);
  add_deletion_options(*command, *args);
  command->footer(
      "A tag that any rule keeps stays. Several tags on one digest are several tags.\n\n"
      "Examples:\n"
      "  regsweep prune --keep-last 10 --keep 'v*' --repo 'team/*' /var/lib/registry\n"
      "  regsweep prune --apply --sweep --policy retention.yml /var/lib/registry\n\n"
      "Exit status: 0 done or shown, 1 more than --max-delete, 2 usage, a bad pattern or policy,\n"
      "4 something could not be read, 5 refused for safety, 7 stopped part-way, 130 interrupted.");
  command->callback([args, &job] { job = [args](const Io& io) { return run_prune(*args, io); }; });
}

}  // namespace regsweep::cli
