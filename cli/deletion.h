#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "analyzer/deletion.h"
#include "cli/sweep.h"

namespace regsweep::cli {

/// What delete, prune and the like let the user choose alike.
struct DeletionArgs : CommonArgs {
  ApplyArgs apply;
  bool do_it = false;
  bool sweep = false;
  std::string min_age = "24h";
  std::string roots;
};

/// Adds --apply, --sweep, --min-age and how to apply.
void add_deletion_options(CLI::App& command, DeletionArgs& args);

/// A store that was read once to see what names mean.
struct Subject {
  OpenStore opened;
  analyzer::Survey survey;
  std::vector<storage::Digest> pinned;  ///< of --roots
};

/// Opens and reads the store, or says why not and sets `exit`.
bool read_subject(const DeletionArgs& args, const Io& io, Subject& subject, Exit& exit);

/// How a command says why it deletes what it does.
struct Views {
  std::function<void(const reports::TextOptions&, std::ostream&)> text;  ///< before the plan
  std::function<void(std::ostream&)> json;  ///< for --json; empty: the plan itself
};

/// Shows why, what would go and what that frees; writes the plan to the file of -o. Or, with
/// --apply, reads the store once more under its lock and carries it out.
int show_or_delete(const DeletionArgs& args, Subject& subject, const analyzer::Deletions& deletions,
                   const Views& views, const Io& io);

}  // namespace regsweep::cli
