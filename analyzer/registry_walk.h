#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/mark.h"
#include "analyzer/survey.h"
#include "storage/layout.h"

namespace regsweep::analyzer {

/// What a link below `revisions` or `_layers` leads to.
struct LinkTarget {
  enum class Kind : std::uint8_t { kFound, kUnknown, kError } kind = Kind::kUnknown;
  DigestId id = kNoDigest;
  std::string error;
};

/// What the link by this path says, as linkedBlobStatter.Stat follows it; whether its blob is there
/// is not asked. Source: distribution registry/storage/linkedblobstore.go.
LinkTarget link_target(const Graph& graph, const Links& links, DigestId path);

/// Calls `f(path, is_directory)` for each name below `repositories` that steers a registry's walk
/// which looks for this marker, `_layers` or `_manifests`, in the order of the walk.
template <class F>
void each_walked_name(const Survey& survey, std::string_view marker, F&& f) {
  auto other = survey.walk.begin();
  std::string path;
  for (const std::uint32_t row : survey.walk_order) {
    const Repository& repository = survey.repositories[row];
    if (!(marker == storage::layout::kLayers ? repository.has_layers : repository.has_manifests)) {
      continue;
    }
    path.assign(repository.name).append(1, '/').append(marker);
    for (; other != survey.walk.end() && walk_less(other->path, path); ++other) {
      f(other->path, other->is_directory);
    }
    f(path, true);
  }
  for (; other != survey.walk.end(); ++other) f(other->path, other->is_directory);
}

/// One link in a registry's walk order.
struct WalkedLink {
  DigestId content = kNoDigest;
  bool plain = false;  ///< its path names the same digest: no need to look for another link
  storage::DigestError error = storage::DigestError::kNone;
  bool readable = true;       ///< false: no file, or not one that the walk takes for a link
  std::string_view bad_path;  ///< set if the driver refuses its path
};

/// Whether a registry's storage driver accepts every component of a path.
bool driver_accepts(std::string_view path) noexcept;

/// Calls `f(WalkedLink)` for each link file below a repository's revisions or layers, in the order
/// of the walk, those that stand where no registry writes one included.
template <class F>
void each_walked_link(const Survey& survey, const Repository& repository, bool revisions, F&& f) {
  const Links& links = revisions ? repository.revisions : repository.layers;
  std::vector<const StrayLink*> strays;
  for (const StrayLink& stray : stray_links_of(survey, repository.name)) {
    if (stray.in_revisions == revisions) strays.push_back(&stray);
  }
  auto stray = strays.begin();
  const auto visit_stray = [&](const StrayLink& link) {
    WalkedLink walked;
    walked.content = link.content;
    walked.error = link.error;
    if (!driver_accepts(link.path)) walked.bad_path = link.path;
    f(walked);
  };
  for (const DigestId path : links.paths) {
    if (!strays.empty()) {
      const std::string own =
          storage::layout::link_in(storage::layout::link_directory(survey.graph.digests[path]));
      for (; stray != strays.end() && walk_less((*stray)->path, own); ++stray) visit_stray(**stray);
    }
    WalkedLink walked;
    walked.content = path;
    if (const OddLink* odd = links.odd_at(path)) {
      walked.content = odd->content;
      walked.error = odd->error;
      walked.readable =
          odd->state == storage::LinkState::kRead || odd->state == storage::LinkState::kMalformed;
    } else {
      walked.plain = true;
    }
    f(walked);
  }
  for (; stray != strays.end(); ++stray) visit_stray(**stray);
}

/// What a registry's walk over blobs makes of files named `data` where no blob is.
struct MisplacedBlobs {
  std::vector<storage::Digest>
      eligible;       ///< digests that it takes them for, if they are not marked
  int exit_code = 0;  ///< 1: it aborts at one; 2: it panics
  std::string error;
};

/// Source: distribution registry/storage/paths.go, digestFromPath; blobstore.go, Enumerate.
MisplacedBlobs misplaced_blobs(const Survey& survey, const Marks& marks);

}  // namespace regsweep::analyzer
