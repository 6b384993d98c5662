#include "reports/savings_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/humanize.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::Saving;
using Kind = Saving::Kind;

std::string_view action_name(Kind kind) noexcept {
  switch (kind) {
    case Kind::kGarbage:
      return "garbage";
    case Kind::kUploads:
      return "uploads";
    case Kind::kUntagged:
      return "untagged";
    case Kind::kKeepLast:
      return "keep-last";
  }
  return "";
}

std::string in_words(const Saving& saving) {
  const std::string count = grouped(saving.count);
  switch (saving.kind) {
    case Kind::kGarbage:
      return fmt::format("sweep the garbage: {} blob{}", count, saving.count == 1 ? "" : "s");
    case Kind::kUploads:
      return fmt::format("remove unfinished uploads older than 7 days: {}", count);
    case Kind::kUntagged:
      return fmt::format("sweep untagged manifests: {} blob{}", count,
                         saving.count == 1 ? "" : "s");
    case Kind::kKeepLast:
      return fmt::format("keep the last {} tags of each repository in {}: {} tag{} would go",
                         saving.keep, printable(saving.name_space), count,
                         saving.count == 1 ? "" : "s");
  }
  return "";
}

}  // namespace

void write_savings(const std::vector<Saving>& savings, const TextOptions& options,
                   std::ostream& out) {
  if (savings.empty()) return;
  write_heading("WHAT FREES THE MOST (each alone)", options, out);
  Table table({Align::kRight, Align::kLeft});
  const std::size_t shown = std::min(savings.size(), kMostSavings);
  for (std::size_t i = 0; i < shown; ++i) {
    table.row({size_text(savings[i].frees, options), in_words(savings[i])});
  }
  table.print(out, 2);
  if (savings.size() > shown) {
    out << fmt::format("  … {} more: regsweep audit --json\n", grouped(savings.size() - shown));
  }
}

Json savings_json(const std::vector<Saving>& savings) {
  Json rows = Json::array();
  for (const Saving& saving : savings) {
    const bool keep_last = saving.kind == Kind::kKeepLast;
    rows.push_back({{"action", action_name(saving.kind)},
                    {"namespace", keep_last ? Json(printable(saving.name_space)) : Json()},
                    {"keep", keep_last ? Json(saving.keep) : Json()},
                    {"objects", saving.count},
                    {"frees", bytes_pair(saving.frees)}});
  }
  return rows;
}

}  // namespace regsweep::reports
