#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/digest.h"

namespace regsweep::analyzer {

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

/// "image", "index" and so on, as tables show it.
std::string_view manifest_type_name(ManifestType type) noexcept;

/// Which field a reference stood in. The registry's collectors follow some, the safe one all.
enum class Role : std::uint8_t {
  kConfig, kLayer, kManifest, kFsLayer, kBlob, kSubject,
};

/// One reference of a document, in the document's order.
struct Reference {
  storage::Digest digest;
  Role role = Role::kLayer;
  bool foreign = false;         ///< has `urls`: its blob is usually absent on purpose
  bool is_manifest = false;     ///< role manifest, or its media type is one of a manifest
  std::int64_t size_bytes = -1; ///< as declared, -1 if absent
};

/// What a registry's collector would do with the document.
/// Source: distribution registry/storage/manifeststore.go (v2.8.2 and v3.1.1).
struct RegistryView {
  bool ok = false;
  std::string error;                     ///< the registry's message when !ok
  std::vector<storage::Digest> marks;    ///< valid digests it marks, in order, duplicates kept
};

/// A parsed document: all it refers to, and what each registry version makes of it.
struct Manifest {
  ManifestType type = ManifestType::kUnreadable;
  bool understood = false;   ///< false: a reference may hide here, so nothing may be swept
  std::string problem;       ///< why not understood, or what is odd; empty if plain
  std::string media_type;    ///< as the document says, may be empty
  std::string artifact_type; ///< artifactType, may be empty
  std::vector<Reference> references;  ///< every role, every spelling, the safe closure
  RegistryView registry_2_8;
  RegistryView registry_3;
};

}  // namespace regsweep::analyzer
