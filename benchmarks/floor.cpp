// The floor: how fast could any program be that looks at a whole store?
//
// It makes the fewest system calls that see every blob's size, every revision link, every tag's
// current link, every layer link (that it exists, and how long it is) and every manifest's bytes.
// It understands nothing of what it reads, follows no reference and keeps nothing but a few totals,
// so an audit can come close to it and cannot beat it by much. `audit ÷ floor` is the figure by
// which the audit's speed is judged, because it means the same on any machine and any disk.
//
//   floor ROOT THREADS
//
// ROOT is a store's root, with docker/registry/v2 in it. What it costs:
//   a blob          1 call   fstatat
//   a revision      6 calls  its link and the manifest: openat, read, close each
//   a tag           3 calls  openat, read, close
//   a layer link    1 call   fstatat
//   a directory     4 calls or more, of those that are listed: open, getdents64 until empty, close
// Listed are 256 blob prefixes, three directories a repository, and the namespaces above.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "storage/unique_fd.h"

namespace {

using regsweep::storage::UniqueFd;

constexpr std::size_t kPrefixes = 256;              // blobs/sha256/00 … ff
constexpr std::size_t kDirectoryBuffer = 64 << 10;  // entries a getdents64 can return
constexpr std::size_t kLinkBytes = 128;             // longer than a link, which has 71 bytes
constexpr std::size_t kManifestBytes = 1 << 20;     // longer than a manifest usually is

struct Totals {
  std::uint64_t blobs = 0;
  std::uint64_t blob_blocks = 0;  ///< of 512 bytes
  std::uint64_t revisions = 0;
  std::uint64_t tags = 0;
  std::uint64_t layer_links = 0;
  std::uint64_t manifest_bytes = 0;

