#pragma once

#include <memory>
#include <span>

#include "storage/digest.h"

namespace regsweep::storage {

/// Digest of a stream of bytes, by OpenSSL's EVP. The algorithms are fetched once a process, the
/// context is made once an object: use one object a thread for many streams.
class ContentHash {
 public:
  /// Throws std::bad_alloc if OpenSSL has no memory.
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;

  /// Starts a new stream; what was added before is forgotten.
  void begin(Algorithm algorithm);
  void add(std::span<const char> bytes);
  /// Digest of all that was added since begin().
  Digest finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace regsweep::storage
