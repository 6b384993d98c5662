#include "storage/layout.h"

#include <algorithm>

namespace regsweep::storage {
namespace layout {

namespace {

/// The parts with a '/' between each two.
template <class... Parts>
std::string join(std::string_view first, const Parts&... rest) {
  std::string path(first);
  ((path += '/', path += rest), ...);
  return path;
}

}  // namespace

std::string blob_directory(const Digest& digest) {
  const std::string hex = digest.hex();
  return join(kBlobs, algorithm_name(digest.algorithm), std::string_view(hex).substr(0, 2), hex);
}

std::string blob_path(const Digest& digest) { return join(blob_directory(digest), kData); }

std::string repository_directory(std::string_view name) { return join(kRepositories, name); }

std::string layer_directory(std::string_view name, const Digest& digest) {
  return join(kRepositories, name, kLayers, link_directory(digest));
}

std::string revision_directory(std::string_view name, const Digest& digest) {
  return join(kRepositories, name, kRevisions, link_directory(digest));
}

std::string tag_directory(std::string_view name, std::string_view tag) {
  return join(kRepositories, name, kTags, tag);
}

std::string current_link(std::string_view tag_directory) {
  return join(tag_directory, kCurrent, kLink);
}

std::string entry_directory(std::string_view tag_directory, const Digest& digest) {
  return join(tag_directory, kIndex, link_directory(digest));
}

std::string upload_directory(std::string_view name, std::string_view id) {
  return join(kRepositories, name, kUploads, id);
}

std::string link_in(std::string directory) {
  directory += '/';
  directory += kLink;
  return directory;
}

std::string link_directory(const Digest& digest) {
  return join(algorithm_name(digest.algorithm), digest.hex());
}

bool ends_in_digest(std::string_view path, bool is_blob, Digest& digest) noexcept {
  const auto take_last = [&] {
    const std::size_t slash = path.rfind('/');
    const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string_view component = path.substr(begin);
    path = path.substr(0, begin == 0 ? 0 : slash);
    return component;
  };
  const std::string_view hex = take_last();
  if (is_blob && take_last() != hex.substr(0, 2)) return false;
  Algorithm algorithm;
  return parse_algorithm(take_last(), algorithm) && parse_hex(algorithm, hex, digest);
}

bool is_temporary(std::string_view name) noexcept { return name.ends_with(".tmp"); }

}  // namespace layout

namespace {

constexpr std::size_t kNameTotalLengthMax = 255;

bool is_lower_alnum(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Words of lower-case letters and digits, separated by one '.', one or two '_' or any number of
/// '-'.
bool is_name_component(std::string_view text) noexcept {
  std::size_t i = 0;
  const auto word = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_lower_alnum(text[i])) ++i;
    return i > begin;
  };
  if (!word()) return false;
  while (i < text.size()) {
    if (text[i] == '.') {
      ++i;
    } else if (text[i] == '_') {
      i += i + 1 < text.size() && text[i + 1] == '_' ? 2 : 1;
    } else if (text[i] == '-') {
      while (i < text.size() && text[i] == '-') ++i;
    } else {
      return false;
    }
    if (!word()) return false;
  }
  return true;
}

/// "Host.Name" with an optional ":port": the first component may be a domain, upper case allowed.
bool is_domain(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() ||
        !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return false;
    }
    text = text.substr(0, colon);
  }
  const auto is_alnum = [](char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); };
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view label = text.substr(begin, end - begin);
    if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
    if (!std::all_of(label.begin(), label.end(), [&](char c) { return is_alnum(c) || c == '-'; })) {
      return false;
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace

std::string_view repository_name_error(std::string_view name) noexcept {
  constexpr std::string_view kInvalid = "invalid reference format";
  if (name.size() > kNameTotalLengthMax) {
    return "repository name must not be more than 255 characters";
  }
  if (name.empty()) return kInvalid;
  bool first = true;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view component = name.substr(begin, end - begin);
    const bool may_be_domain = first && end != name.size();
    if (!is_name_component(component) && !(may_be_domain && is_domain(component))) return kInvalid;
    first = false;
    begin = end + 1;
  }
  return {};
}

bool is_below(std::string_view path, std::string_view above) noexcept {
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

bool is_tag_name(std::string_view name) noexcept {
  constexpr std::size_t kLongestTag = 128;
  const auto is_word = [](char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= kLongestTag && is_word(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

bool is_driver_path_component(std::string_view component) noexcept {
  return !component.empty() && std::all_of(component.begin(), component.end(), [](char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace regsweep::storage
