#pragma once

#include <cerrno>
#include <span>
#include <string>
#include <string_view>

#include "benchmarks/store/random.h"
#include "storage/unique_fd.h"

namespace regsweep::benchmarks {

using storage::UniqueFd;

/// There is nothing to rescue in a half-written store, so the first error ends the program.
[[noreturn]] void fail(const std::string& what, int error = errno);

std::string hex_of(std::span<const unsigned char> bytes);
std::string random_hex(Random& random);
std::string sha256_hex(std::string_view content);

void make_directory(const UniqueFd& parent, const std::string& name);
UniqueFd open_directory(const UniqueFd& parent, const std::string& name);
UniqueFd make_and_open_directory(const UniqueFd& parent, const std::string& name);

/// A blob or link that is already there shows when its directory is made; a tag's `current` link is
/// overwritten, as a registry does it.
UniqueFd make_file(const UniqueFd& parent, const std::string& name);
void write_file(const UniqueFd& parent, const std::string& name, std::string_view content);

/// `<dir>/<hex>/link`, as layers, revisions and tag indexes have it.
void write_link(const UniqueFd& dir, const std::string& hex);

}  // namespace regsweep::benchmarks
