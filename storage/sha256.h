#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace regsweep::storage {

/// SHA-256 of a stream of bytes, by OpenSSL's EVP.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void add(std::string_view bytes);
  /// Lower-case hex of all that was added. The stream cannot be used afterwards.
  std::string hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace regsweep::storage
