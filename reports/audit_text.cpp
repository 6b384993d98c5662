#include "reports/audit_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "analyzer/blob_class.h"
#include "reports/disk_use.h"
#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/known_report.h"
#include "reports/savings_report.h"
#include "reports/space_names.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::Bytes;
using analyzer::Concern;
using analyzer::Finding;
using analyzer::SpaceClass;
using analyzer::SpaceRow;

class AuditText {
 public:
  AuditText(const Audit& audit, const TextOptions& options, std::ostream& out)
      : audit_(audit), options_(options), out_(out), store_(shell_word(audit.context.store)) {}

  void write() {
    header();
    space();
    get_back();
    write_savings(audit_.frees_most, options_, out_);
    repositories();
    findings();
    if (audit_.known) write_known(audit_, *audit_.known, options_, out_);
    if (!audit_.survey.complete) {
      out_ << '\n'
           << paint(Concern::kDanger, "INCOMPLETE: not everything could be read; see the findings")
           << '\n';
    }
  }

 private:
  std::uint64_t pick(const Bytes& bytes) const {
    return options_.apparent ? bytes.apparent : bytes.allocated;
  }
  std::string size(const Bytes& bytes) const { return size_text(bytes, options_); }

  std::string paint(Concern concern, const std::string& text) const {
    return painted(concern, text, options_);
  }
  void heading(const std::string& title) { write_heading(title, options_, out_); }

  void header() {
    const analyzer::StoreCounts counts = counts_of(audit_.accounts);
    const auto count = [](std::uint64_t n, std::string_view one, std::string_view many) {
      return fmt::format("{} {}", grouped(n), n == 1 ? one : many);
    };
    out_ << fmt::format("{}    {} · {} · {}\n", printable(audit_.context.root),
                        count(counts.repositories, "repository", "repositories"),
                        count(counts.tags, "tag", "tags"), count(counts.blobs, "blob", "blobs"));
  }

