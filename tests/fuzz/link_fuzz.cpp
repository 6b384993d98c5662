// Links and digests: any bytes as the content of a link file. Checked:
// - what read_link() says is what go-digest's Validate says, repeated with its regular expressions
//   (opencontainers/go-digest digest.go and algorithm.go, v1.0.0);
// - a digest that is read is written again as it was, also from its hex and its path, and has the
//   shape of a blob and of a layer link;
// - digests are ordered as their texts are;
// - look_at_link() says what read_link() does, or that it did not read a link of the right size.
#include <regex>

#include "storage/layout.h"
#include "storage/link.h"
#include "storage/sweeper_shape.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using storage::Algorithm;
using storage::Digest;
using storage::DigestError;
using storage::LinkContent;
using storage::LinkState;

constexpr Algorithm kAlgorithms[] = {Algorithm::kSha256, Algorithm::kSha384, Algorithm::kSha512};

/// A longer link holds no digest, and regular expressions take stack.
constexpr std::size_t kLongest = 1000;

DigestError wanted_error(const std::string& text) {
  static const std::regex form("[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+");
  static const std::regex hex("[a-f0-9]+");
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return DigestError::kInvalidFormat;
  }
  const std::string algorithm = text.substr(0, colon);
  const std::string encoded = text.substr(colon + 1);
  for (const Algorithm one : kAlgorithms) {
    if (algorithm_name(one) != algorithm) continue;
    if (encoded.size() != 2 * storage::digest_bytes(one)) return DigestError::kInvalidLength;
    return std::regex_match(encoded, hex) ? DigestError::kNone : DigestError::kInvalidFormat;
  }
  return std::regex_match(text, form) ? DigestError::kUnsupported : DigestError::kInvalidFormat;
}

void check_digest(const Digest& digest, const std::string& text) {
  REGSWEEP_HOLDS(digest.text() == text, shown(text));
  Digest again;
  REGSWEEP_HOLDS(storage::parse_hex(digest.algorithm, digest.hex(), again), shown(text));
  REGSWEEP_HOLDS(again == digest, shown(text));
  REGSWEEP_HOLDS(text.size() == storage::link_bytes(digest.algorithm), shown(text));
  for (std::size_t i = storage::digest_bytes(digest.algorithm); i < digest.bytes.size(); ++i) {
    REGSWEEP_HOLDS(digest.bytes[i] == 0, shown(text));
  }
  const std::string data = storage::layout::blob_path(digest);
  REGSWEEP_HOLDS(has_shape(storage::RemovalClass::kBlob, storage::parent_of(data)), data);
  const std::string link = "repositories/a/_layers/" + storage::layout::link_directory(digest);
  REGSWEEP_HOLDS(has_shape(storage::RemovalClass::kLayerLink, link), link);
}

/// Each two lines that are digests compare as text.
void check_order(std::string_view input) {
  std::string last_text;
  Digest last;
  for (Pieces lines(input); !lines.at_end();) {
    const std::string text(lines.line());
    Digest digest;
    const DigestError error = storage::parse_digest(text, digest);
    if (text.size() <= kLongest) {
      REGSWEEP_HOLDS(error == wanted_error(text), shown(text));
    }
    if (error != DigestError::kNone) continue;
    check_digest(digest, text);
    if (!last_text.empty()) {
      REGSWEEP_HOLDS((digest < last) == (text < last_text), text + " and " + last_text);
      REGSWEEP_HOLDS((digest == last) == (text == last_text), text + " and " + last_text);
    }
    last = digest;
    last_text = text;
  }
}

void check_link(const storage::Directory& at, const std::string& content) {
  storage::FileFacts facts;
  const LinkContent link = storage::read_link(at, "link", &facts);
  REGSWEEP_HOLDS(facts.size_bytes == content.size(), shown(content));
  if (content.size() <= kLongest) {
    const DigestError error = wanted_error(content);
    REGSWEEP_HOLDS((link.state == LinkState::kRead) == (error == DigestError::kNone),
                   shown(content));
    // Of a longer one only the beginning is read, which is as little a digest.
    if (content.size() < 160) {
      REGSWEEP_HOLDS(link.error == error && link.size_bytes == content.size(), shown(content));
    }
  }
  if (link.state == LinkState::kRead) check_digest(link.digest, content);
  REGSWEEP_HOLDS(link.state == LinkState::kRead || link.state == LinkState::kMalformed,
                 shown(content));
  for (const Algorithm algorithm : kAlgorithms) {
    const LinkContent looked =
        storage::look_at_link(at, "link", algorithm, storage::Parent::kUnknown);
    if (looked.state == LinkState::kNotRead) {
      REGSWEEP_HOLDS(algorithm == Algorithm::kSha256 && content.size() == 71, shown(content));
      continue;
    }
    REGSWEEP_HOLDS(looked.state == link.state && looked.error == link.error &&
                       looked.size_bytes == link.size_bytes,
                   shown(content));
    REGSWEEP_HOLDS(link.state != LinkState::kRead || looked.digest == link.digest, shown(content));
  }
}

}  // namespace

REGSWEEP_FUZZER(link) {
  put("link", input);
  static const auto directory = storage::Directory::open_path(scratch());
  check_link(*directory, std::string(input));
  check_order(input);
}

}  // namespace regsweep::fuzz
