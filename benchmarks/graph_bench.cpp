// How fast are the inner loops between a directory entry and a mark? On a warm store what an audit
// computes is, in this order: finding digests in the table, reading their text, and marking. In
// memory, one thread; the graph is as a build server's registry has it, seven references an image.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/digest_table.h"
#include "analyzer/mark.h"
#include "analyzer/survey.h"
#include "storage/digest.h"

namespace {

using namespace regsweep;
using analyzer::digest_id;
using analyzer::DigestId;
using analyzer::DigestTable;
using analyzer::Sha256;
using storage::Digest;

constexpr std::size_t kReferences = 7;

std::vector<Sha256> random_digests(std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<Sha256> digests(count);
  for (Sha256& digest : digests) {
    for (std::size_t at = 0; at < digest.size(); at += sizeof(std::uint64_t)) {
      const std::uint64_t word = random();
      std::memcpy(digest.data() + at, &word, sizeof word);
    }
  }
  return digests;
}

Digest digest_of(const Sha256& bytes) {
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

/// What every link and every reference asks: the row of a digest. In random order, so that each
/// look misses the processor's cache once the table is larger.
void BM_FindDigest(benchmark::State& state) {
  const std::vector<Sha256> asked = random_digests(static_cast<std::size_t>(state.range(0)));
  std::vector<Sha256> ranked = asked;
  std::sort(ranked.begin(), ranked.end());
  const DigestTable table(ranked);
  if (ranked[analyzer::row(*table.find(digest_of(asked[1])))] != asked[1]) {
    state.SkipWithError("finds another digest");
    return;
  }
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.find(digest_of(asked[next])));
    if (++next == asked.size()) next = 0;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_FindDigest)->Arg(40'000)->Arg(400'000)->Arg(4'000'000);

/// A directory's name.
void BM_ParseHex(benchmark::State& state) {
  std::vector<std::string> names;
  for (const Sha256& bytes : random_digests(1024)) names.push_back(digest_of(bytes).hex());
  Digest digest;
  if (!parse_hex(storage::Algorithm::kSha256, names[1], digest) || digest.hex() != names[1]) {
    state.SkipWithError("reads another digest");
    return;
  }
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        parse_hex(storage::Algorithm::kSha256, names[next++ % names.size()], digest));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ParseHex);

/// A store of `manifests` images, each with a tag and references to random blobs.
analyzer::Survey survey_of(std::size_t manifests) {
  const std::size_t blobs = manifests * 3;
  std::vector<Sha256> ranked = random_digests(blobs);
  std::sort(ranked.begin(), ranked.end());
  std::mt19937_64 random(2);
  analyzer::Survey survey;
  analyzer::Graph& graph = survey.graph;
  graph.digests = DigestTable(std::move(ranked));
  graph.flags.assign(blobs, analyzer::kPresent);
  graph.size_bytes.assign(blobs, 1000);
  graph.manifest_of.assign(blobs, analyzer::kNoManifest);
  graph.media_types = {""};
  survey.repositories.resize(1);
  for (std::size_t image = 0; image < manifests; ++image) {
    const DigestId id = digest_id(image * 3);
    graph.manifest_of[row(id)] = static_cast<std::uint32_t>(image);
    graph.manifests.push_back({id, static_cast<std::uint32_t>(graph.edge_to.size()), kReferences,
                               analyzer::ManifestType::kOciImage});
    for (std::size_t i = 0; i < kReferences; ++i) {
      graph.edge_to.push_back(digest_id(random() % manifests * 3 + 1 + i % 2));
      graph.edge_flags.push_back(static_cast<std::uint8_t>(analyzer::Role::kLayer));
      graph.edge_media.push_back(0);
    }
    analyzer::Tag tag;
    tag.digest = id;
    tag.state = storage::LinkState::kRead;
    survey.repositories[0].tags.push_back(std::move(tag));
  }
  return survey;
}

void BM_Mark(benchmark::State& state) {
  const auto manifests = static_cast<std::size_t>(state.range(0));
  const analyzer::Survey survey = survey_of(manifests);
  const analyzer::Policy policy = analyzer::safe_policy(true);
  const analyzer::Marks marks = analyzer::mark(survey, policy);
  if (marks[0] != 1 || std::count(marks.begin(), marks.end(), 1) <= state.range(0)) {
    state.SkipWithError("reaches too little");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(analyzer::mark(survey, policy).data());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(manifests * kReferences));
}
BENCHMARK(BM_Mark)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
