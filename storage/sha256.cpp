#include "storage/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

#include "storage/digest.h"

namespace regsweep::storage {

struct Sha256Stream::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {
  // Only out of memory can make these fail: sha256 is built in.
  if (impl_->context == nullptr || EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(std::string_view bytes) {
  if (EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
}

std::string Sha256Stream::hex() {
  Digest digest;
  unsigned size = 0;
  if (EVP_DigestFinal_ex(impl_->context, digest.bytes.data(), &size) != 1) throw std::bad_alloc();
  return digest.hex();
}

}  // namespace regsweep::storage
