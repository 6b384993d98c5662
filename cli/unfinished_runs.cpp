#include "cli/unfinished_runs.h"

#include <utility>

#include "reports/humanize.h"

namespace regsweep::cli {

std::vector<storage::QuarantineRun> quarantined_runs(const CommonArgs& common,
                                                     const OpenStore& opened, const Io& io) {
  storage::Error error;
  const auto quarantine = storage::open_quarantine(opened.location.root, opened.location.v2);
  if (quarantine) {
    auto runs = (*quarantine)->runs();
    if (runs) return *std::move(runs);
    error = runs.error();
  } else {
    error = quarantine.error();
  }
  if (!common.quiet) {
    io.err << "regsweep: what is in quarantine is not shown: "
           << (error.path.empty() ? "" : reports::printable(error.path) + ": ")
           << reports::printable(error.message) << '\n';
  }
  return {};
}

std::vector<std::string> name_unfinished_runs(const CommonArgs& common, const OpenStore& opened,
                                              const Io& io) {
  std::vector<std::string> commands;
  for (const storage::QuarantineRun& run : quarantined_runs(common, opened, io)) {
    if (run.finished) continue;
    const std::string undo =
        "regsweep undo " + reports::shell_word(opened.location.argument()) + ' ' + run.id;
    if (run.objects != 0) commands.push_back(undo);
    if (common.quiet) continue;
    io.err << "regsweep: an earlier run was cut off; what it did is taken back by: " << undo
           << '\n';
  }
  return commands;
}

}  // namespace regsweep::cli
