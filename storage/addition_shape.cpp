#include "storage/addition_shape.h"

#include <array>

#include "storage/layout.h"
#include "storage/sweeper_shape.h"

namespace regsweep::storage {
namespace {

constexpr std::array<std::string_view, kAdditionClasses> kNames = {
    "blob-data", "layer-link", "revision-link", "tag-index-link", "tag-current-link",
};

/// A link in a directory that a removal of this class could name, and which names the digest.
bool is_link_of(RemovalClass removal_class, std::string_view path, const Digest& digest) {
  const std::string end = '/' + layout::link_in(layout::link_directory(digest));
  return path.ends_with(end) && has_shape(removal_class, parent_of(path));
}

/// A current link lies in a directory of a tag: of one in which an index entry could lie as well.
bool is_current_link(std::string_view path, const Digest& digest) {
  const std::string tag = parent_of(parent_of(path));
  return path == layout::current_link(tag) &&
         has_shape(RemovalClass::kTagIndexEntry, layout::entry_directory(tag, digest));
}

}  // namespace

bool has_addition_shape(AdditionClass addition_class, std::string_view path, const Digest& digest) {
  switch (addition_class) {
    case AdditionClass::kBlobData:
      return path == layout::blob_path(digest);
    case AdditionClass::kLayerLink:
      return is_link_of(RemovalClass::kLayerLink, path, digest);
    case AdditionClass::kRevisionLink:
      return is_link_of(RemovalClass::kRevision, path, digest);
    case AdditionClass::kTagIndexLink:
      return is_link_of(RemovalClass::kTagIndexEntry, path, digest);
    case AdditionClass::kTagCurrentLink:
      return is_current_link(path, digest);
  }
  return false;
}

Status check_addition(const Addition& addition) {
  if (has_addition_shape(addition.addition_class, addition.path, addition.digest)) return kOk;
  static constexpr std::array<std::string_view, kAdditionClasses> kWords = {
      "the data of the blob", "a layer link to", "a revision's link to",
      "a link in a tag's index to", "a tag's current link to"};
  return Error{Errc::kCorrupt, addition.path,
               "is not the path of " +
                   std::string(kWords[static_cast<std::size_t>(addition.addition_class)]) + ' ' +
                   addition.digest.text() + " in a store",
               0};
}

bool has_made_directory_shape(std::string_view path) noexcept {
  return path == layout::kBlobs || path == layout::kRepositories ||
         has_shape(RemovalClass::kEmptyDirectory, path);
}

std::string_view class_name(AdditionClass addition_class) noexcept {
  return kNames[static_cast<std::size_t>(addition_class)];
}

bool class_of_name(std::string_view name, AdditionClass& out) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    out = static_cast<AdditionClass>(i);
    return true;
  }
  return false;
}

}  // namespace regsweep::storage
