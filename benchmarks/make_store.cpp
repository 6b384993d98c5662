// Writes a whole registry store, of any size and always the same for the same seed, to measure
// with.
//
// The tree holds every file and directory that a registry of distribution 2.8 leaves behind, and no
// other: blobs, layer links (a config's among them), revisions, tags with their index, uploads. Its
// shape is that of a build server's registry. A repository stands on one of a few base images that
// many share; each push replaces its top layer, sometimes the one below too, and either makes a new
// tag or moves `latest`, which leaves an untagged revision behind. Some pushes are for two
// platforms. Some blobs belong to nobody. Presets are the shapes that docs/benchmarks.md measures.
//
// With --sparse, layers are sparse files whose size is drawn but whose name is a random digest:
// nothing is hashed and no disk space is taken, while manifests and configs stay real. Otherwise
// every blob's digest is that of its content.
//
// Repositories are written in parallel; each has its own random stream, so threads change nothing.

#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "benchmarks/store/blobs.h"
#include "benchmarks/store/documents.h"
#include "benchmarks/store/files.h"
#include "benchmarks/store/options.h"
#include "benchmarks/store/random.h"
#include "benchmarks/store/repository.h"

namespace {

using namespace regsweep::benchmarks;

/// Runs `work(index)` for every index below `count` on `jobs` threads and adds up what they made.
Counts run_parallel(unsigned jobs, std::size_t count,
                    const std::function<Counts(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Counts total;
  std::vector<std::jthread> threads;
  for (unsigned job = 0; job < jobs; ++job) {
    threads.emplace_back([&] {
      Counts mine;
      for (std::size_t index = next++; index < count; index = next++) mine += work(index);
      const std::lock_guard lock(mutex);
      total += mine;
    });
  }
  threads.clear();  // joins
  return total;
}

/// Random streams: one for the bases, then one a repository, then those of the orphans.
constexpr std::uint64_t kBaseStream = 0;
constexpr std::uint64_t kFirstRepositoryStream = 1;
constexpr std::uint64_t kFirstOrphanStream = std::uint64_t{1} << 32;

Counts make_store(const Options& options, const UniqueFd& root) {
  const UniqueFd v2 = make_and_open_directory(
      make_and_open_directory(make_and_open_directory(root, "docker"), "registry"), "v2");
  const BlobStore blobs(v2);
  const LayerSource layers(options, blobs);
  const UniqueFd repositories = make_and_open_directory(v2, "repositories");
  Counts counts;

  constexpr std::size_t kLayersOfABase = 3;
  std::vector<std::vector<Blob>> bases(std::max<std::size_t>(options.shared_bases, 1));
  Random base_random(options.seed, kBaseStream);
  for (std::vector<Blob>& base : bases) {
    if (options.shared_bases == 0) break;  // one empty base: nothing is shared
    while (base.size() < std::min(kLayersOfABase, options.layers - 1)) {
      base.push_back(layers.make(base_random, counts));
    }
  }

  counts += run_parallel(options.jobs, options.repos, [&](std::size_t number) {
    const std::string name = repository_name(number);
    std::filesystem::create_directories(std::filesystem::path(options.out) /
                                        "docker/registry/v2/repositories" / name);
    Random random(options.seed, kFirstRepositoryStream + number);
    const std::vector<Blob>& base = bases[random.below(bases.size())];
    Repository repository(open_directory(repositories, name), name,
                          number % 2 == 0 ? kDocker : kOci, blobs, layers, random);
    repository.fill(options, base);
    for (std::size_t upload = number; upload < options.uploads; upload += options.repos) {
      repository.leave_upload(upload);
    }
    return repository.counts();
  });

  constexpr std::size_t kOrphanTasks = 64;
  const auto orphans =
      static_cast<std::size_t>(static_cast<double>(counts.blobs) * options.orphans);
  counts += run_parallel(options.jobs, kOrphanTasks, [&](std::size_t task) {
    Random random(options.seed, kFirstOrphanStream + task);
    Counts mine;
    for (std::size_t at = task; at < orphans; at += kOrphanTasks) layers.make(random, mine);
    return mine;
  });
  blobs.remove_empty_prefixes();
  return counts;
}

/// One `name=value` a line, for run.sh.
void print(const Counts& counts) {
  std::printf("blobs=%zu\nmanifests=%zu\nreferences=%zu\n", counts.blobs, counts.manifests,
              counts.references);
  std::printf("tags=%zu\nrevision_links=%zu\nlayer_links=%zu\ntag_links=%zu\nlinks=%zu\n",
              counts.tags, counts.revision_links, counts.layer_links, counts.tag_links,
              counts.revision_links + counts.layer_links + counts.tag_links);
}

/// Named shapes; all are sparse. In the sizes a push makes 3.4 blobs, to which the orphans come.
const std::map<std::string, std::function<void(Options&)>> kPresets = {
    {"40k", [](Options& o) { o.repos = 200, o.tags = 53; }},
    {"400k", [](Options& o) { o.repos = 1000, o.tags = 107; }},
    {"4m", [](Options& o) { o.repos = 4000, o.tags = 268; }},
    // One repository with a million layer links: images of 100 layers, none of them shared.
    {"links", [](Options& o) { o.repos = 1, o.tags = 10'000, o.layers = 100, o.rebuilt = 1; }},
    // 100,000 repositories with one tag each.
    {"repos", [](Options& o) { o.repos = 100'000, o.tags = 1; }},
    // Twenty indexes of a thousand children.
    {"indexes", [](Options& o) { o.repos = 4, o.tags = 5, o.platforms = 1000, o.multiarch = 1; }},
    // Manifests of 4 MB, as far as a registry takes them: 17,000 layers.
    {"manifests", [](Options& o) { o.repos = 2, o.tags = 20, o.layers = 17'000, o.multiarch = 0; }},
};

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Writes a registry store to measure with; the same seed gives the same store.");
  app.add_option("OUT", options.out, "Directory to write into; new or empty")->required();
  // The first of the options, so that it is carried out before all others.
  app.add_option_function<std::string>(
         "--preset",
         [&](const std::string& name) {
           kPresets.at(name)(options);
           options.sparse = true;
         },
         "A shape by its name, sparse; options given beside it win")
      ->check(CLI::IsMember({"40k", "400k", "4m", "links", "repos", "indexes", "manifests"}));
  app.add_option("--repos", options.repos, "Repositories")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_option("--tags", options.tags, "Pushes into each repository")->capture_default_str();
  app.add_option("--layers", options.layers, "Layers of an image")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--shared-bases", options.shared_bases,
                 "Base images of three layers that repositories share")
      ->capture_default_str();
  app.add_option("--platforms", options.platforms, "Images below an index of a push for several")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--rebuilt", options.rebuilt, "Share of pushes that replace every layer")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--retagged", options.retagged, "Share of pushes that move `latest`")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--multiarch", options.multiarch, "Share of pushes for several platforms")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--orphans", options.orphans,
                 "Blobs that nothing refers to, a share of the others")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--uploads", options.uploads, "Unfinished uploads")->capture_default_str();
  app.add_flag("--sparse", options.sparse, "Layers are sparse files with random names");
  app.add_option("--layer-bytes", options.layer_bytes, "Mean size of a layer that is not sparse")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Where the random numbers start")->capture_default_str();
  app.add_option("--jobs", options.jobs, "Threads")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) fail("cannot make " + options.out, error.value());
  if (!std::filesystem::is_empty(options.out, error) || error) {
    fail("will not write into " + options.out, error ? error.value() : ENOTEMPTY);
  }
  UniqueFd root(::open(options.out.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) fail("cannot open " + options.out);
  print(make_store(options, root));
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
