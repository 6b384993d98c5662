#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/io.h"

namespace regsweep::cli {

/// A line of a list that the user wrote, without blanks around it.
struct ListLine {
  std::size_t number = 0;  ///< in the file, from 1
  std::string text;
};

/// The lines of a list, in order; empty ones and what follows '#' are left out. "-" is standard
/// input. Nothing if it cannot be read to its end.
std::optional<std::vector<ListLine>> read_list(const std::string& file, const Io& io);

}  // namespace regsweep::cli
