#include "reports/page_policy.h"

#include <openssl/evp.h>

#include <array>

#include "storage/content_hash.h"

namespace regsweep::reports {
namespace {

/// " 'sha256-…'": how a policy names an element by its text.
std::string hash_source(std::string_view file) {
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
  hash.add(element_text(file));
  const storage::Digest digest = hash.finish();
  constexpr std::size_t kBytes = 32;
  std::array<unsigned char, 4 * (kBytes + 2) / 3 + 1> base64{};
  const int size = EVP_EncodeBlock(base64.data(), digest.bytes.data(), kBytes);
  return " 'sha256-" + std::string(base64.begin(), base64.begin() + size) + "'";
}

}  // namespace

std::string element_text(std::string_view file) { return '\n' + std::string(file); }

std::string page_policy(PageKind kind) {
  std::string policy = "default-src 'none'; base-uri 'none'; form-action 'none'; script-src";
  for (const std::string_view script : page_scripts(kind)) policy += hash_source(script);
  return policy + "; style-src" + hash_source(page_style());
}

}  // namespace regsweep::reports
