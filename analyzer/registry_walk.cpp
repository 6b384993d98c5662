#include "analyzer/registry_walk.h"

#include <algorithm>
#include <optional>

#include "analyzer/has_path.h"
#include "analyzer/sort_unique.h"

namespace regsweep::analyzer {
namespace {

using storage::DigestError;
using storage::LinkState;

std::vector<std::string_view> components_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// Paths of files named `data` that are no blob's, in the order of the walk.
std::vector<std::string_view> stray_data_files(const Survey& survey) {
  std::vector<std::string_view> paths;
  for (const storage::Event& event : survey.events) {
    if (event.kind == storage::EventKind::kOddData) paths.push_back(event.path);
  }
  std::sort(paths.begin(), paths.end(), walk_less);
  return paths;
}

}  // namespace

LinkTarget link_target(const Graph& graph, const Links& links, DigestId path) {
  if (!has_path(graph, links, path)) return {};
  DigestId content = path;
  if (const OddLink* odd = links.odd_at(path)) {
    if (odd->state != LinkState::kRead) {
      return {LinkTarget::Kind::kError, kNoDigest, std::string(digest_error_text(odd->error))};
    }
    content = odd->content;
  }
  return {LinkTarget::Kind::kFound, content, {}};
}

bool driver_accepts(std::string_view path) noexcept {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (!storage::is_driver_path_component(path.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

MisplacedBlobs misplaced_blobs(const Survey& survey, const Marks& marks) {
  MisplacedBlobs misplaced;
  for (const std::string_view path : stray_data_files(survey)) {
    // …/<algorithm>[/<first two>]/<hex>/data; above "blobs" a registry has "v2".
    std::vector<std::string_view> parts = components_of(path);
    parts.insert(parts.begin(), {"registry", "v2"});
    const std::size_t last = parts.size() - 1;
    const std::string_view hex = parts[last - 1];
    if (hex.size() < 2) {
      misplaced.exit_code = 2;
      misplaced.error = "panic: runtime error: slice bounds out of range [:2] with length " +
                        std::to_string(hex.size());
      return misplaced;
    }
    const std::string_view next = parts[last - 2];
    const std::string_view algorithm = next == hex.substr(0, 2) ? parts[last - 3] : next;
    storage::Digest digest;
    const DigestError error = parse_digest(std::string(algorithm) + ':' + std::string(hex), digest);
    if (error != DigestError::kNone) {
      misplaced.exit_code = 1;
      misplaced.error =
          "error enumerating blobs: filesystem: " + std::string(digest_error_text(error));
      return misplaced;
    }
    const std::optional<DigestId> known = survey.graph.digests.find(digest);
    if (!known || (marks[row(*known)] == 0 && !survey.graph.has(*known, kPresent))) {
      misplaced.eligible.push_back(digest);
    }
  }
  sort_unique(misplaced.eligible);
  return misplaced;
}

}  // namespace regsweep::analyzer
