// Writes a whole registry store, of any size and always the same for the same seed, to measure
// with.
//
// The tree holds every file and directory that a registry of distribution 2.8 leaves behind, and no
// other: blobs, layer links (a config's among them), revisions, tags with their index, uploads. Its
// shape is that of a build server's registry. A repository stands on one of a few base images that
// many share; each push replaces its top layer, sometimes the one below too, and either makes a new
// tag or moves `latest`, which leaves an untagged revision behind. Some pushes are for two
// platforms. Some blobs belong to nobody.
//
// With --sparse, layers are sparse files whose size is drawn but whose name is a random digest:
// nothing is hashed and no disk space is taken, while manifests and configs stay real. Otherwise
// every blob's digest is that of its content.
//
// Repositories are written in parallel; each has its own random stream, so threads change nothing.

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "storage/unique_fd.h"

namespace {

using regsweep::storage::UniqueFd;

struct Options {
  std::string out;
  std::size_t repos = 200;
  std::size_t tags = 50;
  std::size_t layers = 6;
  std::size_t shared_bases = 40;
  std::size_t uploads = 5;
  std::size_t layer_bytes = 4096;
  std::uint64_t seed = 1;
  double retagged = 0.3;
  double orphans = 0.1;
  double multiarch = 0.05;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool sparse = false;
};

/// There is nothing to rescue in a half-written store, so the first error ends the program.
[[noreturn]] void fail(const std::string& what, int error = errno) {
  std::fprintf(stderr, "make_store: %s: %s\n", what.c_str(), std::strerror(error));
  std::_Exit(1);
}

// Random numbers /////////////////////////////////////////////////////////////////////////////////

/// xoshiro256** seeded through splitmix64 (Blackman, Vigna). The standard's distributions differ
/// between libraries, so ours are spelled out.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) {
    std::uint64_t x = seed * 0x9e3779b97f4a7c15 ^ (stream + 1) * 0xd1342543de82ef95;
    for (std::uint64_t& word : state_) {
      x += 0x9e3779b97f4a7c15;
      std::uint64_t z = x;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// In [0, 1).
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double share) noexcept { return uniform() < share; }
  std::size_t below(std::size_t limit) noexcept { return next() % limit; }

  /// Box and Muller's; one of the pair is thrown away.
  double normal() noexcept {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  void fill(std::string& bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
      const std::uint64_t word = next();
      std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
    }
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

// Digests ////////////////////////////////////////////////////////////////////////////////////////

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

// Files and directories //////////////////////////////////////////////////////////////////////////

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

/// A blob or link that is already there shows when its directory is made; a tag's `current` link is
/// overwritten, as a registry does it.
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

// The store //////////////////////////////////////////////////////////////////////////////////////

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

// Documents //////////////////////////////////////////////////////////////////////////////////////

/// How one family of clients writes its manifests.
struct Dialect {
  std::string_view manifest_type;
  std::string_view index_type;
  std::string_view config_type;
  std::string_view layer_type;
  std::size_t indent;  ///< spaces a level
  bool size_before_digest;
};

constexpr Dialect kDocker{
    .manifest_type = "application/vnd.docker.distribution.manifest.v2+json",
    .index_type = "application/vnd.docker.distribution.manifest.list.v2+json",
    .config_type = "application/vnd.docker.container.image.v1+json",
    .layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip",
    .indent = 3,
    .size_before_digest = true,
};
constexpr Dialect kOci{
    .manifest_type = "application/vnd.oci.image.manifest.v1+json",
    .index_type = "application/vnd.oci.image.index.v1+json",
    .config_type = "application/vnd.oci.image.config.v1+json",
    .layer_type = "application/vnd.oci.image.layer.v1.tar+gzip",
    .indent = 2,
    .size_before_digest = false,
};

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) out += part;
}

