// Makes a store of blobs whose content has the digest of its name: make_store's are sparse.
//
//   make_blobs DIR COUNT BYTES [SEED]
//
// The blobs lie in DIR/docker/registry/v2/blobs; nothing links to them, which is all the same to a
// verify. Content is random and does not compress.
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "storage/content_hash.h"
#include "storage/layout.h"

namespace {

namespace fs = std::filesystem;
using regsweep::storage::Algorithm;
using regsweep::storage::ContentHash;

constexpr std::size_t kPieceBytes = 1024 * 1024;

bool number(const char* text, std::uint64_t& out) {
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, out);
  return error == std::errc() && at == end;
}

/// Writes one blob beside the others and moves it to its place. False: errno says why not.
bool make_blob(const fs::path& v2, std::uint64_t bytes, std::mt19937_64& random, ContentHash& hash,
               std::vector<char>& buffer) {
  const std::string temporary = (v2 / "new").string();
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return false;
  hash.begin(Algorithm::kSha256);
  bool good = true;
  for (std::uint64_t done = 0; done < bytes && good;) {
    const std::size_t size = std::min<std::uint64_t>(bytes - done, buffer.size());
    for (std::size_t i = 0; i < size; i += 8) {
      const std::uint64_t word = random();
      std::memcpy(buffer.data() + i, &word, std::min<std::size_t>(8, size - i));
    }
    hash.add({buffer.data(), size});
    good = ::write(file, buffer.data(), size) == static_cast<ssize_t>(size);
    done += size;
  }
  good = ::close(file) == 0 && good;
  const fs::path place = v2 / regsweep::storage::layout::blob_path(hash.finish());
  std::error_code failed;
  fs::create_directories(place.parent_path(), failed);
  if (good && !failed) fs::rename(temporary, place, failed);
  return good && !failed;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t seed = 1;
  if (argc < 4 || argc > 5 || !number(argv[2], count) || !number(argv[3], bytes) ||
      (argc == 5 && !number(argv[4], seed))) {
    std::fputs("usage: make_blobs DIR COUNT BYTES [SEED]\n", stderr);
    return 2;
  }
  const fs::path v2 = fs::path(argv[1]) / "docker/registry/v2";
  fs::create_directories(v2 / "blobs");
  fs::create_directories(v2 / "repositories");
  std::mt19937_64 random(seed);
  ContentHash hash;
  std::vector<char> buffer(kPieceBytes);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!make_blob(v2, bytes, random, hash, buffer)) {
      std::perror("make_blobs");
      return 1;
    }
  }
  return 0;
}
