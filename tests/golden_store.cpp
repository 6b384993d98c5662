#include "tests/golden_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "analyzer/refusal.h"
#include "tests/analyze.h"

namespace regsweep::tests {
namespace {

constexpr std::uint64_t kBlock = 4096;

}  // namespace

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = REGSWEEP_TESTS_DIR "/golden/" + name;
  const char* mode = std::getenv("REGSWEEP_GOLDEN");
  if (mode != nullptr && std::string(mode) == "write") {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream in(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, golden) << "review, then REGSWEEP_GOLDEN=write";
}

void write_golden_store(StoreBuilder& store) {
  store.repo("team/app")
      .image("1.0", {layer("base", 300'000), layer("app", 40'000)})
      .image("1.1", {layer("base", 300'000), layer("app 1.1", 41'000)})
      .tag("latest", "team/app:1.1")
      .untagged({layer("base", 300'000), layer("app 0.9", 39'000)}, "old")
      .untagged({layer("amd64", 20'000)}, "amd64")
      .untagged({layer("arm64", 21'000)}, "arm64")
      .index("multi", {"amd64", "arm64"})
      .referrer("team/app:1.0", {layer("sbom", 900)})
      .upload("8f1ed1fc-8ba1-4e02-bd34-40fb72a5af6f", "2024-01-02T03:04:05Z", 70'000)
      .upload("9f1ed1fc-8ba1-4e02-bd34-40fb72a5af6f", "2024-06-06T03:04:05Z", 1000);
  store.repo("team/tool")
      .docker_image("2", {layer("base", 300'000), layer("tool", 9000)})
      .image("broken", {layer("lost", 5000)})
      .missing("lost")
      .orphan(layer("dead", 11'000))
      .layer_link("dead")
      .orphan(layer("shared dead", 12'000))
      .layer_link("shared dead");
  store.repo("library/old").layer_link("shared dead");
  store.orphan(layer("orphan", 13'000)).symlink("x", "/dev");
  store.stray_file("repositories/\x1b[31mred");
}

analyzer::Audit steady_audit(const StoreBuilder& store) {
  analyzer::Audit audit;
  audit.context.root = audit.context.store = "/var/lib/registry";
  audit.context.now_seconds = kNow;
  audit.survey = survey_of(store);
  analyzer::Graph& graph = audit.survey.graph;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    graph.allocated_sectors[i] =
        static_cast<std::uint32_t>((graph.size_bytes[i] + kBlock - 1) / kBlock * (kBlock / 512));
  }
  // Blobs and tags of known ages: a day, eleven days, 21, …
  for (std::size_t i = 0; i < graph.mtime_seconds.size(); ++i) {
    const std::int64_t days = 1 + 10 * static_cast<std::int64_t>(i % 80);
    graph.mtime_seconds[i] = static_cast<std::uint32_t>(kNow - days * 86400);
  }
  std::int64_t pushed = kNow - 86400;
  for (analyzer::Repository& repository : audit.survey.repositories) {
    for (analyzer::Tag& tag : repository.tags) {
      tag.pushed_seconds = pushed;
      pushed -= 10 * 86400;
    }
  }
  for (storage::ClassTotal& total : audit.survey.inventory.of) {
    total.allocated_bytes = kBlock * total.objects;
  }
  auto& directories = audit.survey.inventory[storage::FileClass::kDirectory];
  directories.apparent_bytes = directories.allocated_bytes;
  for (analyzer::Upload& upload : audit.survey.uploads) {
    upload.entry.allocated_bytes = kBlock * upload.entry.files;
  }
  audit.accounts = analyzer::account(audit.survey);
  audit.damage = analyzer::find_damage(audit.survey);
  audit.hazards = analyzer::find_hazards(audit.survey, audit.accounts, audit.context.root);
  audit.findings =
      analyzer::find_all(audit.survey, audit.accounts, audit.damage, audit.hazards, audit.context);
  audit.refusals = analyzer::find_refusals(audit.survey, false, {});
  audit.old_uploads = analyzer::old_uploads(audit.survey, audit.context.now_seconds,
                                            audit.context.upload_age_seconds);
  audit.frees_most = analyzer::what_frees_most(audit.survey, audit.accounts, audit.old_uploads);
  audit.disk = {.size_bytes = std::uint64_t{1} << 40,
                .free_bytes = std::uint64_t{300} << 30,
                .available_bytes = std::uint64_t{250} << 30,
                .inodes = 1000,
                .free_inodes = 500};
  audit.live_damage = analyzer::live_damage(audit.survey, audit.accounts, audit.damage);
  return audit;
}

}  // namespace regsweep::tests
