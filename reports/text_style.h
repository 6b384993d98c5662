#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "analyzer/graph.h"

namespace regsweep::reports {

/// How text for a person is to look.
struct TextOptions {
  bool raw_bytes = false;  ///< sizes as plain numbers of bytes
  bool apparent = false;   ///< st_size instead of what the disk holds
  bool color = false;
  bool verbose = false;  ///< all that lists name; of a finding's subjects those that it holds
  std::size_t most_repositories = 10;
  std::size_t width = 0;  ///< columns of the terminal; 0: as wide as it gets
};

/// A number of bytes: "1.2 GiB", or as it is.
std::string size_text(std::uint64_t bytes, const TextOptions& options);

/// The one of the two sizes that is asked for.
std::string size_text(const analyzer::Bytes& bytes, const TextOptions& options);

/// Begins a section: an empty line and its title.
void write_heading(const std::string& title, const TextOptions& options, std::ostream& out);

}  // namespace regsweep::reports
