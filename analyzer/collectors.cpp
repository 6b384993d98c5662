#include "analyzer/collectors.h"

#include <tbb/parallel_for.h>

#include <set>
#include <utility>

namespace regsweep::analyzer {
namespace {

/// A run that was repeated without actions would abort at a layer link, when the blobs are already
/// gone: 3.x removes a layer link by the digest it holds, and where two links of a repository hold
/// the same one (a sha512 name beside its sha256), the second removal fails.
bool fails_at_a_layer_link(const CollectorRun& run) {
  std::set<std::pair<std::uint32_t, DigestId>> names;
  for (const DoomedLink& link : run.layer_links) {
    if (!names.emplace(link.repository, link.digest).second) return true;
  }
  return false;
}

CollectorEnd end_of(const CollectorRun& run, const CollectorOptions& options) {
  CollectorEnd end{options.version, options.delete_untagged, run.error, false};
  if (!run.error.empty()) {
    end.aborts_after_removing = run.swept && !run.manifests.empty();
  } else if (fails_at_a_layer_link(run)) {
    end.abort = "failed to garbage collect: failed to delete layer link";
    end.aborts_after_removing = true;
  }
  return end;
}

}  // namespace

void for_each_collector(
    const Survey& survey, const std::string& root,
    const std::function<void(std::size_t, const CollectorEnd&, const CollectorRun&)>& f) {
  tbb::parallel_for(std::size_t{0}, kCollectors, [&](std::size_t i) {
    const CollectorOptions options{i < 2 ? RegistryVersion::k2_8 : RegistryVersion::k3, i % 2 == 1,
                                   root};
    const CollectorRun run = replay_collector(survey, options, nullptr);
    f(i, end_of(run, options), run);
  });
}

}  // namespace regsweep::analyzer
