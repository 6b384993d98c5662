#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "storage/digest.h"

namespace regsweep::cli {

/// Adds --roots.
void add_roots_option(CLI::App& command, std::string& roots);

/// Reads what is in use from a file ("" for none, "-" for standard input): a digest, `repo:tag`,
/// `repo@digest` or image name a line; a registry's host in front does not matter, nor the scheme
/// of a pod's imageID. Reads the store once to see what they mean. What the store does not have is
/// counted on `io.err`. Returns false, and sets `exit`, if the file cannot be read, names nothing,
/// or a line can mean several things or is no name of an image.
bool read_roots(const CommonArgs& args, const std::string& file, const OpenStore& opened,
                const Io& io, std::vector<storage::Digest>& pinned, Exit& exit);

}  // namespace regsweep::cli
