#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/locate.h"
#include "storage/store.h"

namespace regsweep::storage {

/// What surrounds a store: how its registry is set up, who uses it, how full its disk is.
struct Setup {
  std::optional<RegistryConfig> config;
  bool config_named = false;  ///< by the user; else it is the standard one, and means this root
  std::string other_config;   ///< the standard config, where there is one that means another root
  std::optional<StoreLocation> location;  ///< none if the config's storage is no store here
  std::optional<Error> no_store;          ///< why, then
  std::string root_variable;  ///< the variable that named the root, where there is no config

  std::vector<std::string> processes;  ///< as processes_with_open_files() says them
  bool sees_all_processes = false;     ///< else only those of this user could be looked at
  std::string answering_address;       ///< empty: nothing answers, or there is no config
  std::optional<DiskFigures> disk;
};

/// The standard config, if it means this root directory; by its canonical path. None if it cannot
/// be read.
std::optional<RegistryConfig> standard_config_of(const std::string& root,
                                                 const Environment& environment,
                                                 const DefaultStore& defaults = {});

/// Looks at all of that. Never writes; asks the registry's address whether it answers.
/// Errors: those of locate_store() where there is no config that could be described instead.
Result<Setup> read_setup(const std::string& argument, const Environment& environment,
                         const DefaultStore& defaults = {});

}  // namespace regsweep::storage