/// A descriptor at `depth`; with `architecture` it carries a platform, as children of indexes do.
void append_descriptor(std::string& out, const Dialect& dialect, std::size_t depth,
                       std::string_view media_type, const Blob& blob,
                       std::string_view architecture = {}) {
  const std::string outer = "\n" + std::string(depth * dialect.indent, ' ');
  const std::string inner = outer + std::string(dialect.indent, ' ');
  const std::string size = "\"size\": " + std::to_string(blob.size_bytes);
  const std::string digest = "\"digest\": \"sha256:" + blob.hex + "\"";
  append(out, {"{", inner, "\"mediaType\": \"", media_type, "\",", inner});
  append(out, {dialect.size_before_digest ? size : digest, ",", inner,
               dialect.size_before_digest ? digest : size});
  if (!architecture.empty()) {
    const std::string innermost = inner + std::string(dialect.indent, ' ');
    append(out, {",", inner, "\"platform\": {", innermost, "\"architecture\": \"", architecture,
                 "\",", innermost, "\"os\": \"linux\"", inner, "}"});
  }
  append(out, {outer, "}"});
}

std::string document_head(const Dialect& dialect, std::string_view media_type) {
  const std::string indent(dialect.indent, ' ');
  std::string out = "{\n";
  append(out, {indent, "\"schemaVersion\": 2,\n", indent, "\"mediaType\": \"", media_type, "\",\n",
               indent});
  return out;
}

std::string image_manifest(const Dialect& dialect, const Blob& config,
                           std::span<const Blob> layers) {
  const std::string indent(dialect.indent, ' ');
  const std::string item = "\n" + indent + indent;
  std::string out = document_head(dialect, dialect.manifest_type);
  out += "\"config\": ";
  append_descriptor(out, dialect, 1, dialect.config_type, config);
  append(out, {",\n", indent, "\"layers\": ["});
  for (const Blob& layer : layers) {
    append(out, {&layer == layers.data() ? "" : ",", item});
    append_descriptor(out, dialect, 2, dialect.layer_type, layer);
  }
  append(out, {"\n", indent, "]\n}"});
  return out;
}

struct Child {
  std::string_view architecture;
  Blob manifest;
};

std::string image_index(const Dialect& dialect, std::span<const Child> children) {
  const std::string indent(dialect.indent, ' ');
  const std::string item = "\n" + indent + indent;
  std::string out = document_head(dialect, dialect.index_type);
  out += "\"manifests\": [";
  for (const Child& child : children) {
    append(out, {&child == children.data() ? "" : ",", item});
    append_descriptor(out, dialect, 2, dialect.manifest_type, child.manifest, child.architecture);
  }
  append(out, {"\n", indent, "]\n}"});
  return out;
}

/// RFC 3339 UTC; time goes on from the start of 2024.
std::string timestamp(std::size_t hours) {
  constexpr std::time_t kStart = 1704067200;
  const std::time_t seconds = kStart + static_cast<std::time_t>(hours) * 3600;
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&seconds, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// An image's config, 1.6 KB for six layers. The diff_ids are random: they name unpacked layers,
/// which a registry never sees. They also keep every config apart from all others.
std::string image_config(Random& random, std::string_view repository, std::string_view architecture,
                         std::size_t push, std::size_t layers) {
  const std::string created = timestamp(push * 6);
  std::string diff_ids;
  std::string history;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const std::string_view comma = layer == 0 ? "" : ",";
    append(diff_ids, {comma, "\"sha256:", random_hex(random), "\""});
    append(history,
           {comma, "{\"created\":\"", created, "\",\"created_by\":\"RUN /bin/sh -c make step-",
            std::to_string(layer), " # buildkit\",\"comment\":\"buildkit.dockerfile.v0\"}"});
  }
  std::string out = "{\"architecture\":\"";
  append(out,
         {architecture,
          "\",\"config\":{\"User\":\"app\",\"ExposedPorts\":{\"8080/tcp\":{}},\"Env\":[\"PATH=/usr/"
          "local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"LANG=C.UTF-8\"],\"Cmd\":["
          "\"/usr/bin/serve\",\"--listen=:8080\"],\"WorkingDir\":\"/srv\",\"Labels\":{\"org."
          "opencontainers.image.title\":\"",
          repository, "\",\"org.opencontainers.image.version\":\"", std::to_string(push),
          "\"}},\"created\":\"", created, "\",\"history\":[", history,
          "],\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", diff_ids, "]}}"});
  return out;
}

