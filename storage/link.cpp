#include "storage/link.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "storage/beneath.h"

namespace regsweep::storage {
namespace {

LinkState state_from(const Error& error) noexcept {
  if (error.code == Errc::kNotFound) return LinkState::kAbsent;
  // A symbolic link, a directory or a file in the way: known to be no link, and never followed.
  if (error.error_number == ELOOP || error.code == Errc::kCorrupt) return LinkState::kNotAFile;
  return LinkState::kUnreadable;
}

using Buffer = std::array<char, 160>;  // the longest link holds 135 bytes

/// The content of a sound sha256 link, as nearly all are, or nothing. It speaks for itself: what
/// was opened need not be looked at, which spares one system call a link.
std::optional<Digest> read_sound_link(const Directory& at, const char* name, Buffer& buffer) {
  const UniqueFd file(open_beneath(at.fd(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file) return std::nullopt;
  constexpr std::size_t kBytes = link_bytes(Algorithm::kSha256);
  if (::read(file.get(), buffer.data(), buffer.size()) != ssize_t{kBytes}) return std::nullopt;
  Digest digest;
  const DigestError error = parse_digest(std::string_view(buffer.data(), kBytes), digest);
  return error == DigestError::kNone ? std::optional(digest) : std::nullopt;
}

}  // namespace

LinkContent read_link(const Directory& at, const char* name, FileFacts* facts) {
  Buffer buffer;
  LinkContent content;
  if (facts == nullptr) {
    if (const auto digest = read_sound_link(at, name, buffer)) {
      content.state = LinkState::kRead;
      content.size_bytes = link_bytes(Algorithm::kSha256);
      content.digest = *digest;
      return content;
    }
  }
  const Result<std::size_t> got = at.read(name, buffer, facts);
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
