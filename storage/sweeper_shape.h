#pragma once

#include <string>
#include <string_view>

#include "storage/result.h"
#include "storage/sweeper.h"

namespace regsweep::storage {

/// True for a relative path without empty, "." and ".." components and without NUL.
bool is_safe_path(std::string_view path) noexcept;

/// Whether a path below v2 can be one of this class: the forms at RemovalClass, with an algorithm
/// and lower-case hex of its length, under its own first two digits for blobs; a repository's
/// components do not begin with '_'. Temporary files lie outside of uploads and of the quarantine,
/// empty directories at least one level below `blobs` or `repositories`. Source: distribution
/// registry/storage/paths.go, v2.8.2 and v3.1.1.
bool has_shape(RemovalClass removal_class, std::string_view path) noexcept;

/// has_shape() as a Status: kCorrupt, with the class in words.
Status check_shape(RemovalClass removal_class, const std::string& path);

/// The file that stands for its directory: "data" of blobs, "link" of links, null for tags
/// and for the classes that are judged by themselves.
const char* key_file(RemovalClass removal_class) noexcept;

/// What the identity of a removal is looked up at: that file, a tag's current link, or the thing
/// itself.
std::string identity_path(RemovalClass removal_class, const std::string& path);

/// "tag-index-entry", "revision" ...: as the journal spells them.
std::string_view class_name(RemovalClass removal_class) noexcept;
bool class_of_name(std::string_view name, RemovalClass& out) noexcept;

/// The directory part of a path, empty if it has none, and the last component.
std::string parent_of(std::string_view path);
std::string last_component(std::string_view path);

}  // namespace regsweep::storage
