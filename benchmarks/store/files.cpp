#include "benchmarks/store/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace regsweep::benchmarks {

void fail(const std::string& what, int error) {
  std::fprintf(stderr, "make_store: %s: %s\n", what.c_str(), std::strerror(error));
  std::_Exit(1);
}

std::string hex_of(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string random_hex(Random& random) {
  std::array<std::uint64_t, 4> words{};
  for (std::uint64_t& word : words) word = random.next();
  std::array<unsigned char, 32> bytes{};
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return hex_of(bytes);
}

std::string sha256_hex(std::string_view content) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{
      EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  std::array<unsigned char, 32> digest{};
  if (EVP_DigestInit_ex2(context.get(), sha256, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), content.data(), content.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
    fail("cannot compute SHA-256", EINVAL);
  }
  return hex_of(digest);
}

void make_directory(const UniqueFd& parent, const std::string& name) {
  if (::mkdirat(parent.get(), name.c_str(), 0755) != 0) fail("cannot make directory " + name);
}

UniqueFd open_directory(const UniqueFd& parent, const std::string& name) {
  UniqueFd fd(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) fail("cannot open directory " + name);
  return fd;
}

UniqueFd make_and_open_directory(const UniqueFd& parent, const std::string& name) {
  make_directory(parent, name);
  return open_directory(parent, name);
}

UniqueFd make_file(const UniqueFd& parent, const std::string& name) {
  UniqueFd fd(::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) fail("cannot make file " + name);
  return fd;
}

void write_file(const UniqueFd& parent, const std::string& name, std::string_view content) {
  const UniqueFd fd = make_file(parent, name);
  while (!content.empty()) {
    const ssize_t written = ::write(fd.get(), content.data(), content.size());
    if (written < 0) fail("cannot write file " + name);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// `<dir>/<hex>/link`, as layers, revisions and tag indexes have it.
void write_link(const UniqueFd& dir, const std::string& hex) {
  make_directory(dir, hex);
  write_file(dir, hex + "/link", "sha256:" + hex);
}

}  // namespace regsweep::benchmarks