  void space() {
    const auto& accounts = audit_.accounts;
    heading(
        fmt::format("WHERE THE SPACE IS ({})", options_.apparent ? "sizes of files" : "on disk"));
    Table table({Align::kLeft, Align::kRight, Align::kRight, Align::kRight});
    table.row({"", "OBJECTS", "SIZE", "SHARE"});
    for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
      const auto space_class = static_cast<SpaceClass>(i);
      const SpaceRow& space = accounts[space_class];
      std::string label(kSpaceNames[i].label);
      if (space_class == SpaceClass::kGarbage && !audit_.survey.complete) {
        label = "nothing that was read refers to it";
      }
      if (space_class == SpaceClass::kUploads && audit_.old_uploads.objects != 0) {
        label += fmt::format(" ({} older than 7 days)", grouped(audit_.old_uploads.objects));
      }
      if (space.objects == 0) {
        table.row({label, "–", "–"});
        continue;
      }
      table.row({label, about(space) + grouped(space.objects), about(space) + size(space.bytes),
                 share(pick(space.bytes), pick(accounts.total.bytes))});
    }
    const SpaceRow& total = accounts.total;
    table.row({"total", "", about(total) + size(total.bytes)});
    table.print(out_);
    out_ << (audit_.survey.exact
                 ? "every inode was visited: on disk, the total is what du --block-size=1 says\n"
                 : "~ links and directories were counted, not sized; --exact visits every inode\n");
  }

  static std::string about(const SpaceRow& space) { return space.estimated ? "~" : ""; }

  void get_back() {
    heading("YOU CAN GET BACK");
    const auto& accounts = audit_.accounts;
    Table table({Align::kLeft, Align::kRight, Align::kLeft});
    const auto row = [&](const SpaceRow& space, bool offered, const std::string& how) {
      if (space.objects == 0) return;
      table.row({anything_ ? "+" : "", size(space.bytes), how});
      anything_ = true;
      if (offered) offered_bytes_ += space.bytes.allocated;
    };
    const bool may = audit_.refusals.empty();
    const bool harbor = audit_.context.harbor;
    // Each option is added to the rows above it: the first is a whole command.
    const auto with = [&](const std::string& option) {
      return anything_ && may ? "… " + option : "regsweep gc --apply " + option + ' ' + store_;
    };
    const std::string not_now = "not as things are: see below";
    const std::string by_harbor = "by Harbor's own garbage collection, which knows its tags";
    row(accounts[SpaceClass::kGarbage], may && !harbor,
        !may     ? not_now
        : harbor ? by_harbor
                 : "regsweep gc --apply " + store_);
    row(audit_.old_uploads, !harbor, harbor ? by_harbor : with("--uploads 7d"));
    row(accounts[SpaceClass::kUntagged], may && !harbor,
        harbor ? "not by what is untagged here: Harbor knows its tags"
        : may  ? with("--untagged")
               : not_now);
    const bool blobs_too = anything_;
    row(accounts[SpaceClass::kQuarantine], true,
        "for good, what earlier sweeps moved aside: regsweep purge --all " + store_);
    table.print(out_, 2);
    if (may && !harbor) young_garbage();
    if (!anything_) out_ << "  nothing: every blob is reached by a tag\n";
    if (blobs_too && !may) {
      out_ << "  "
           << paint(Concern::kDanger, "no blob may go: " + printable(audit_.refusals.front()))
           << '\n';
    }
    const bool hazard =
        std::any_of(audit_.findings.begin(), audit_.findings.end(), [](const Finding& finding) {
          return finding.hazard && finding.concern == Concern::kDanger;
        });
    if (anything_ && hazard) {
      out_ << "  "
           << paint(Concern::kDanger,
                    "not with the registry's own collector: it would destroy living content here")
           << '\n';
    }
    disk();
  }

  /// What a sweep leaves for its age, unless told otherwise.
  void young_garbage() {
    constexpr std::int64_t kDay = 24 * 3600;
    const analyzer::Graph& graph = audit_.survey.graph;
    SpaceRow young;
    graph.each_blob([&](analyzer::DigestId id) {
      if (class_of(audit_.accounts, id) != SpaceClass::kGarbage) return;
      if (graph.mtime_seconds[analyzer::row(id)] <= audit_.context.now_seconds - kDay) return;
      ++young.objects;
      young.bytes += graph.bytes(id);
    });
    if (young.objects == 0) return;
    out_ << "  of the garbage, " << size(young.bytes)
         << " is younger than 24 h, and stays until it is not: --min-age 0s takes it now\n";
  }

  void disk() {
    if (!audit_.disk || audit_.disk->size_bytes == 0) return;
    const storage::DiskFigures& disk = *audit_.disk;
    const DiskUse use(disk);
    out_ << fmt::format("disk: {} of {} used ({} %)", size_text(use.used, options_),
                        size_text(disk.size_bytes, options_), use.percent(use.used));
    if (offered_bytes_ != 0) {
      out_ << fmt::format("; after all of these {} %",
                          use.percent(use.used - std::min(use.used, offered_bytes_)));
    }
    out_ << '\n';
  }

  void repositories() {
    const auto& figures = audit_.accounts.repositories;
    if (figures.empty()) return;
    std::vector<std::size_t> order(figures.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return pick(figures[a].size) > pick(figures[b].size);
    });
    out_ << '\n';
    Table table(
        {Align::kLeft, Align::kRight, Align::kRight, Align::kRight, Align::kRight, Align::kRight});
    table.row({"REPOSITORY", "SIZE", "EXCLUSIVE", "SHARED", "UNTAGGED", "RECLAIMABLE"});
    const std::size_t shown = std::min(order.size(), options_.most_repositories);
    for (std::size_t i = 0; i < shown; ++i) {
      const auto& one = figures[order[i]];
      table.row({printable(audit_.survey.repositories[order[i]].name), size(one.size),
                 size(one.exclusive), size(one.shared), size(one.untagged), size(one.reclaimable)});
    }
    if (order.size() > shown) {
      table.row({fmt::format("… {} more: --top N", grouped(order.size() - shown))});
    }
    const auto& accounts = audit_.accounts;
    if (accounts.garbage_of_several != Bytes{}) {
      table.row(
          {"(garbage of several repositories)", "", "", "", "", size(accounts.garbage_of_several)});
    }
    if (accounts.garbage_of_none != Bytes{}) {
      table.row({"(garbage no repository links)", "", "", "", "", size(accounts.garbage_of_none)});
    }
    table.print(out_);
  }

  void findings() {
    heading("FINDINGS");
    if (audit_.findings.empty()) out_ << "none\n";
    write_findings(audit_.findings, store_, options_, out_);
  }

  const Audit& audit_;
  const TextOptions& options_;
  std::ostream& out_;
  const std::string store_;
  bool anything_ = false;            ///< there are rows to get back
  std::uint64_t offered_bytes_ = 0;  ///< on disk, of those rows for which there is a command
};

}  // namespace

void write_audit_text(const Audit& audit, const TextOptions& options, std::ostream& out) {
  AuditText(audit, options, out).write();
}

}  // namespace regsweep::reports
