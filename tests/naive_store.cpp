#include "tests/naive_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>

namespace regsweep::tests {
namespace {

namespace fs = std::filesystem;

bool is_digest(const std::string& text) {
  static const std::regex pattern("sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}");
  return std::regex_match(text, pattern);
}

bool is_real_directory(const fs::path& path) { return fs::is_directory(fs::symlink_status(path)); }
bool is_real_file(const fs::path& path) { return fs::is_regular_file(fs::symlink_status(path)); }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The names in a directory that is there; none if it is not.
std::vector<std::string> names_in(const fs::path& path) {
  std::vector<std::string> names;
  if (!is_real_directory(path)) return names;
  for (const auto& entry : fs::directory_iterator(path)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

/// Gathers the descriptors that stand where a manifest has them. Works on events, because a tree
/// would have lost duplicate keys.
class References : public nlohmann::json_sax<nlohmann::json> {
 public:
  Digests references;
  Digests manifests;  ///< those of them that are to be read, too
  Digests subjects;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& text) override {
    if (!in_descriptor()) return true;
    if (path_.back() == "digest" || path_.back() == "blobsum") digests_.push_back(text);
    if (path_.back() == "mediatype") media_type_ = text;
    return true;
  }
  bool start_object(std::size_t) override {
    path_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    path_.back() = name;
    std::transform(name.begin(), name.end(), path_.back().begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return true;
  }
  bool end_object() override {
    if (in_descriptor()) take();
    path_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override {
    path_.emplace_back("[]");
    return true;
  }
  bool end_array() override {
    path_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool in_descriptor() const {
    if (path_.size() == 2) return path_[0] == "config" || path_[0] == "subject";
    return path_.size() == 3 && path_[1] == "[]" &&
           (path_[0] == "layers" || path_[0] == "manifests" || path_[0] == "blobs" ||
            path_[0] == "fslayers");
  }

  void take() {
    const bool manifest = path_[0] == "manifests" ||
                          media_type_.find(".manifest.") != std::string::npos ||
                          media_type_.find(".index.") != std::string::npos;
    for (const std::string& digest : digests_) {
      if (!is_digest(digest)) continue;
      if (path_[0] == "subject") {
        subjects.insert(digest);
        continue;
      }
      references.insert(digest);
      if (manifest) manifests.insert(digest);
    }
    digests_.clear();
    media_type_.clear();
  }

  std::vector<std::string> path_;
  std::vector<std::string> digests_;
  std::string media_type_;
};

}  // namespace

NaiveStore::NaiveStore(const std::string& v2) : v2_(v2) {
  read_blobs(v2 + "/blobs");
  read_repositories(v2 + "/repositories", "");
  for (const auto& [name, repository] : repositories) {
    for (const std::string& digest : repository.revisions) read_manifest(digest);
    for (const std::string& digest : repository.tags) read_manifest(digest);
  }
}

void NaiveStore::read_blobs(const std::string& path) {
  for (const std::string& algorithm : names_in(path)) {
    for (const std::string& prefix : names_in(path + '/' + algorithm)) {
      for (const std::string& hex : names_in(path + '/' + algorithm + '/' + prefix)) {
        const fs::path data = fs::path(path) / algorithm / prefix / hex / "data";
        const std::string digest = algorithm + ':' + hex;
        if (!is_digest(digest) || hex.substr(0, 2) != prefix || !is_real_file(data)) continue;
        blobs[digest] = fs::file_size(data);
      }
    }
  }
}

void NaiveStore::read_repositories(const std::string& path, const std::string& name) {
  bool is_repository = false;
  for (const std::string& child : names_in(path)) {
    if (!is_real_directory(fs::path(path) / child)) continue;
    if (child.front() == '_') {
      is_repository |= child == "_layers" || child == "_manifests" || child == "_uploads";
    } else {
      read_repositories(path + '/' + child, name.empty() ? child : name + '/' + child);
    }
  }
  if (is_repository && !name.empty()) read_repository(path, repositories[name]);
}

void NaiveStore::read_repository(const std::string& path, Repository& repository) {
  read_links(path + "/_manifests/revisions", repository.revisions, true);
  read_links(path + "/_layers", repository.linked, false);
  for (const std::string& tag : names_in(path + "/_manifests/tags")) {
    const fs::path directory = path + "/_manifests/tags/" + tag;
    const fs::path link = directory / "current/link";
    if (is_real_directory(directory) && !fs::exists(fs::symlink_status(link))) continue;
    const std::string digest = is_real_file(link) ? read(link) : "";
    if (is_digest(digest)) {
      repository.tags.insert(digest);
    } else {
      repository.unclear = true;
    }
  }
}

void NaiveStore::read_links(const std::string& path, Digests& digests, bool odd_depths) {
  if (!is_real_directory(path)) return;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.path().filename() != "link") continue;
    const fs::path directory = entry.path().parent_path();
    const std::string named = directory.lexically_relative(path).string();
    const std::size_t slash = named.find('/');
    const std::string by_path =
        slash == std::string::npos ? "" : named.substr(0, slash) + ':' + named.substr(slash + 1);
    const bool ordinary = is_digest(by_path);
    if (ordinary) digests.insert(by_path);
    if (!is_real_file(entry.path()) || !(ordinary || odd_depths)) continue;
    const std::string content = read(entry.path());
    if (!is_digest(content)) continue;
    digests.insert(content);
    if (ordinary && content != by_path) aliases_[by_path].insert(content);
  }
}

void NaiveStore::read_manifest(const std::string& digest) {
  if (blobs.count(digest) == 0 || !parsed_.insert(digest).second) return;
  const std::string hex = digest.substr(digest.find(':') + 1);
  const std::string text = read(v2_ + "/blobs/" + digest.substr(0, digest.find(':')) + '/' +
                                hex.substr(0, 2) + '/' + hex + "/data");
  References found;
  nlohmann::json::sax_parse(text, &found, nlohmann::json::input_format_t::json, false);
  references_[digest] = found.references;
  for (const std::string& subject : found.subjects) referrers_[subject].insert(digest);
  for (const std::string& child : found.manifests) read_manifest(child);
}

Digests NaiveStore::closure(std::vector<std::string> pending, bool referrers) const {
  Digests live;
  const auto add = [&](const std::map<std::string, Digests>& steps, const std::string& from) {
    const auto at = steps.find(from);
    if (at != steps.end()) pending.insert(pending.end(), at->second.begin(), at->second.end());
  };
  while (!pending.empty()) {
    const std::string digest = pending.back();
    pending.pop_back();
    if (!live.insert(digest).second) continue;
    add(references_, digest);
    add(aliases_, digest);
    if (referrers) add(referrers_, digest);
  }
  return live;
}

void NaiveStore::add_roots(const Repository& repository, bool tags_only,
                           std::vector<std::string>& roots) const {
  roots.insert(roots.end(), repository.tags.begin(), repository.tags.end());
  if (tags_only && !repository.unclear) return;
  roots.insert(roots.end(), repository.revisions.begin(), repository.revisions.end());
}

Digests NaiveStore::live(bool tags_only) const {
  std::vector<std::string> roots;
  for (const auto& [name, repository] : repositories) add_roots(repository, tags_only, roots);
  return closure(std::move(roots), true);
}

Digests NaiveStore::reach(const Repository& repository, bool tags_only) const {
  std::vector<std::string> roots;
  add_roots(repository, tags_only, roots);
  return closure(std::move(roots), tags_only);
}

DiskUsage disk_usage(const std::string& root) {
  DiskUsage usage;
  std::set<std::pair<dev_t, ino_t>> seen;
  const auto add = [&](const std::string& path) {
    struct stat facts;
    if (::lstat(path.c_str(), &facts) != 0) throw std::runtime_error("cannot lstat " + path);
    ++usage.names;
    if (!seen.emplace(facts.st_dev, facts.st_ino).second) return;
    usage.apparent_bytes += static_cast<std::uint64_t>(facts.st_size);
    usage.allocated_bytes += static_cast<std::uint64_t>(facts.st_blocks) * 512;
  };
  add(root);
  for (const auto& entry : fs::recursive_directory_iterator(root)) add(entry.path().string());
  return usage;
}

}  // namespace regsweep::tests
