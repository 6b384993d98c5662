#include "tests/store_builder.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "storage/upload.h"

namespace regsweep::tests {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kOciImage = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kOciArtifact = "application/vnd.oci.artifact.manifest.v1+json";
constexpr std::string_view kDockerImage = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("store builder: " + what + ": " + std::strerror(errno));
}

std::string hash(const EVP_MD* method, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, method, nullptr) != 1) {
    throw std::runtime_error("store builder: OpenSSL cannot hash");
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

std::string hex_of(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

/// "sha256/<hex>"
std::string as_path(const std::string& digest) {
  std::string path = digest;
  path[path.find(':')] = '/';
  return path;
}

/// Bytes that only this name and size have.
std::string content_of(const Layer& layer) {
  std::string bytes;
  const std::string seed = hash(EVP_sha256(), layer.name) + '\n';
  while (bytes.size() < layer.size_bytes) bytes += seed;
  bytes.resize(layer.size_bytes);
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) {
  fs::create_directories(fs::path(path).parent_path());
  if (fs::is_directory(path)) fs::remove_all(path);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail(path);
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  ::close(fd);
  if (written != static_cast<ssize_t>(bytes.size())) fail(path);
}

/// Where stores are made: in memory if possible, since a disk takes a hundred times as long for
/// these many small files; TMPDIR says otherwise.
fs::path scratch() {
  const bool memory = std::getenv("TMPDIR") == nullptr && ::access("/dev/shm", W_OK | X_OK) == 0;
  return memory ? fs::path("/dev/shm") : fs::temp_directory_path();
}

Json descriptor(std::string_view media_type, std::size_t size_bytes, const std::string& digest) {
  return {{"mediaType", media_type}, {"size", size_bytes}, {"digest", digest}};
}

}  // namespace

Layer layer(std::string name, std::size_t size_bytes) {
  return {std::move(name), size_bytes, false, false};
}
Layer foreign_layer(std::string name, std::size_t size_bytes) {
  return {std::move(name), size_bytes, true, false};
}
Layer sha512_layer(std::string name, std::size_t size_bytes) {
  return {std::move(name), size_bytes, false, true};
}

std::string sha256_of(std::string_view bytes) { return "sha256:" + hash(EVP_sha256(), bytes); }
std::string sha512_of(std::string_view bytes) { return "sha512:" + hash(EVP_sha512(), bytes); }

StoreBuilder::StoreBuilder() {
  base_ = (fs::canonical(scratch()) / "regsweep-test.XXXXXX").string();
  if (::mkdtemp(base_.data()) == nullptr) fail(base_);
  ::chmod(base_.c_str(), 0755);  // tests look into it as another user, too
  directory("blobs/sha256");
  directory("repositories");
}

StoreBuilder::~StoreBuilder() {
  std::error_code ignored;
  for (const std::string& path : unreadable_) fs::permissions(path, fs::perms::owner_all, ignored);
  fs::remove_all(base_, ignored);
}

StoreBuilder& StoreBuilder::repo(const std::string& name) {
  repo_ = name;
  return *this;
}

// ---- what registries write --------------------------------------------------------------------

void StoreBuilder::write(const std::string& path, std::string_view bytes) const {
  write_file(v2() + '/' + path, bytes);
}

std::string StoreBuilder::put_blob(const std::string& bytes) {
  const std::string digest = sha256_of(bytes);
  sizes_[digest] = bytes.size();
  const std::string hex = hex_of(digest);
  const std::string path = "blobs/sha256/" + hex.substr(0, 2) + '/' + hex + "/data";
  if (!fs::exists(v2() + '/' + path)) write(path, bytes);
  return digest;
}

void StoreBuilder::remember(const std::string& name, const std::string& digest) {
  if (!name.empty()) digests_[name] = digest;
}

/// Writes a layer's blob and its link; returns the digest by which a manifest names it.
std::string StoreBuilder::put_layer(const Layer& layer) {
  const std::string bytes = content_of(layer);
  if (layer.foreign) {
    const std::string digest = sha256_of(bytes);
    sizes_.emplace(digest, bytes.size());
    remember(layer.name, digest);
    return digest;
  }
  const std::string digest = put_blob(bytes);
  if (has(layer.name) && digest_of(layer.name) != digest) {
    throw std::logic_error("store builder: two layers are called " + layer.name);
  }
  remember(layer.name, digest);
  write(in_repo("_layers/" + as_path(digest) + "/link"), digest);
  if (!layer.by_sha512) return digest;
  const std::string alias = sha512_of(bytes);
  write(in_repo("_layers/" + as_path(alias) + "/link"), digest);
  return alias;
}

std::string StoreBuilder::image_text(std::string_view media_type, const std::vector<Layer>& layers,
                                     const std::string& subject) {
  Json image = {{"schemaVersion", 2}, {"mediaType", media_type}};
  Json list = Json::array();
  std::string all;
  for (const Layer& layer : layers) {
    const std::string digest = put_layer(layer);
    all += digest;
    list.push_back(descriptor(kLayerType, layer.size_bytes, digest));
    if (layer.foreign) list.back()["urls"] = {"https://example.com/" + layer.name};
  }
  const std::string config = put_blob(hash(EVP_sha256(), all));
  write(in_repo("_layers/" + as_path(config) + "/link"), config);
  image["config"] = descriptor("application/vnd.oci.image.config.v1+json", kConfigBytes, config);
  image["layers"] = std::move(list);
  if (!subject.empty()) {
    image["subject"] = descriptor(kOciImage, size_of(subject), digest_of(subject));
  }
  return image.dump();
}

std::string StoreBuilder::index_text(std::string_view media_type,
                                     const std::vector<std::string>& children) {
  Json list = Json::array();
  for (const std::string& child : children) {
    const std::string digest = digest_of(child);
    const auto type = media_types_.find(digest);
    list.push_back(
        descriptor(type == media_types_.end() ? kOciImage : std::string_view(type->second),
                   size_of(child), digest));
    list.back()["platform"] = {{"architecture", "amd64"}, {"os", "linux"}};
  }
  return Json{{"schemaVersion", 2}, {"mediaType", media_type}, {"manifests", std::move(list)}}
      .dump();
}

StoreBuilder& StoreBuilder::manifest(const std::string& text, const std::string& tag_name,
                                     const std::string& name) {
  const std::string digest = put_blob(text);
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_object() && json.contains("mediaType") && json["mediaType"].is_string()) {
    media_types_[digest] = json["mediaType"].get<std::string>();
  }
  remember(name, digest);
  write(in_repo("_manifests/revisions/" + as_path(digest) + "/link"), digest);
  if (tag_name.empty()) return *this;
  remember(repo_ + ':' + tag_name, digest);
  return tag(tag_name, repo_ + ':' + tag_name);
}