// Repositories ///////////////////////////////////////////////////////////////////////////////////

/// Plain names and nested ones, so that namespaces have something to add up.
std::string repository_name(std::size_t number) {
  const std::string n = std::to_string(number);
  if (number % 29 == 0) return "tool" + n;
  if (number % 3 == 0) {
    return "org" + std::to_string(number % 5) + "/group" + std::to_string(number % 11) + "/svc" + n;
  }
  return "team" + std::to_string(number % 17) + "/app" + n;
}

/// One repository of the store and the pushes into it.
class Repository {
 public:
  /// Makes `_layers`, `_manifests` and `_uploads` in `dir`, where the repository lives.
  Repository(const UniqueFd& dir, std::string name, const Dialect& dialect, const BlobStore& blobs,
             const LayerSource& layers, Random random)
      : name_(std::move(name)), dialect_(dialect), blobs_(blobs), layers_(layers), random_(random) {
    layer_links_ = make_and_open_directory(make_and_open_directory(dir, "_layers"), "sha256");
    const UniqueFd manifests = make_and_open_directory(dir, "_manifests");
    revisions_ = make_and_open_directory(make_and_open_directory(manifests, "revisions"), "sha256");
    tags_ = make_and_open_directory(manifests, "tags");
    uploads_ = make_and_open_directory(dir, "_uploads");
  }

  /// All pushes in a row, the images standing on `base`.
  void fill(const Options& options, std::span<const Blob> base) {
    std::vector<Blob> stack(base.begin(), base.end());
    for (const Blob& layer : base) link_layer(layer);
    while (stack.size() + 1 < options.layers) stack.push_back(new_layer());
    stack.emplace_back();  // the top, which every push makes anew

    for (std::size_t push = 0; push < options.tags; ++push) {
      const Blob manifest = random_.chance(options.multiarch)
                                ? push_platforms(stack, push)
                                : push_single(stack, base.size(), push);
      const std::string number = std::to_string(push);
      const bool latest = random_.chance(options.retagged);
      set_tag(latest ? "latest" : "1." + std::to_string(push / 10) + "." + number, manifest);
    }
  }

  /// A push that never finished: a few kilobytes arrived, and the state of their digest was saved.
  void leave_upload(std::size_t number) {
    std::string uuid = random_hex(random_).substr(0, 32);
    uuid[12] = '4';
    uuid[16] = 'a';
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) uuid.insert(dash, 1, '-');
    std::string data(1000 + random_.below(5000), '\0');
    random_.fill(data);

