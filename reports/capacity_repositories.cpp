// Sheets of repositories, groups of them, and tags.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/attribute.h"
#include "analyzer/tag_figures.h"
#include "reports/capacity.h"
#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::Attribution;
using analyzer::Audit;
using analyzer::Bytes;
using analyzer::Grouping;
using analyzer::RepositoryFigures;
using analyzer::SpaceClass;
using Kind = SheetRow::Kind;

constexpr Metric kTags = {"tags", "TAGS", "Tags that can be read", Unit::kCount, true};
constexpr Metric kSize = {"size", "SIZE", "Distinct blobs that tags and revisions reach",
                          Unit::kBytes};
constexpr Metric kExclusive = {"exclusive", "EXCLUSIVE", "Of the size, what nobody else reaches",
                               Unit::kBytes, true};
constexpr Metric kShared = {"shared", "SHARED", "Of the size, what somebody else reaches as well",
                            Unit::kBytes};
constexpr Metric kUntagged = {"untagged", "UNTAGGED",
                              "Of the size, what only untagged revisions reach", Unit::kBytes};
constexpr Metric kReclaimable = {"reclaimable", "RECLAIMABLE",
                                 "Garbage that nobody else links: what sweeping it alone frees",
                                 Unit::kBytes, true};
constexpr Metric kNewestPush = {"newest_push", "LAST PUSH", "When a tag was pushed last",
                                Unit::kTime};

/// Who has what. That of each repository for itself is what the audit already knows.
Attribution share_out(const Audit& audit, const Grouping& grouping) {
  const analyzer::Accounts& accounts = audit.accounts;
  const bool each_alone = !grouping.outside && grouping.names.size() == grouping.group_of.size() &&
                          std::is_sorted(grouping.group_of.begin(), grouping.group_of.end());
  if (!each_alone) {
    return analyzer::attribute(audit.survey, accounts.live, grouping.group_of,
                               grouping.names.size());
  }
  return {accounts.repositories, accounts.garbage_of_one, accounts.garbage_of_several,
          accounts.garbage_of_none, accounts.shared};
}

/// Row by row: the columns of repository_sheet() after the name.
class RepositorySheet {
 public:
  RepositorySheet(const Audit& audit, const analyzer::GroupOptions& options)
      : audit_(audit),
        options_(options),
        grouped_(options.depth != 0 || !options.rules.empty()),
        grouping_(analyzer::group_repositories(audit.survey, options)),
        shares_(share_out(audit, grouping_)) {}

  Sheet build() {
    add_columns();
    for (std::size_t i = 0; i < grouping_.names.size(); ++i) {
      if (i == grouping_.outside) continue;
      sheet_.rows.push_back({Kind::kItem, cells(printable(grouping_.names[i]), i)});
    }
    add_rest();
    add_total();
    return std::move(sheet_);
  }

 private:
  void add_columns() {
    if (!options_.rules.empty()) {
      sheet_.name = "group";
      sheet_.columns.push_back({"group", "GROUP", "A group of repositories", Unit::kText});
    } else if (grouped_) {
      sheet_.name = "namespace";
      sheet_.columns.push_back({"namespace", "NAMESPACE", "A namespace", Unit::kText});
    } else {
      sheet_.name = "repository";
      sheet_.columns.push_back({"repository", "REPOSITORY", "A repository", Unit::kText});
    }
    if (grouped_) {
      sheet_.columns.push_back(
          {"repositories", "REPOSITORIES", "Repositories", Unit::kCount, true});
    }
    for (const Metric& metric :
         {kTags, kSize, kExclusive, kShared, kUntagged, kReclaimable, kNewestPush}) {
      sheet_.columns.push_back(metric);
    }
  }

  std::vector<Cell> cells(std::string name, std::size_t group) const {
    const RepositoryFigures& figures = shares_.groups[group];
    std::vector<Cell> row = {std::move(name)};
    if (grouped_) row.emplace_back(grouping_.repositories[group]);
    row.insert(row.end(),
               {figures.tags, figures.size, figures.exclusive, figures.shared, figures.untagged,
                figures.reclaimable, Seconds{figures.newest_push_seconds}});
    return row;
  }

