#pragma once

#include <array>

#include "storage/config.h"
#include "storage/config_value.h"

namespace regsweep::storage {

/// Sections that are read, beside `storage`.
inline constexpr std::array<const char*, 3> kConfigSections = {"http", "proxy", "redis"};

/// Applies every REGISTRY_* variable that reaches a section we read, in byte order of the names as
/// the registry does: REGISTRY_STORAGE before REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY. Returns
/// their names. Throws ConfigProblem that names the variable.
EnvironmentUse apply_environment(ConfigConverter& converter, ConfigValue& config,
                                 const Environment& environment);

}  // namespace regsweep::storage
