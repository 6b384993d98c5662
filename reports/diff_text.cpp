#include <fmt/format.h>

#include "reports/diff_report.h"
#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/space_names.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::Concern;

std::string sign(const Change& change) {
  return change.after > change.before ? "+" : change.after < change.before ? "-" : "";
}

std::string count(const Change& change) { return sign(change) + grouped(change.distance()); }

std::string counted(std::uint64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(n), n == 1 ? one : many);
}

/// "+12.5 %" of what there was; "–" where there was nothing.
std::string percent(const Change& change) {
  return change.before == 0 ? "–" : sign(change) + share(change.distance(), change.before);
}

/// Links of manifests and of layers: with them, no repository that changed looks as if it had not.
Change links(const AdditiveChange& additive) {
  Change sum = additive.revisions;
  return sum += additive.layer_links;
}

class DiffText {
 public:
  DiffText(const AuditDiff& diff, const DiffRows& rows, const TextOptions& options,
           std::ostream& out)
      : diff_(diff), rows_(rows), options_(options), out_(out) {}

  void write() {
    header();
    space();
    repositories();
    findings();
    if (diff_.complete()) return;
    out_ << '\n'
         << painted(Concern::kDanger,
                    "INCOMPLETE: the figures are of what could be read; see the notes", options_)
         << '\n';
  }

 private:
  const Change& pick(const BytesChange& bytes) const {
    return options_.apparent ? bytes.apparent : bytes.allocated;
  }
  std::string size(std::uint64_t bytes) const { return size_text(bytes, options_); }
  std::string growth(const BytesChange& bytes) const {
    return sign(pick(bytes)) + size(pick(bytes).distance());
  }
  void heading(const std::string& title) { write_heading(title, options_, out_); }
  std::string measure() const { return options_.apparent ? "sizes of files" : "on disk"; }

  void header() {
    const auto side = [&](const DiffSide& one, auto number) {
      return fmt::format("{}  {}  {} · {} · {}", one.file, one.root,
                         counted(number(diff_.repository_count), "repository", "repositories"),
                         counted(number(diff_.tags), "tag", "tags"),
                         counted(number(diff_.blobs), "blob", "blobs"));
    };
    out_ << "old: " << side(diff_.before, [](const Change& c) { return c.before; }) << '\n'
         << "new: " << side(diff_.after, [](const Change& c) { return c.after; }) << '\n';
    for (const DiffNote note : diff_.notes) {
      if (note == DiffNote::kEstimated) continue;  // below the table that it is about
      out_ << painted(Concern::kWarning, "note: " + note_text(note, diff_), options_) << '\n';
    }
  }

  void space() {
    heading(fmt::format("WHAT GREW ({})", measure()));
    Table table(std::vector<Align>{Align::kLeft, Align::kRight, Align::kRight, Align::kRight,
                                   Align::kRight, Align::kRight});
    table.row({"", "OBJECTS", "OLD", "NEW", "CHANGE", ""});
    for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
      space_row(std::string(kSpaceNames[i].label), diff_.space[i], table);
    }
    space_row("total", diff_.total, table);
    table.print(out_);
    if (diff_.total.estimated) out_ << note_text(DiffNote::kEstimated, diff_) << '\n';
  }

  void space_row(const std::string& label, const SpaceChange& row, Table& table) const {
    const Change& bytes = pick(row.bytes);
    if (row.objects == Change{} && bytes == Change{}) {
      table.row({label, "–", "–", "–", "–"});
      return;
    }
    const std::string about = row.estimated ? "~" : "";
    table.row({label, about + count(row.objects), about + size(bytes.before),
               about + size(bytes.after), about + growth(row.bytes), percent(bytes)});
  }

  void repositories() {
    heading(fmt::format("CHANGE BY REPOSITORY ({})", measure()));
    if (!diff_.repositories.empty()) repository_table();
    const std::uint64_t changed =
        diff_.repositories.size() - diff_.new_repositories - diff_.gone_repositories;
    out_ << fmt::format("repositories: {} new, {} gone, {} changed, {} unchanged\n",
                        grouped(diff_.new_repositories), grouped(diff_.gone_repositories),
                        grouped(changed), grouped(diff_.unchanged_repositories));
  }

  void repository_table() {
    std::vector<Align> columns(8, Align::kRight);
    columns.front() = Align::kLeft;
    Table table(columns);
    table.row({"REPOSITORY", "SIZE NOW", "SIZE", "EXCLUSIVE", "UNTAGGED", "RECLAIMABLE", "TAGS",
               "LINKS"});
    for (const RepositoryChange* row : rows_.shown) {
      const bool gone = row->state == RepositoryState::kGone;
      const std::string mark = row->state == RepositoryState::kChanged
                                   ? ""
                                   : fmt::format(" ({})", state_name(row->state));
      table.row({row->name + mark, gone ? "–" : size(pick(row->size).after), growth(row->size),
                 growth(row->additive.exclusive), growth(row->untagged),
                 growth(row->additive.reclaimable), count(row->additive.tags),
                 count(links(row->additive))});
    }
    if (rows_.others_count != 0) {
      sum_row(fmt::format("({}: --top N)", counted(rows_.others_count, "other", "others")),
              rows_.others, table);
    }
    if (pick(diff_.not_exclusive).distance() != 0) {
      table.row({"(shared by several)", "", "", growth(diff_.not_exclusive)});
    }
    if (pick(diff_.garbage_of_several).distance() != 0) {
      table.row({"(garbage of several)", "", "", "", "", growth(diff_.garbage_of_several)});
    }
    if (pick(diff_.garbage_of_none).distance() != 0) {
      table.row({"(garbage no repository links)", "", "", "", "", growth(diff_.garbage_of_none)});
    }
    AdditiveChange total = diff_.all_repositories;
    total.exclusive += diff_.not_exclusive;
    total.reclaimable += diff_.garbage_of_several;
    total.reclaimable += diff_.garbage_of_none;
    sum_row("total", total, table);
    table.print(out_, 0, {options_.width, options_.color});
  }

  /// Blobs that several repositories reach would count several times in the other columns.
  void sum_row(const std::string& label, const AdditiveChange& sum, Table& table) const {
    table.row({label, "–", "–", growth(sum.exclusive), "–", growth(sum.reclaimable),
               count(sum.tags), count(links(sum))});
  }

  void findings() {
    heading("FINDINGS THAT CHANGED");
    Table table({Align::kLeft, Align::kLeft, Align::kRight, Align::kLeft, Align::kLeft});
    for (const FindingChange& finding : diff_.findings) {
      const Change& objects = finding.objects;
      const std::string mark = objects.before == 0 ? "new" : objects.after == 0 ? "gone" : "";
      table.row({concern_sign(finding.concern, plain_), finding.code, count(objects), mark,
                 finding.message});
    }
    table.print(out_);
    if (diff_.findings.empty()) out_ << "none\n";
    if (diff_.unchanged_findings != 0) {
      out_ << fmt::format("{} as before\n",
                          counted(diff_.unchanged_findings, "kind of finding", "kinds of finding"));
    }
  }

  const AuditDiff& diff_;
  const DiffRows& rows_;
  const TextOptions& options_;
  const TextOptions plain_;  ///< a table measures its cells: colour would not fit in
  std::ostream& out_;
};

}  // namespace

void write_diff_text(const AuditDiff& diff, const DiffRows& rows, const TextOptions& options,
                     std::ostream& out) {
  DiffText(diff, rows, options, out).write();
}

}  // namespace regsweep::reports
