#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "benchmarks/store/files.h"
#include "benchmarks/store/options.h"
#include "benchmarks/store/random.h"

namespace regsweep::benchmarks {

/// What was written, so that a benchmark can check an answer and judge figures per object.
struct Counts {
  std::size_t blobs = 0;
  std::size_t manifests = 0;   ///< of the blobs, those that are manifests or indexes
  std::size_t references = 0;  ///< descriptors in all manifests
  std::size_t tags = 0;
  std::size_t revision_links = 0;
  std::size_t layer_links = 0;
  std::size_t tag_links = 0;  ///< `current` links and the links of tag indexes

  Counts& operator+=(const Counts& other) noexcept {
    blobs += other.blobs;
    manifests += other.manifests;
    references += other.references;
    tags += other.tags;
    revision_links += other.revision_links;
    layer_links += other.layer_links;
    tag_links += other.tag_links;
    return *this;
  }
};

struct Blob {
  std::string hex;
  std::uint64_t size_bytes = 0;
};

/// The blobs of a store: `blobs/sha256/<xx>/<hex>/data`. All 256 prefixes are kept open, so a blob
/// costs four system calls. A real registry makes prefixes as it needs them; the stores meant here
/// use all of them, and prefixes that stayed empty are removed at the end.
class BlobStore {
 public:
  explicit BlobStore(const UniqueFd& v2)
      : sha256_(make_and_open_directory(make_and_open_directory(v2, "blobs"), "sha256")) {
    for (unsigned prefix = 0; prefix < shards_.size(); ++prefix) {
      shards_[prefix] = make_and_open_directory(sha256_, shard_name(prefix));
    }
  }

  /// Content that is new to the store, as all content here is.
  Blob put(std::string_view content) const {
    Blob blob{sha256_hex(content), content.size()};
    const UniqueFd& shard = shard_of(blob.hex);
    make_directory(shard, blob.hex);
    write_file(shard, blob.hex + "/data", content);
    return blob;
  }

  void put_sparse(const Blob& blob) const {
    const UniqueFd& shard = shard_of(blob.hex);
    make_directory(shard, blob.hex);
    const UniqueFd fd = make_file(shard, blob.hex + "/data");
    if (::ftruncate(fd.get(), static_cast<off_t>(blob.size_bytes)) != 0) fail("cannot size a blob");
  }

  void remove_empty_prefixes() const {
    for (unsigned prefix = 0; prefix < shards_.size(); ++prefix) {
      const std::string name = shard_name(prefix);
      if (::unlinkat(sha256_.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOTEMPTY) {
        fail("cannot remove directory " + name);
      }
    }
  }

 private:
  static std::string shard_name(unsigned prefix) {
    const auto byte = static_cast<unsigned char>(prefix);
    return hex_of({&byte, 1});
  }
  const UniqueFd& shard_of(const std::string& hex) const {
    return shards_[std::stoul(hex.substr(0, 2), nullptr, 16)];
  }

  UniqueFd sha256_;
  std::array<UniqueFd, 256> shards_;
};

/// Makes layers: random bytes of random size. Sizes are log-normal, as those of real layers are.
class LayerSource {
 public:
  LayerSource(const Options& options, const BlobStore& blobs) : options_(options), blobs_(blobs) {}

  Blob make(Random& random, Counts& counts) const {
    ++counts.blobs;
    if (options_.sparse) {  // median 1.2 MB, mean 8.9 MB
      Blob layer{random_hex(random),
                 static_cast<std::uint64_t>(std::exp(14 + 2 * random.normal()))};
      layer.size_bytes = std::max(layer.size_bytes, kSmallestLayer);
      blobs_.put_sparse(layer);
      return layer;
    }
    // exp(N(0, 1) - 1/2) has the mean 1.
    const double size = static_cast<double>(options_.layer_bytes) * std::exp(random.normal() - 0.5);
    std::string content(std::max(static_cast<std::uint64_t>(size), kSmallestLayer), '\0');
    random.fill(content);
    return blobs_.put(content);
  }

 private:
  /// Enough random bytes for no two layers to be the same.
  static constexpr std::uint64_t kSmallestLayer = 64;

  const Options& options_;
  const BlobStore& blobs_;
};

}  // namespace regsweep::benchmarks
