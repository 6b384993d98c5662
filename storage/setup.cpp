#include "storage/setup.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "storage/writers.h"

namespace regsweep::storage {
namespace {

constexpr const char* kRootVariable = "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY";

/// Whether both name one directory that is there.
bool same_directory(const std::string& one, const std::string& other) {
  std::error_code failure;
  return std::filesystem::equivalent(one, other, failure) && !failure;
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// Which config belongs to a store that was found.
void find_config(Setup& setup, const std::string& argument, const Environment& environment,
                 const DefaultStore& defaults) {
  const StoreLocation& location = *setup.location;
  if (location.config) {
    setup.config = location.config;
    setup.config_named = !argument.empty();
    return;
  }
  setup.config = standard_config_of(location.root, environment, defaults);
  if (!setup.config && is_there(defaults.config_path)) setup.other_config = defaults.config_path;
  const auto variable = environment.find(kRootVariable);
  if (argument.empty() && variable != environment.end() && !variable->second.empty()) {
    setup.root_variable = kRootVariable;
  }
}

}  // namespace

std::optional<RegistryConfig> standard_config_of(const std::string& root,
                                                 const Environment& environment,
                                                 const DefaultStore& defaults) {
  Result<RegistryConfig> config = read_registry_config(defaults.config_path, environment);
  if (!config || !same_directory(config->root_directory, root)) return {};
  return std::move(*config);
}

Result<Setup> read_setup(const std::string& argument, const Environment& environment,
                         const DefaultStore& defaults) {
  Setup setup;
  setup.sees_all_processes = sees_all_processes();
  const Result<StoreLocation> location = locate_store(argument, environment, defaults);
  if (location) {
    setup.location = *location;
    find_config(setup, argument, environment, defaults);
    setup.processes = processes_with_open_files(location->root);
    if (const auto store = open_directory_store(location->root, location->v2)) {
      if (const Result<DiskFigures> disk = (*store)->disk()) setup.disk = *disk;
    }
  } else {
    const Result<RegistryConfig> config =
        read_any_registry_config(argument.empty() ? defaults.config_path : argument, environment);
    if (!config) return location.error();
    setup.config = *config;
    setup.config_named = !argument.empty();
    setup.no_store = location.error();
  }
  if (setup.config) setup.answering_address = answering_address(*setup.config);
  return setup;
}

}  // namespace regsweep::storage
