#pragma once

#include <string>

#include "cli/command.h"

namespace regsweep::cli {

/// What garbage-collect was asked for.
struct CollectArgs {
  CommonArgs common;
  bool dry_run = false;
  bool delete_untagged = false;
  std::string semantics;  ///< "registry-2.8", "registry-3", or empty: registry 3's lines, but safe
};

/// Collects as a registry does, with its output and its exit codes.
int collect(const CollectArgs& args, const Io& io);

}  // namespace regsweep::cli
