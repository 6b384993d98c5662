#include "analyzer/selection.h"

#include <algorithm>

#include "analyzer/mark.h"

namespace regsweep::analyzer {
namespace {

/// A digest's first eight bytes: they are as good as random.
std::uint64_t number_of(const storage::Digest& digest) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | digest.bytes[i];
  return number;
}

/// SplitMix64's finisher: every bit of the seed changes about half of the result's.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

bool in_shard(const storage::Digest& digest, const Selection& selection) noexcept {
  return number_of(digest) % selection.shards == selection.shard - 1;
}

bool in_sample(const storage::Digest& digest, const Selection& selection) noexcept {
  if (selection.sample_percent >= 100) return true;
  const std::uint64_t lot = mixed(number_of(digest) ^ mixed(selection.seed)) >> 11;  // 53 bits
  constexpr double kLots = 9007199254740992.0;                                       // 2^53
  return static_cast<double>(lot) / kLots * 100 < selection.sample_percent;
}

bool is_selected(const Repository& repository, const Selection& selection) {
  const auto& names = selection.repositories;
  return names.empty() || std::find(names.begin(), names.end(), repository.name) != names.end();
}

std::vector<std::uint8_t> scope(const Survey& survey, const Selection& selection) {
  const Graph& graph = survey.graph;
  std::vector<std::uint8_t> in(graph.node_count(), selection.repositories.empty() ? 1 : 0);
  std::vector<DigestId> linked;
  for (const Repository& repository : survey.repositories) {
    if (selection.repositories.empty() || !is_selected(repository, selection)) continue;
    std::vector<DigestId> roots;
    add_roots(survey, repository, Roots::kTagsAndRevisions, roots);
    extend(graph, safe_policy(false), std::move(roots), in);
    for (const DigestId path : repository.layers.paths) {
      linked.push_back(path);
      linked.push_back(repository.layers.blob_of(path));
    }
  }
  // Only now: a manifest that was marked as a mere blob would not be walked on from.
  for (const DigestId id : linked) in[row(id)] = 1;
  if (selection.newer_than_seconds) {
    for (std::size_t i = 0; i < in.size(); ++i) {  // what is not there has no age
      const bool is_old = std::int64_t{graph.mtime_seconds[i]} <= *selection.newer_than_seconds;
      if (is_old && graph.has(digest_id(i), kPresent)) in[i] = 0;
    }
  }
  return in;
}

std::vector<DigestId> choose(const Survey& survey, const Selection& selection,
                             const std::vector<std::uint8_t>& in_scope) {
  const Graph& graph = survey.graph;
  std::vector<DigestId> chosen;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const DigestId id = digest_id(i);
    if (in_scope[i] == 0 || !graph.is_counted(id)) continue;
    const storage::Digest digest = graph.digests[id];
    if (in_shard(digest, selection) && in_sample(digest, selection)) chosen.push_back(id);
  }
  return chosen;
}

}  // namespace regsweep::analyzer