  /// A row that has only some of the columns.
  std::vector<Cell> sparse(std::string name, Cell exclusive, Cell reclaimable) const {
    std::vector<Cell> row(sheet_.columns.size());
    row[0] = std::move(name);
    row[column_at(sheet_, kExclusive.key)] = std::move(exclusive);
    row[column_at(sheet_, kReclaimable.key)] = std::move(reclaimable);
    return row;
  }

  void rest(const std::string& name, Cell exclusive, Cell reclaimable) {
    sheet_.rows.push_back(
        {Kind::kRest, sparse(name, std::move(exclusive), std::move(reclaimable))});
  }

  Bytes kept() const {
    return audit_.accounts[SpaceClass::kTagged].bytes +
           audit_.accounts[SpaceClass::kUntagged].bytes;
  }

  void add_rest() {
    const std::string groups = plural(sheet_.name);
    if (grouping_.outside) {
      sheet_.rows.push_back(
          {Kind::kRest,
           cells(fmt::format("(outside {})", printable(options_.prefix)), *grouping_.outside)});
    }
    if (shares_.shared != Bytes{}) {
      rest(fmt::format("(shared by several {})", groups), shares_.shared, {});
    }
    Bytes nobodys = kept() - shares_.shared;
    for (const RepositoryFigures& figures : shares_.groups) nobodys -= figures.exclusive;
    if (nobodys != Bytes{}) rest("(referrers outside any repository)", nobodys, {});
    if (shares_.garbage_of_several != Bytes{}) {
      rest(fmt::format("(garbage of several {})", groups), {}, shares_.garbage_of_several);
    }
    if (shares_.garbage_of_none != Bytes{}) {
      rest("(garbage no repository links)", {}, shares_.garbage_of_none);
    }
  }

  void add_total() {
    sheet_.total = sparse("total", kept(), audit_.accounts[SpaceClass::kGarbage].bytes);
    const analyzer::StoreCounts counts = counts_of(audit_.accounts);
    sheet_.total[column_at(sheet_, kTags.key)] = counts.tags;
    if (grouped_) sheet_.total[column_at(sheet_, "repositories")] = counts.repositories;
  }

  const Audit& audit_;
  const analyzer::GroupOptions& options_;
  const bool grouped_;
  const Grouping grouping_;
  const Attribution shares_;
  Sheet sheet_;
};

}  // namespace

Sheet repository_sheet(const Audit& audit, const analyzer::GroupOptions& options) {
  return RepositorySheet(audit, options).build();
}

Sheet tag_sheet(const Audit& audit, std::string_view prefix) {
  Sheet sheet;
  sheet.name = "tag";
  sheet.columns = {
      {"repository", "REPOSITORY", "The tag's repository", Unit::kText},
      {"tag", "TAG", "A tag", Unit::kText},
      {"size", "SIZE", "Distinct blobs that the tag reaches", Unit::kBytes},
      {"exclusive", "EXCLUSIVE", "Of the size, what no other tag reaches", Unit::kBytes, true},
      {"pushed", "PUSHED", "When the tag was pushed last", Unit::kTime},
      {"digest", "DIGEST", "What the tag means", Unit::kText},
  };
  sheet.note = "two tags on one digest have no exclusive bytes: neither frees anything alone";
  const Bytes all = audit.accounts[SpaceClass::kTagged].bytes;
  Bytes outside;
  Bytes rest = all;
  for (const analyzer::TagFigures& figures : analyzer::tag_figures(audit.survey)) {
    const auto& repository = audit.survey.repositories[figures.tag.repository];
    rest -= figures.exclusive;
    if (!analyzer::in_namespace(repository.name, prefix)) {
      outside += figures.exclusive;
      continue;
    }
    const analyzer::Tag& tag = repository.tags[figures.tag.tag];
    sheet.rows.push_back(
        {Kind::kItem,
         {printable(repository.name), printable(tag.name), figures.size, figures.exclusive,
          Seconds{tag.pushed_seconds}, audit.survey.graph.digests[tag.digest].text()}});
  }
  if (outside != Bytes{}) {
    sheet.rows.push_back(
        {Kind::kRest,
         {fmt::format("(tags outside {})", printable(prefix)), {}, {}, outside, {}, {}}});
  }
  if (rest != Bytes{}) {
    sheet.rows.push_back({Kind::kRest, {"(of no tag alone)", {}, {}, rest, {}, {}}});
  }
  sheet.total = {"total", {}, {}, all, {}, {}};
  return sheet;
}

}  // namespace regsweep::reports
