#include "storage/link.h"

#include <array>
#include <cerrno>

namespace regsweep::storage {
namespace {

LinkState state_from(const Error& error) noexcept {
  if (error.code == Errc::kNotFound) return LinkState::kAbsent;
  // A symbolic link, a directory or a file in the way: known to be no link, and never followed.
  if (error.error_number == ELOOP || error.code == Errc::kCorrupt) return LinkState::kNotAFile;
  return LinkState::kUnreadable;
}

}  // namespace

LinkContent read_link(const Directory& at, const char* name, FileFacts* facts) {
  std::array<char, 160> buffer;  // the longest link holds 135 bytes
  LinkContent content;
  // Nearly all links are of sha256, and a sound one speaks for itself.
  const std::size_t expected_bytes = facts == nullptr ? link_bytes(Algorithm::kSha256) : 0;
  const Result<std::size_t> got = at.read(name, buffer, expected_bytes, facts);
  if (!got) {
    content.state = state_from(got.error());
    return content;
  }
  content.size_bytes = static_cast<std::uint32_t>(*got);
  content.error = parse_digest(std::string_view(buffer.data(), *got), content.digest);
  content.state = content.error == DigestError::kNone ? LinkState::kRead : LinkState::kMalformed;
  return content;
}

std::string why_unreadable(const Directory& at, const char* name) {
  std::array<char, 1> buffer;
  const Result<std::size_t> again = at.read(name, buffer);
  return again ? "could not be read a moment ago" : again.error().message;
}

LinkContent look_at_link(const Directory& at, const char* name, Algorithm algorithm,
                         Parent parent) {
  const Result<FileFacts> facts = parent == Parent::kListed ? at.stat_listed(name) : at.stat(name);
  LinkContent content;
  if (!facts) {
    content.state = state_from(facts.error());
    return content;
  }
  if (facts->type != FileType::kRegular) {
    content.state = LinkState::kNotAFile;
    return content;
  }
  // Anything but sha256 is an alias, whose content is another digest.
  if (algorithm != Algorithm::kSha256 || facts->size_bytes != link_bytes(algorithm)) {
    return read_link(at, name);
  }
  content.state = LinkState::kNotRead;
  content.size_bytes = static_cast<std::uint32_t>(facts->size_bytes);
  return content;
}

}  // namespace regsweep::storage
