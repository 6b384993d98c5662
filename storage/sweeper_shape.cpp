#include "storage/sweeper_shape.h"

#include <algorithm>
#include <array>

#include "storage/digest.h"
#include "storage/layout.h"

namespace regsweep::storage {
namespace {

constexpr std::array<std::string_view, kRemovalClasses> kNames = {
    "tag",    "tag-index-entry", "revision", "layer-link",
    "upload", "temporary-file",  "blob",     "empty-directory",
};

/// The components of a path from left to right.
class Components {
 public:
  explicit Components(std::string_view path) noexcept : rest_(path) {}

  /// The next one; empty behind the last.
  std::string_view next() noexcept {
    const std::size_t slash = rest_.find('/');
    const std::string_view component = rest_.substr(0, slash);
    rest_ = slash == std::string_view::npos ? std::string_view() : rest_.substr(slash + 1);
    return component;
  }
  bool at_end() const noexcept { return rest_.empty(); }
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

/// Whether nothing follows but "<alg>/<hex>", or for blobs "<alg>/<first two digits>/<hex>".
bool is_digest(const Components& at, bool is_blob) noexcept {
  Digest digest;
  const auto slashes = std::count(at.rest().begin(), at.rest().end(), '/');
  return slashes == (is_blob ? 2 : 1) && layout::ends_in_digest(at.rest(), is_blob, digest);
}

bool is_in_repository(RemovalClass removal_class, Components& at) noexcept {
  if (at.next() != layout::kRepositories) return false;
  std::size_t depth = 0;
  std::string_view marker = at.next();
  for (; !marker.empty() && marker.front() != '_'; marker = at.next()) ++depth;
  if (depth == 0) return false;
  switch (removal_class) {
    case RemovalClass::kLayerLink:
      return marker == layout::kLayers && is_digest(at, false);
    case RemovalClass::kUpload:
      return marker == layout::kUploads && !at.next().empty() && at.at_end();
    case RemovalClass::kRevision:
      return marker == layout::kManifests && at.next() == "revisions" && is_digest(at, false);
    case RemovalClass::kTag:
      return marker == layout::kManifests && at.next() == "tags" && !at.next().empty() &&
             at.at_end();
    case RemovalClass::kTagIndexEntry:
      return marker == layout::kManifests && at.next() == "tags" && !at.next().empty() &&
             at.next() == layout::kIndex && is_digest(at, false);
    default:
      return false;
  }
}

bool is_temporary_file(std::string_view path) noexcept {
  if (!layout::is_temporary(path)) return false;
  Components at(path);
  for (bool first = true; !at.at_end(); first = false) {
    const std::string_view component = at.next();
    if (component == layout::kUploads || (first && component == layout::kQuarantine)) return false;
  }
  return true;
}

}  // namespace

bool is_safe_path(std::string_view path) noexcept {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t slash = path.find('/', begin);
    const std::size_t end = slash == std::string_view::npos ? path.size() : slash;
    const std::string_view component = path.substr(begin, end - begin);
    if (component.empty() || component == "." || component == "..") return false;
    begin = end + 1;
  }
  return true;
}

bool has_shape(RemovalClass removal_class, std::string_view path) noexcept {
  if (!is_safe_path(path)) return false;
  Components at(path);
  switch (removal_class) {
    case RemovalClass::kTemporaryFile:
      return is_temporary_file(path);
    case RemovalClass::kBlob:
      return at.next() == layout::kBlobs && is_digest(at, true);
    case RemovalClass::kEmptyDirectory: {
      const std::string_view top = at.next();
      return (top == layout::kBlobs || top == layout::kRepositories) && !at.at_end();
    }
    default:
      return is_in_repository(removal_class, at);
  }
}

Status check_shape(RemovalClass removal_class, const std::string& path) {
  if (has_shape(removal_class, path)) return kOk;
  static constexpr std::array<std::string_view, kRemovalClasses> kWords = {
      "a tag",     "a tag's index entry", "a revision", "a layer link",
      "an upload", "a temporary file",    "a blob",     "an empty directory"};
  return Error{Errc::kCorrupt, path,
               "is not the path of " +
                   std::string(kWords[static_cast<std::size_t>(removal_class)]) + " in a store",
               0};
}

const char* key_file(RemovalClass removal_class) noexcept {
  switch (removal_class) {
    case RemovalClass::kBlob:
      return layout::kData;
    case RemovalClass::kTagIndexEntry:
    case RemovalClass::kRevision:
    case RemovalClass::kLayerLink:
      return layout::kLink;
    default:
      return nullptr;
  }
}

std::string identity_path(RemovalClass removal_class, const std::string& path) {
  if (removal_class == RemovalClass::kTag) return layout::current_link(path);
  const char* file = key_file(removal_class);
  return file == nullptr ? path : path + '/' + file;
}

std::string_view class_name(RemovalClass removal_class) noexcept {
  return kNames[static_cast<std::size_t>(removal_class)];
}

bool class_of_name(std::string_view name, RemovalClass& out) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    out = static_cast<RemovalClass>(i);
    return true;
  }
  return false;
}

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash));
}

std::string last_component(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace regsweep::storage
