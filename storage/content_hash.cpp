#include "storage/content_hash.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace regsweep::storage {
namespace {

/// Fetching walks OpenSSL's providers under a lock: a thousand times the cost of hashing a link.
const EVP_MD* fetched(Algorithm algorithm) {
  static const std::array<EVP_MD*, 3> all = {EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                             EVP_MD_fetch(nullptr, "SHA384", nullptr),
                                             EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  const EVP_MD* method = all[static_cast<std::size_t>(algorithm)];
  if (method == nullptr) throw std::bad_alloc();
  return method;
}

}  // namespace

struct ContentHash::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Algorithm algorithm = Algorithm::kSha256;
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { EVP_MD_CTX_free(context); }
};

ContentHash::ContentHash() : impl_(std::make_unique<Impl>()) {
  if (impl_->context == nullptr) throw std::bad_alloc();
}
ContentHash::~ContentHash() = default;
ContentHash::ContentHash(ContentHash&&) noexcept = default;
ContentHash& ContentHash::operator=(ContentHash&&) noexcept = default;

void ContentHash::begin(Algorithm algorithm) {
  impl_->algorithm = algorithm;
  if (EVP_DigestInit_ex2(impl_->context, fetched(algorithm), nullptr) != 1) throw std::bad_alloc();
}

void ContentHash::add(std::span<const char> bytes) {
  if (EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
}

Digest ContentHash::finish() {
  Digest digest;
  digest.algorithm = impl_->algorithm;
  if (EVP_DigestFinal_ex(impl_->context, digest.bytes.data(), nullptr) != 1) throw std::bad_alloc();
  return digest;
}

}  // namespace regsweep::storage