    const UniqueFd upload = make_and_open_directory(uploads_, uuid);
    write_file(upload, "startedat", timestamp(number * 24));
    write_file(upload, "data", data);
    const UniqueFd states =
        make_and_open_directory(make_and_open_directory(upload, "hashstates"), "sha256");
    // Go's encoding: a magic number, eight words of state, a block, a length.
    for (const std::size_t offset : {std::size_t{0}, data.size()}) {
      std::string state(108, '\0');
      random_.fill(state);
      state.replace(0, 4, "sha\x03");
      write_file(states, std::to_string(offset), state);
    }
  }

  const Counts& counts() const noexcept { return counts_; }

 private:
  void link_layer(const Blob& blob) {
    write_link(layer_links_, blob.hex);
    ++counts_.layer_links;
  }

  Blob new_layer() {
    Blob layer = layers_.make(random_, counts_);
    link_layer(layer);
    return layer;
  }

  Blob put_manifest(std::string_view document, std::size_t references) {
    Blob manifest = blobs_.put(document);
    write_link(revisions_, manifest.hex);
    ++counts_.blobs;
    ++counts_.manifests;
    ++counts_.revision_links;
    counts_.references += references;
    return manifest;
  }

  Blob put_image(std::span<const Blob> stack, std::string_view architecture, std::size_t push) {
    const Blob config = blobs_.put(image_config(random_, name_, architecture, push, stack.size()));
    ++counts_.blobs;
    link_layer(config);
    return put_manifest(image_manifest(dialect_, config, stack), stack.size() + 1);
  }

  Blob push_single(std::vector<Blob>& stack, std::size_t base_layers, std::size_t push) {
    constexpr double kDeeperChange = 0.2;
    if (stack.size() >= base_layers + 2 && push > 0 && random_.chance(kDeeperChange)) {
      stack[stack.size() - 2] = new_layer();
    }
    stack.back() = new_layer();
    return put_image(stack, "amd64", push);
  }

  Blob push_platforms(const std::vector<Blob>& stack, std::size_t push) {
    std::vector<Child> children;
    for (const std::string_view architecture : {"amd64", "arm64"}) {
      std::vector<Blob> layers = stack;
      layers.back() = new_layer();
      children.push_back({architecture, put_image(layers, architecture, push)});
    }
    return put_manifest(image_index(dialect_, children), children.size());
  }

  void set_tag(const std::string& tag, const Blob& manifest) {
    const bool moved = tag == "latest" && std::exchange(has_latest_, true);
    if (!moved) {
      for (const char* part : {"", "/current", "/index", "/index/sha256"}) {
        make_directory(tags_, tag + part);
      }
      ++counts_.tags;
      ++counts_.tag_links;
    }
    write_file(tags_, tag + "/current/link", "sha256:" + manifest.hex);
    const std::string entry = tag + "/index/sha256/" + manifest.hex;
    make_directory(tags_, entry);
    write_file(tags_, entry + "/link", "sha256:" + manifest.hex);
    ++counts_.tag_links;
  }

  std::string name_;
  const Dialect& dialect_;
  const BlobStore& blobs_;
  const LayerSource& layers_;
  Random random_;
  UniqueFd layer_links_;
  UniqueFd revisions_;
  UniqueFd tags_;
  UniqueFd uploads_;
  bool has_latest_ = false;
  Counts counts_;
};

// The whole //////////////////////////////////////////////////////////////////////////////////////

