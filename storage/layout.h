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
inline constexpr const char* kCurrent = "current";
inline constexpr const char* kIndex = "index";
inline constexpr const char* kData = "data";
inline constexpr const char* kLink = "link";
inline constexpr const char* kStartedAt = "startedat";
inline constexpr const char* kQuarantine = ".regsweep-quarantine";

// Where objects lie, below the v2 directory.

/// "blobs/sha256/ab/ab…", and its content: "blobs/sha256/ab/ab…/data".
std::string blob_directory(const Digest& digest);
std::string blob_path(const Digest& digest);

/// "repositories/<name>".
std::string repository_directory(std::string_view name);

/// "repositories/<name>/_layers/sha256/ab…", "…/_manifests/revisions/sha256/ab…". In each lies a
/// link.
std::string layer_directory(std::string_view name, const Digest& digest);
std::string revision_directory(std::string_view name, const Digest& digest);

/// "repositories/<name>/_manifests/tags/<tag>", and in it the link to what it means,
/// "…/current/link", and for each digest that it ever meant the directory of a link,
/// "…/index/sha256/ab…".
std::string tag_directory(std::string_view name, std::string_view tag);
std::string current_link(std::string_view tag_directory);
std::string entry_directory(std::string_view tag_directory, const Digest& digest);

/// "repositories/<name>/_uploads/<id>".
std::string upload_directory(std::string_view name, std::string_view id);

/// The file in a link's directory.
std::string link_in(std::string directory);

/// Path of a link's directory below its parent: "sha256/ab…".
std::string link_directory(const Digest& digest);

/// Reads "sha256/ab…" at the end of a path, or with `is_blob` "sha256/ab/ab…". False if neither an
/// algorithm nor hex of its length stands there; then `digest` means nothing.
bool ends_in_digest(std::string_view path, bool is_blob, Digest& digest) noexcept;

/// A crash of registry 3.1+ leaves "<name>.<uuid>.tmp" files beside the links.
bool is_temporary(std::string_view name) noexcept;

}  // namespace layout

/// Whether a path is `above` or lies below it, by whole components.
bool is_below(std::string_view path, std::string_view above) noexcept;

/// Repository names a registry accepts. Source: distribution reference/regexp.go, v2.8.2.
/// Returns the registry's message for a name it refuses, empty for a good one.
std::string_view repository_name_error(std::string_view name) noexcept;

/// Whether a registry accepts a tag of this name: [A-Za-z0-9_][A-Za-z0-9._-]{0,127}.
/// Source: distribution reference/regexp.go, TagRegexp.
bool is_tag_name(std::string_view name) noexcept;

/// Names that the registry's storage drivers refuse (`^(/[A-Za-z0-9._-]+)+$`) end its walk.
/// Source: distribution registry/storage/driver/storagedriver.go, PathRegexp.
bool is_driver_path_component(std::string_view component) noexcept;

}  // namespace regsweep::storage
