#pragma once

#include <string>
#include <vector>

#include "storage/config.h"

namespace regsweep::storage {

/// Processes other than this one that have something open below `root`, as "name (pid 123): path",
/// in the order of their pids, each with the first file met, in the process's own words: a
/// container that has the root as a volume is seen as well. Only what this user may see; empty
/// without /proc. Deleted files count. Cost: a readlink for each open file of the system.
std::vector<std::string> processes_with_open_files(const std::string& root);

/// Whether processes of all users can be looked at; else only this user's own.
bool sees_all_processes() noexcept;

/// Whether something answers at the registry's address (http.addr, unix sockets too; an unspecified
/// host means loopback). Waits a second at most. Returns the address asked, empty if nothing
/// answers. Only connects: what answers need not be a registry. Names other than localhost are not
/// looked up, so a registry that listens at one is not found.
std::string answering_address(const RegistryConfig& config);

}  // namespace regsweep::storage