  Totals& operator+=(const Totals& other) noexcept {
    blobs += other.blobs;
    blob_blocks += other.blob_blocks;
    revisions += other.revisions;
    tags += other.tags;
    layer_links += other.layer_links;
    manifest_bytes += other.manifest_bytes;
    return *this;
  }
};

UniqueFd open_directory(int parent, const char* path) {
  return UniqueFd(::openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// Calls `sink(name)` for each entry but `.` and `..`. `dir` may be closed (the directory does not
/// exist): then there are none.
template <class Sink>
void for_each_entry(const UniqueFd& dir, Sink sink) {
  if (!dir) return;
  alignas(dirent64) std::array<char, kDirectoryBuffer> buffer;
  for (;;) {
    const ssize_t filled = ::getdents64(dir.get(), buffer.data(), buffer.size());
    if (filled <= 0) return;
    for (ssize_t at = 0; at < filled;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") sink(name);
    }
  }
}

/// A path put together without allocating; 256 bytes hold any name of a store and a suffix.
class Path {
 public:
  const char* join(std::initializer_list<std::string_view> parts) noexcept {
    std::size_t length = 0;
    for (const std::string_view part : parts) {
      if (length + part.size() >= text_.size()) return "";  // which no call will find
      std::memcpy(text_.data() + length, part.data(), part.size());
      length += part.size();
    }
    text_[length] = '\0';
    return text_.data();
  }

 private:
  std::array<char, 512> text_;
};

/// One open, one read, one close. Nothing if the file is not there or is empty.
std::optional<std::size_t> read_file(const UniqueFd& dir, const char* path, char* buffer,
                                     std::size_t size) {
  const UniqueFd file(::openat(dir.get(), path, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  const ssize_t got = ::read(file.get(), buffer, size);
  if (got <= 0) return std::nullopt;
  return static_cast<std::size_t>(got);
}

/// Names of all repositories, found by their `_manifests`; every other name that starts with an
/// underscore belongs to a repository.
void find_repositories(const UniqueFd& dir, const std::string& prefix,
                       std::vector<std::string>& found) {
  for_each_entry(dir, [&](std::string_view name) {
    if (name.starts_with('_')) {
      if (name == "_manifests") found.push_back(prefix);
      return;
    }
    const std::string path(name);
    if (const UniqueFd child = open_directory(dir.get(), path.c_str())) {
      find_repositories(child, prefix + "/" + path, found);
    }
  });
}

/// One thread's share of the work: it takes blob prefixes, then repositories.
class Walker {
 public:
  explicit Walker(const std::string& v2) : v2_(v2), buffer_(kManifestBytes) {}

  void blob_prefix(std::size_t prefix) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "%02zx", prefix);
    const UniqueFd dir = open_directory(AT_FDCWD, (v2_ + "/blobs/sha256/" + name.data()).c_str());
    for_each_entry(dir, [&](std::string_view hex) {
      struct stat info;
      if (::fstatat(dir.get(), path_.join({hex, "/data"}), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
      ++totals_.blobs;
      totals_.blob_blocks += static_cast<std::uint64_t>(info.st_blocks);
    });
  }

  void repository(const std::string& name) {
    const std::string dir = v2_ + "/repositories" + name;
    revisions(dir + "/_manifests/revisions/sha256");
    tags(dir + "/_manifests/tags");
    layer_links(dir + "/_layers/sha256");
  }

  const Totals& totals() const noexcept { return totals_; }

 private:
  void revisions(const std::string& path) {
    const UniqueFd dir = open_directory(AT_FDCWD, path.c_str());
    if (!dir) return;
    const UniqueFd blobs = open_directory(AT_FDCWD, (v2_ + "/blobs/sha256").c_str());
    for_each_entry(dir, [&](std::string_view hex) {
      if (!read_file(dir, path_.join({hex, "/link"}), buffer_.data(), kLinkBytes)) return;
      ++totals_.revisions;
      const char* manifest = path_.join({hex.substr(0, 2), "/", hex, "/data"});
      totals_.manifest_bytes +=
          read_file(blobs, manifest, buffer_.data(), buffer_.size()).value_or(0);
    });
  }

  void tags(const std::string& path) {
    const UniqueFd dir = open_directory(AT_FDCWD, path.c_str());
    for_each_entry(dir, [&](std::string_view tag) {
      if (read_file(dir, path_.join({tag, "/current/link"}), buffer_.data(), kLinkBytes)) {
        ++totals_.tags;
      }
    });
  }

  void layer_links(const std::string& path) {
    const UniqueFd dir = open_directory(AT_FDCWD, path.c_str());
    for_each_entry(dir, [&](std::string_view hex) {
      struct stat info;
      if (::fstatat(dir.get(), path_.join({hex, "/link"}), &info, 0) == 0) ++totals_.layer_links;
    });
  }

  const std::string& v2_;
  std::vector<char> buffer_;
  Path path_;
  Totals totals_;
};

Totals walk(const std::string& v2, const std::vector<std::string>& repositories, int threads) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Totals totals;
  const auto work = [&] {
    Walker walker(v2);
    for (std::size_t task = next++; task < kPrefixes + repositories.size(); task = next++) {
      if (task < kPrefixes) {
        walker.blob_prefix(task);
      } else {
        walker.repository(repositories[task - kPrefixes]);
      }
    }
    const std::lock_guard lock(mutex);
    totals += walker.totals();
  };
  std::vector<std::jthread> pool;
  for (int thread = 0; thread < threads; ++thread) pool.emplace_back(work);
  pool.clear();  // joins
  return totals;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc == 3 ? std::atoi(argv[2]) : 0;
  if (threads < 1) {
    std::fputs("usage: floor ROOT THREADS\n", stderr);
    return 2;
  }
  const std::string v2 = std::string(argv[1]) + "/docker/registry/v2";
  const UniqueFd top = open_directory(AT_FDCWD, (v2 + "/repositories").c_str());
  if (!top) {
    std::fprintf(stderr, "floor: cannot open %s/repositories: %s\n", v2.c_str(),
                 std::strerror(errno));
    return 1;
  }
  std::vector<std::string> repositories;
  find_repositories(top, "", repositories);
  const Totals totals = walk(v2, repositories, threads);
  std::printf("blobs %zu (%.1f GB) revisions %zu tags %zu layer links %zu manifest bytes %zu\n",
              totals.blobs, static_cast<double>(totals.blob_blocks) * 512 / 1e9, totals.revisions,
              totals.tags, totals.layer_links, totals.manifest_bytes);
  return 0;
}
