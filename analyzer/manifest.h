#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/digest.h"

namespace regsweep::analyzer {

/// A registry accepts no larger manifest.
/// Source: distribution registry/handlers/manifests.go, maxManifestBodySize.
inline constexpr std::size_t kMaxManifestBytes = 4 * 1024 * 1024;

/// What is larger is no manifest, whatever refers to it, and is not read: many times what a
/// registry accepts, and little enough to be held in memory by each thread.
inline constexpr std::size_t kMostDocumentBytes = 64 * 1024 * 1024;

/// What a document turned out to be, for display and for the choice of references.
enum class ManifestType : std::uint8_t {
  kUnknown,      ///< JSON, but of no type we know; its reference-like fields still count
  kDockerImage,  ///< application/vnd.docker.distribution.manifest.v2+json
  kDockerList,   ///< application/vnd.docker.distribution.manifest.list.v2+json
  kOciImage,     ///< application/vnd.oci.image.manifest.v1+json, or no type with config or layers
  kOciIndex,     ///< application/vnd.oci.image.index.v1+json, or no type with manifests
  kArtifact,     ///< application/vnd.oci.artifact.manifest.v1+json
  kSchema1,      ///< schemaVersion 1
  kUnreadable,   ///< not JSON at all
};

/// "image", "docker list", "schema 1" and so on, as tables show it.
std::string_view manifest_type_name(ManifestType type) noexcept;

/// Which field a reference stood in. The registry's collectors follow some, the safe one all.
enum class Role : std::uint8_t {
  kConfig,
  kLayer,
  kManifest,
  kFsLayer,
  kBlob,
  kSubject,
};

/// One reference of a document. References stand in the order in which a registry marks them
/// (config, then layers; or manifests; or fsLayers), then those no registry follows, in document
/// order.
struct Reference {
  storage::Digest digest;    ///< meaningless unless `valid`
  std::string invalid_text;  ///< what stands in place of a digest, maybe ""; it gets marked
  bool valid = true;         ///< `digest` holds a digest
  Role role = Role::kLayer;
  bool foreign = false;          ///< has `urls`: its blob is usually absent on purpose
  bool is_manifest = false;      ///< in `manifests` or `subject`, or its media type is a manifest's
  bool marked_by_2_8 = false;    ///< registry 2.8's collector marks it
  bool marked_by_3 = false;      ///< registry 3.x's collector marks it
  std::int64_t size_bytes = -1;  ///< as declared, -1 if absent
  std::string_view media_type;   ///< as declared, cut to 256 bytes; empty if none is
};

/// A parsed document: all it refers to, and what each registry version makes of it.
struct Manifest {
  ManifestType type = ManifestType::kUnreadable;
  bool understood = false;    ///< false: a reference may hide here, so nothing may be swept
  std::string problem;        ///< why it is not understood, or what is odd in it; empty if plain
  std::string media_type;     ///< as the document says, may be empty
  std::string artifact_type;  ///< artifactType, may be empty
  std::vector<Reference> references;
  std::deque<std::string> texts;  ///< what media types point to, where not to the document
  std::string error_2_8;  ///< why registry 2.8 aborts at this document; empty if it does not
  std::string error_3;    ///< why registry 3.x aborts at this document; empty if it does not
};

/// Parses manifests by the rules of Go's decoder where they change what is referenced. Keeps its
/// buffers between calls: one parser a thread.
/// Source: distribution registry/storage/manifeststore.go and manifest/*, v2.8.2 and v3.1.1; Go
/// encoding/json; OCI image spec, manifest and index.
class ManifestParser {
 public:
  ManifestParser();
  ~ManifestParser();
  ManifestParser(ManifestParser&&) noexcept;
  ManifestParser& operator=(ManifestParser&&) noexcept;

  /// Bytes that must be readable (not initialised) behind the document given to parse().
  static std::size_t padding_bytes() noexcept;

  /// Never fails: what can't be parsed is a Manifest that says so. The answer lives until the next
  /// call. `document` must be followed by padding_bytes() readable bytes.
  const Manifest& parse(std::string_view document);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace regsweep::analyzer
