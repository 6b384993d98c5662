#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "benchmarks/store/blobs.h"
#include "benchmarks/store/random.h"

namespace regsweep::benchmarks {

/// How one family of clients writes its manifests.
struct Dialect {
  std::string_view manifest_type;
  std::string_view index_type;
  std::string_view config_type;
  std::string_view layer_type;
  std::size_t indent;  ///< spaces a level
  bool size_before_digest;
};

inline constexpr Dialect kDocker{
    .manifest_type = "application/vnd.docker.distribution.manifest.v2+json",
    .index_type = "application/vnd.docker.distribution.manifest.list.v2+json",
    .config_type = "application/vnd.docker.container.image.v1+json",
    .layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip",
    .indent = 3,
    .size_before_digest = true,
};
inline constexpr Dialect kOci{
    .manifest_type = "application/vnd.oci.image.manifest.v1+json",
    .index_type = "application/vnd.oci.image.index.v1+json",
    .config_type = "application/vnd.oci.image.config.v1+json",
    .layer_type = "application/vnd.oci.image.layer.v1.tar+gzip",
    .indent = 2,
    .size_before_digest = false,
};

std::string image_manifest(const Dialect& dialect, const Blob& config,
                           std::span<const Blob> layers);

struct Child {
  std::string_view architecture;
  Blob manifest;
};
std::string image_index(const Dialect& dialect, std::span<const Child> children);

/// RFC 3339 UTC; time goes on from the start of 2024.
std::string timestamp(std::size_t hours);

/// An image's config, 1.6 KB for six layers. The diff_ids are random: they name unpacked layers,
/// which a registry never sees. They also keep every config apart from all others.
std::string image_config(Random& random, std::string_view repository, std::string_view architecture,
                         std::size_t push, std::size_t layers);

}  // namespace regsweep::benchmarks
