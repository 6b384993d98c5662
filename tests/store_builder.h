#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace regsweep::tests {

/// A layer as an image names it. Its content follows from its name and size alone, so that images
/// and repositories share it by naming it again.
struct Layer {
  std::string name;
  std::size_t size_bytes = 0;
  bool foreign = false;    ///< named with `urls`; no blob is written
  bool by_sha512 = false;  ///< the manifest names it by its sha512 digest, an alias
};
Layer layer(std::string name, std::size_t size_bytes);
Layer foreign_layer(std::string name, std::size_t size_bytes);
Layer sha512_layer(std::string name, std::size_t size_bytes);

/// "sha256:…" of these bytes, or "sha512:…".
std::string sha256_of(std::string_view bytes);
std::string sha512_of(std::string_view bytes);

inline constexpr std::size_t kConfigBytes = 64;  ///< size of every image's config

/// Writes a registry's store of the directory layout into a directory of its own, which goes with
/// the object. Speaks of images and tags; the odd things that a store may hold are named below.
/// Paths are relative to docker/registry/v2. Whatever fails throws.
///
/// Names lead to digests: a layer's own; "a/b:1.0" for what a tag means now; and `name` where
/// given.
class StoreBuilder {
 public:
  StoreBuilder();
  ~StoreBuilder();
  StoreBuilder(const StoreBuilder&) = delete;
  StoreBuilder& operator=(const StoreBuilder&) = delete;

  /// The repository that the calls after this one write to.
  StoreBuilder& repo(const std::string& name);

  // ---- what registries write ------------------------------------------------------------------

  StoreBuilder& image(const std::string& tag, const std::vector<Layer>& layers,
                      const std::string& name = "");
  StoreBuilder& docker_image(const std::string& tag, const std::vector<Layer>& layers,
                             const std::string& name = "");
  StoreBuilder& untagged(const std::vector<Layer>& layers, const std::string& name = "");
  /// An OCI index over manifests that have a name.
  StoreBuilder& index(const std::string& tag, const std::vector<std::string>& children,
                      const std::string& name = "");
  /// Docker's manifest list.
  StoreBuilder& list(const std::string& tag, const std::vector<std::string>& children,
                     const std::string& name = "");
  StoreBuilder& schema1(const std::string& tag, const std::vector<Layer>& layers,
                        const std::string& name = "");
  /// An OCI artifact manifest, which no registry's collector understands.
  StoreBuilder& artifact(const std::string& subject, const std::vector<Layer>& blobs,
                         const std::string& name = "");
  /// An untagged image with a subject, as the referrers API finds it.
  StoreBuilder& referrer(const std::string& subject, const std::vector<Layer>& layers,
                         const std::string& name = "");
  /// An image tagged "sha256-<hex of the subject>.sig".
  StoreBuilder& cosign_signature(const std::string& subject);
  /// Any text as a manifest with its revision link; untagged if `tag` is empty.
  StoreBuilder& manifest(const std::string& text, const std::string& tag = "",
                         const std::string& name = "");
  /// Points a tag at a digest; the tag's index remembers what it meant before.
  StoreBuilder& tag(const std::string& tag, const std::string& name);
  StoreBuilder& revision(const std::string& name);    ///< a revision link
  StoreBuilder& layer_link(const std::string& name);  ///< a layer link
  StoreBuilder& alias_sha512(const Layer& layer);     ///< pushes it by its sha512 digest
  StoreBuilder& orphan(const Layer& layer);           ///< a blob that nothing links to
  StoreBuilder& blob(const std::string& name, const std::string& bytes);
  /// An unfinished push that nobody has written to since it began, where `started_at` is a time.
  StoreBuilder& upload(const std::string& id, const std::string& started_at,
                       std::size_t size_bytes);

  // ---- what goes wrong ------------------------------------------------------------------------

  StoreBuilder& link(const std::string& path, const std::string& text);  ///< any file
  StoreBuilder& empty_link(const std::string& path) { return link(path, ""); }
  StoreBuilder& garbled_link(const std::string& path) { return link(path, "sha256:garbled"); }
  StoreBuilder& stray_file(const std::string& path) { return link(path, "stray"); }
  StoreBuilder& directory(const std::string& path);
  StoreBuilder& symlink(const std::string& path, const std::string& target);
  StoreBuilder& remove(const std::string& path);  ///< with everything below
  StoreBuilder& zero_length(const std::string& name);
  StoreBuilder& missing(const std::string& name);  ///< its blob's directory goes
  StoreBuilder& unreadable(const std::string& path);
  StoreBuilder& hard_link(const std::string& path, const std::string& existing);

  // ---- where things are -----------------------------------------------------------------------

  std::string root() const { return base_ + "/store"; }
  std::string v2() const { return root() + "/docker/registry/v2"; }
  /// A file beside the store.
  std::string beside(const std::string& name) const { return base_ + '/' + name; }
  /// Writes a registry's config.yml for the store, beside it, and returns its path.
  std::string config_file() const;

  std::string digest_of(const std::string& name) const;
  std::size_t size_of(const std::string& name) const;
  bool has(const std::string& name) const { return digests_.count(name) != 0; }
  std::string blob_path(const std::string& name) const;  ///< with "/data"
  std::string revision_path(const std::string& name) const;
  std::string layer_path(const std::string& name) const;
  std::string tag_path(const std::string& tag) const;

 private:
  std::string in_repo(const std::string& path) const {
    return "repositories/" + repo_ + '/' + path;
  }
  void write(const std::string& path, std::string_view bytes) const;  ///< below v2
  std::string put_blob(const std::string& bytes);
  std::string put_layer(const Layer& layer);
  std::string image_text(std::string_view media_type, const std::vector<Layer>& layers,
                         const std::string& subject = "");
  std::string index_text(std::string_view media_type, const std::vector<std::string>& children);
  void remember(const std::string& name, const std::string& digest);

  std::string base_;
  std::string repo_;
  std::map<std::string, std::string> digests_;      // by name
  std::map<std::string, std::size_t> sizes_;        // by digest
  std::map<std::string, std::string> media_types_;  // of manifests, by digest
  std::vector<std::string> unreadable_;
};

}  // namespace regsweep::tests
