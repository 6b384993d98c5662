#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/go_json.h"
#include "analyzer/manifest.h"

/// What the two registries' collectors make of a document: which digests they mark, in which order,
/// or the error at which they abort.
/// Source: registry/storage/manifeststore.go (Get), manifest/*, v2.8.2 and v3.1.1.
namespace regsweep::analyzer {

inline constexpr std::string_view kMediaDockerImage =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kMediaDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kMediaOciImage = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kMediaOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kMediaArtifact = "application/vnd.oci.artifact.manifest.v1+json";
inline constexpr std::string_view kMediaSchema1 =
    "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view kMediaSchema1Signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// A registry refuses to read a manifest that is larger, with kTooLarge.
inline constexpr std::string_view kTooLarge = "storage: read exceeds limit";

/// A digest that a collector marks.
struct MarkedDigest {
  go_json::NodeId digest = go_json::kNoNode;  ///< the string, kNoNode where none was given: ""
  Role role = Role::kLayer;

  bool operator==(const MarkedDigest&) const = default;
};

struct Verdict {
  std::string error;  ///< empty if the collector goes on
  std::vector<MarkedDigest> marks;
};

/// `text` is what was scanned into `document`.
Verdict registry_2_8(const go_json::Document& document, std::string_view text);
Verdict registry_3(const go_json::Document& document, std::string_view text);

}  // namespace regsweep::analyzer
