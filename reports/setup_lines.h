#pragma once

#include <string>
#include <vector>

#include "analyzer/finding.h"
#include "reports/text_style.h"
#include "storage/setup.h"

namespace regsweep::reports {

/// One thing that is so about a store's surroundings, and what that means for cleaning.
struct SetupLine {
  std::string key;      ///< stable name in JSON, "delete-enabled"
  std::string label;    ///< for a person: the setting's own name where it is one
  std::string value;    ///< printable
  std::string meaning;  ///< for cleaning, printable
  analyzer::Concern concern = analyzer::Concern::kNote;
};

/// The command to run next, and why that.
struct NextStep {
  std::string command;
  std::string why;
};

/// Says a store's surroundings, line by line.
std::vector<SetupLine> setup_lines(const storage::Setup& setup, const TextOptions& options);

/// What the config says: deletion, read-only, proxy, caches, upload purging, variables. Nothing
/// without a config, but for the variable that named the root.
void add_config_lines(const storage::Setup& setup, std::vector<SetupLine>& lines);

/// A remote registry's address without the user and password it may hold.
std::string without_user(const std::string& url);

/// What to do next.
NextStep next_step(const storage::Setup& setup);

}  // namespace regsweep::reports
