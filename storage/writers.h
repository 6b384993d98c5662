#pragma once

#include <string>
#include <vector>

#include "storage/config.h"

namespace regsweep::storage {

/// Processes other than this one that have something open below `root`, as "name (pid 123): path", in
/// the order of their pids; only what this user may see. Empty without /proc.
std::vector<std::string> processes_with_open_files(const std::string& root);

/// Whether something answers at the registry's address (http.addr, unix sockets too; an unspecified
/// host means loopback). Waits a second at most. Returns the address asked, empty if nothing answers.
std::string answering_address(const RegistryConfig& config);

}  // namespace regsweep::storage