StoreBuilder& StoreBuilder::image(const std::string& tag_name, const std::vector<Layer>& layers,
                                  const std::string& name) {
  return manifest(image_text(kOciImage, layers), tag_name, name);
}
StoreBuilder& StoreBuilder::docker_image(const std::string& tag_name,
                                         const std::vector<Layer>& layers,
                                         const std::string& name) {
  return manifest(image_text(kDockerImage, layers), tag_name, name);
}
StoreBuilder& StoreBuilder::untagged(const std::vector<Layer>& layers, const std::string& name) {
  return manifest(image_text(kOciImage, layers), "", name);
}
StoreBuilder& StoreBuilder::index(const std::string& tag_name,
                                  const std::vector<std::string>& children,
                                  const std::string& name) {
  return manifest(index_text(kOciIndex, children), tag_name, name);
}
StoreBuilder& StoreBuilder::list(const std::string& tag_name,
                                 const std::vector<std::string>& children,
                                 const std::string& name) {
  return manifest(index_text(kDockerList, children), tag_name, name);
}

StoreBuilder& StoreBuilder::schema1(const std::string& tag_name, const std::vector<Layer>& layers,
                                    const std::string& name) {
  Json json = {{"schemaVersion", 1}, {"name", repo_}, {"tag", tag_name}, {"architecture", "amd64"}};
  json["fsLayers"] = Json::array();
  json["history"] = Json::array();
  for (const Layer& layer : layers) {
    json["fsLayers"].push_back({{"blobSum", put_layer(layer)}});
    json["history"].push_back({{"v1Compatibility", "{}"}});
  }
  json["signatures"] = Json::array();
  return manifest(json.dump(3), tag_name, name);
}

StoreBuilder& StoreBuilder::artifact(const std::string& subject, const std::vector<Layer>& blobs,
                                     const std::string& name) {
  Json json = {{"mediaType", kOciArtifact}, {"artifactType", "application/x"}};
  json["blobs"] = Json::array();
  for (const Layer& blob : blobs) {
    json["blobs"].push_back(descriptor("application/x", blob.size_bytes, put_layer(blob)));
  }
  if (!subject.empty()) {
    json["subject"] = descriptor(kOciImage, size_of(subject), digest_of(subject));
  }
  return manifest(json.dump(), "", name);
}

StoreBuilder& StoreBuilder::referrer(const std::string& subject, const std::vector<Layer>& layers,
                                     const std::string& name) {
  return manifest(image_text(kOciImage, layers, subject), "", name);
}

StoreBuilder& StoreBuilder::cosign_signature(const std::string& subject) {
  return image("sha256-" + hex_of(digest_of(subject)) + ".sig",
               {layer("signature of " + subject, 30)});
}

