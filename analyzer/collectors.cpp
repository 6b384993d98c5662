#include "analyzer/collectors.h"

#include <tbb/parallel_for.h>

#include <set>
#include <utility>

namespace regsweep::analyzer {
namespace {

bool fails_at_a_layer_link(const CollectorRun& run) {
  std::set<std::pair<std::uint32_t, DigestId>> names;
  for (const DoomedLink& link : run.layer_links) {
    if (!names.emplace(link.repository, link.digest).second) return true;
  }
  return false;
}

}  // namespace

void for_each_collector(
    const Survey& survey, const std::string& root,
    const std::function<void(std::size_t, const CollectorOptions&, const CollectorRun&)>& f) {
  tbb::parallel_for(std::size_t{0}, kCollectors, [&](std::size_t i) {
    const CollectorOptions options{i < 2 ? RegistryVersion::k2_8 : RegistryVersion::k3, i % 2 == 1,
                                   root};
    f(i, options, replay_collector(survey, options, nullptr));
  });
}

std::string abort_of(const CollectorRun& run) {
  if (!run.error.empty()) return run.error;
  return fails_at_a_layer_link(run) ? "failed to garbage collect: failed to delete layer link" : "";
}

bool aborts_after_removing(const CollectorRun& run) {
  if (run.error.empty()) return fails_at_a_layer_link(run);
  return run.exit_code == 2 && !run.manifests.empty() && !run.in_repository;
}

}  // namespace regsweep::analyzer