/// Runs `work(index)` for every index below `count` on `jobs` threads and adds up what they made.
Counts run_parallel(unsigned jobs, std::size_t count,
                    const std::function<Counts(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Counts total;
  std::vector<std::jthread> threads;
  for (unsigned job = 0; job < jobs; ++job) {
    threads.emplace_back([&] {
      Counts mine;
      for (std::size_t index = next++; index < count; index = next++) mine += work(index);
      const std::lock_guard lock(mutex);
      total += mine;
    });
  }
  threads.clear();  // joins
  return total;
}

/// Random streams: one for the bases, then one a repository, then those of the orphans.
constexpr std::uint64_t kBaseStream = 0;
constexpr std::uint64_t kFirstRepositoryStream = 1;
constexpr std::uint64_t kFirstOrphanStream = std::uint64_t{1} << 32;

Counts make_store(const Options& options, const UniqueFd& root) {
  const UniqueFd v2 = make_and_open_directory(
      make_and_open_directory(make_and_open_directory(root, "docker"), "registry"), "v2");
  const BlobStore blobs(v2);
  const LayerSource layers(options, blobs);
  const UniqueFd repositories = make_and_open_directory(v2, "repositories");
  Counts counts;

  constexpr std::size_t kLayersOfABase = 3;
  std::vector<std::vector<Blob>> bases(std::max<std::size_t>(options.shared_bases, 1));
  Random base_random(options.seed, kBaseStream);
  for (std::vector<Blob>& base : bases) {
    if (options.shared_bases == 0) break;  // one empty base: nothing is shared
    while (base.size() < std::min(kLayersOfABase, options.layers - 1)) {
      base.push_back(layers.make(base_random, counts));
    }
  }

  counts += run_parallel(options.jobs, options.repos, [&](std::size_t number) {
    const std::string name = repository_name(number);
    std::filesystem::create_directories(std::filesystem::path(options.out) /
                                        "docker/registry/v2/repositories" / name);
    Random random(options.seed, kFirstRepositoryStream + number);
    const std::vector<Blob>& base = bases[random.below(bases.size())];
    Repository repository(open_directory(repositories, name), name,
                          number % 2 == 0 ? kDocker : kOci, blobs, layers, random);
    repository.fill(options, base);
    for (std::size_t upload = number; upload < options.uploads; upload += options.repos) {
      repository.leave_upload(upload);
    }
    return repository.counts();
  });

  constexpr std::size_t kOrphanTasks = 64;
  const auto orphans =
      static_cast<std::size_t>(static_cast<double>(counts.blobs) * options.orphans);
  counts += run_parallel(options.jobs, kOrphanTasks, [&](std::size_t task) {
    Random random(options.seed, kFirstOrphanStream + task);
    Counts mine;
    for (std::size_t at = task; at < orphans; at += kOrphanTasks) layers.make(random, mine);
    return mine;
  });
  blobs.remove_empty_prefixes();
  return counts;
}

/// One `name=value` a line, for run.sh.
void print(const Counts& counts) {
  std::printf("blobs=%zu\nmanifests=%zu\nreferences=%zu\n", counts.blobs, counts.manifests,
              counts.references);
  std::printf("tags=%zu\nrevision_links=%zu\nlayer_links=%zu\ntag_links=%zu\nlinks=%zu\n",
              counts.tags, counts.revision_links, counts.layer_links, counts.tag_links,
              counts.revision_links + counts.layer_links + counts.tag_links);
}

/// Named sizes. A push makes 3.4 blobs, to which the orphans come.
struct Preset {
  std::size_t repos;
  std::size_t tags;
};
const std::map<std::string, Preset> kPresets = {
    {"40k", {.repos = 200, .tags = 53}},
    {"400k", {.repos = 1000, .tags = 107}},
    {"4m", {.repos = 4000, .tags = 268}},
};

int run(int argc, char** argv) {
  Options options;
  std::string preset;
  CLI::App app("Writes a registry store to measure with; the same seed gives the same store.");
  app.add_option("OUT", options.out, "Directory to write into; new or empty")->required();
  app.add_option("--preset", preset,
                 "About so many blobs: sets --repos and --tags, 4m --sparse too")
      ->check(CLI::IsMember({"40k", "400k", "4m"}));
  app.add_option("--repos", options.repos, "Repositories")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_option("--tags", options.tags, "Pushes into each repository")->capture_default_str();
  app.add_option("--layers", options.layers, "Layers of an image")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--shared-bases", options.shared_bases,
                 "Base images of three layers that repositories share")
      ->capture_default_str();
  app.add_option("--retagged", options.retagged, "Share of pushes that move `latest`")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--multiarch", options.multiarch, "Share of pushes for two platforms")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--orphans", options.orphans,
                 "Blobs that nothing refers to, a share of the others")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--uploads", options.uploads, "Unfinished uploads")->capture_default_str();
  app.add_flag("--sparse", options.sparse, "Layers are sparse files with random names");
  app.add_option("--layer-bytes", options.layer_bytes, "Mean size of a layer that is not sparse")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Where the random numbers start")->capture_default_str();
  app.add_option("--jobs", options.jobs, "Threads")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  if (!preset.empty()) {
    options.repos = kPresets.at(preset).repos;
    options.tags = kPresets.at(preset).tags;
    options.sparse = options.sparse || preset == "4m";
  }
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) fail("cannot make " + options.out, error.value());
  if (!std::filesystem::is_empty(options.out, error) || error) {
    fail("will not write into " + options.out, error ? error.value() : ENOTEMPTY);
  }
  UniqueFd root(::open(options.out.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) fail("cannot open " + options.out);
  print(make_store(options, root));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
