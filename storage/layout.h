#pragma once

#include <string>
#include <string_view>

#include "storage/digest.h"

namespace regsweep::storage {

/// Every name a registry writes below `docker/registry/v2`, in one place.
/// Source: distribution registry/storage/paths.go, v2.8.2 and v3.1.1.
namespace layout {

inline constexpr const char* kBlobs = "blobs";
inline constexpr const char* kRepositories = "repositories";
inline constexpr const char* kLayers = "_layers";
inline constexpr const char* kManifests = "_manifests";
inline constexpr const char* kRevisions = "_manifests/revisions";
inline constexpr const char* kTags = "_manifests/tags";
inline constexpr const char* kUploads = "_uploads";
inline constexpr const char* kData = "data";
inline constexpr const char* kLink = "link";
inline constexpr const char* kQuarantine = ".regsweep-quarantine";

/// Path of a blob's content below the v2 directory: "blobs/sha256/ab/ab…/data".
std::string blob_path(const Digest& digest);

/// Path of a link's directory below its parent: "sha256/ab…".
std::string link_directory(const Digest& digest);

/// A crash of registry 3.1+ leaves "<name>.<uuid>.tmp" files beside the links.
bool is_temporary(std::string_view name) noexcept;

}  // namespace layout

/// Whether a path is `above` or lies below it, by whole components.
bool is_below(std::string_view path, std::string_view above) noexcept;

/// Repository names a registry accepts. Source: distribution reference/regexp.go, v2.8.2.
/// Returns the registry's message for a name it refuses, empty for a good one.
std::string_view repository_name_error(std::string_view name) noexcept;

/// Names that the registry's storage drivers refuse (`^(/[A-Za-z0-9._-]+)+$`) end its walk.
/// Source: distribution registry/storage/driver/storagedriver.go, PathRegexp.
bool is_driver_path_component(std::string_view component) noexcept;

}  // namespace regsweep::storage