StoreBuilder& StoreBuilder::tag(const std::string& tag_name, const std::string& name) {
  const std::string digest = digest_of(name);
  const std::string path = "_manifests/tags/" + tag_name;
  write(in_repo(path + "/current/link"), digest);
  write(in_repo(path + "/index/" + as_path(digest) + "/link"), digest);
  remember(repo_ + ':' + tag_name, digest);
  return *this;
}

StoreBuilder& StoreBuilder::revision(const std::string& name) {
  return link(revision_path(name), digest_of(name));
}
StoreBuilder& StoreBuilder::layer_link(const std::string& name) {
  return link(layer_path(name), digest_of(name));
}

StoreBuilder& StoreBuilder::alias_sha512(const Layer& layer) {
  put_layer({layer.name, layer.size_bytes, false, true});
  return *this;
}

StoreBuilder& StoreBuilder::orphan(const Layer& layer) {
  remember(layer.name, put_blob(content_of(layer)));
  return *this;
}

StoreBuilder& StoreBuilder::blob(const std::string& name, const std::string& bytes) {
  remember(name, put_blob(bytes));
  return *this;
}

StoreBuilder& StoreBuilder::upload(const std::string& id, const std::string& started_at,
                                   std::size_t size_bytes) {
  const std::string path = in_repo("_uploads/" + id);
  write(path + "/startedat", started_at);
  write(path + "/data", std::string(size_bytes, 'u'));
  write(path + "/hashstates/sha256/" + std::to_string(size_bytes), std::string(108, 'h'));
  std::int64_t seconds = 0;
  if (storage::parse_rfc3339(started_at, seconds)) {
    const timespec then{seconds, 0};
    const timespec times[2] = {then, then};
    const auto set = [&](const std::string& file) {
      if (::utimensat(AT_FDCWD, file.c_str(), times, 0) != 0) fail(file);
    };
    const std::string directory = v2() + '/' + path;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) set(entry.path());
    set(directory);
  }
  return *this;
}

// ---- what goes wrong --------------------------------------------------------------------------

StoreBuilder& StoreBuilder::link(const std::string& path, const std::string& text) {
  write(path, text);
  return *this;
}

StoreBuilder& StoreBuilder::directory(const std::string& path) {
  fs::create_directories(v2() + '/' + path);
  return *this;
}

StoreBuilder& StoreBuilder::symlink(const std::string& path, const std::string& target) {
  const fs::path full = v2() + '/' + path;
  fs::create_directories(full.parent_path());
  fs::remove(full);
  fs::create_symlink(target, full);
  return *this;
}

StoreBuilder& StoreBuilder::remove(const std::string& path) {
  fs::remove_all(v2() + '/' + path);
  return *this;
}

StoreBuilder& StoreBuilder::zero_length(const std::string& name) {
  write(blob_path(name), "");
  return *this;
}

StoreBuilder& StoreBuilder::missing(const std::string& name) {
  return remove(fs::path(blob_path(name)).parent_path().string());
}

StoreBuilder& StoreBuilder::unreadable(const std::string& path) {
  unreadable_.push_back(v2() + '/' + path);
  fs::permissions(unreadable_.back(), fs::perms::none);
  return *this;
}

StoreBuilder& StoreBuilder::hard_link(const std::string& path, const std::string& existing) {
  const fs::path full = v2() + '/' + path;
  fs::create_directories(full.parent_path());
  fs::remove(full);
  fs::create_hard_link(v2() + '/' + existing, full);
  return *this;
}

// ---- where things are -------------------------------------------------------------------------

std::string StoreBuilder::config_file() const {
  const std::string path = beside("config.yml");
  write_file(path,
             "version: 0.1\nlog: {level: error}\nstorage:\n  filesystem:\n"
             "    rootdirectory: " +
                 root() + "\nhttp: {addr: 127.0.0.1:0}\n");
  return path;
}

std::string StoreBuilder::digest_of(const std::string& name) const {
  const auto at = digests_.find(name);
  if (at == digests_.end()) throw std::logic_error("store builder: nothing is called " + name);
  return at->second;
}

std::size_t StoreBuilder::size_of(const std::string& name) const {
  return sizes_.at(digest_of(name));
}

std::string StoreBuilder::blob_path(const std::string& name) const {
  const std::string hex = hex_of(digest_of(name));
  return "blobs/sha256/" + hex.substr(0, 2) + '/' + hex + "/data";
}
std::string StoreBuilder::revision_path(const std::string& name) const {
  return in_repo("_manifests/revisions/" + as_path(digest_of(name)) + "/link");
}
std::string StoreBuilder::layer_path(const std::string& name) const {
  return in_repo("_layers/" + as_path(digest_of(name)) + "/link");
}
std::string StoreBuilder::tag_path(const std::string& tag_name) const {
  return in_repo("_manifests/tags/" + tag_name + "/current/link");
}

}  // namespace regsweep::tests
