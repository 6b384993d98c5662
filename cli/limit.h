#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace regsweep::cli {

/// Accepts a limit as a user writes it: a size, or a percentage of something, as `percent`.
CLI::Validator limit_validator(const std::string& percent);

/// Accepts an age as a user writes it: 90m, 24h, 7d or 2w.
CLI::Validator age_validator();

/// Whether a part, in bytes, is more than such a limit; of `whole` where it is a percentage.
bool over_limit(const std::string& limit, std::uint64_t part, std::uint64_t whole);

}  // namespace regsweep::cli
