#include "analyzer/verify.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/verify_report.h"
#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

namespace fs = std::filesystem;
using tests::layer;
using tests::StoreBuilder;
using Texts = std::vector<std::string>;

/// A verify of a whole store, with its words for a builder's.
struct Verified {
  explicit Verified(const StoreBuilder& store, VerifyOptions options = {}, int threads = 2) {
    options.context.root = options.context.store = store.root();
    options.context.now_seconds = tests::kNow;
    options.content.readers = threads;
    const auto opened = tests::open_store(store);
    ContentProgress progress;
    tests::with_threads(threads, [&] { result = verify(*opened, options, progress); });
  }

  std::string text(DigestId id) const { return result.survey.graph.digests[id].text(); }
  std::string name(const BlamedTag& blamed) const {
    const Repository& repository = result.survey.repositories[blamed.tag.repository];
    return repository.name + ':' + repository.tags[blamed.tag.tag].name;
  }
  /// "wrong-content sha256:…" of each damaged blob.
  Texts faults() const {
    Texts all;
    for (const DamagedBlob& blob : result.damaged) {
      all.push_back(std::string(fault_name(blob.fault)) + ' ' + text(blob.blame.id));
    }
    return all;
  }
  Texts broken_tags() const {
    Texts all;
    for (const BlamedTag& tag : result.broken_tags) all.push_back(name(tag));
    return all;
  }
  const DamagedBlob& damaged(const std::string& digest) const {
    for (const DamagedBlob& blob : result.damaged) {
      if (text(blob.blame.id) == digest) return blob;
    }
    throw std::out_of_range(digest + " is not damaged");
  }
  Texts tags_of(const std::string& digest) const {
    Texts all;
    for (const std::uint32_t t : damaged(digest).blame.tags)
      all.push_back(name(result.broken_tags[t]));
    return all;
  }
  Texts repositories_of(const std::string& digest) const {
    Texts all;
    for (const std::uint32_t r : damaged(digest).blame.repositories) {
      all.push_back(result.survey.repositories[r].name);
    }
    return all;
  }

  Verification result;
};

std::string file_of(const StoreBuilder& store, const std::string& name) {
  return store.v2() + '/' + store.blob_path(name);
}

void flip_bit(const std::string& path, std::int64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 0x10));
  ASSERT_TRUE(file.good());
}

/// Two repositories that share a layer, an index of two images, an untagged image, garbage.
void fill(StoreBuilder& store) {
  store.repo("a").image("1.0", {layer("base", 3'000'000), layer("app", 700'000)});
  store.repo("b").image("2.0", {layer("base", 3'000'000), layer("tool", 40)});
  store.repo("c")
      .untagged({layer("arm", 5000)}, "arm-image")
      .untagged({layer("intel", 6000)}, "intel-image")
      .index("multi", {"arm-image", "intel-image"})
      .untagged({layer("old", 900)}, "old-image");
  store.orphan(layer("nobody", 1234));
}

TEST(Verify, AHealthyStoreIsSound) {
  StoreBuilder store;
  fill(store);
  const Verified verified(store);
  EXPECT_EQ(verified.faults(), Texts{});
  EXPECT_TRUE(verified.result.complete);
  EXPECT_FALSE(verified.result.live_damage);
  EXPECT_EQ(verified.result.content.read_blobs, verified.result.blobs_in_store);
  EXPECT_EQ(verified.result.content.read_bytes, verified.result.bytes_in_store);
}

TEST(Verify, ABitFlippedAnywhereIsFoundAndBlamedOnItsTagsAlone) {
  for (const std::int64_t at :
       {std::int64_t{0}, std::int64_t{1'500'000}, std::int64_t{2'999'999}}) {
    StoreBuilder store;
    fill(store);
    flip_bit(file_of(store, "base"), at);
    const Verified verified(store);
    const std::string base = store.digest_of("base");
    EXPECT_EQ(verified.faults(), Texts{"wrong-content " + base});
    EXPECT_EQ(verified.tags_of(base), (Texts{"a:1.0", "b:2.0"}));
    EXPECT_EQ(verified.repositories_of(base), (Texts{"a", "b"}));
    EXPECT_EQ(verified.damaged(base).blame.loss, Loss::kTagged);
    EXPECT_TRUE(verified.result.live_damage);
    EXPECT_TRUE(verified.result.complete);
  }
}

TEST(Verify, SmallBlobsToo) {
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{20}, std::int64_t{39}}) {
    StoreBuilder store;
    fill(store);
    flip_bit(file_of(store, "tool"), at);
    const Verified verified(store);
    EXPECT_EQ(verified.faults(), Texts{"wrong-content " + store.digest_of("tool")});
    EXPECT_EQ(verified.broken_tags(), Texts{"b:2.0"});
  }
}

TEST(Verify, TellsTruncatedGrownAndEmptyByTheSizeThatWasDeclared) {
  for (const std::uintmax_t size : {std::uintmax_t{699'999}, std::uintmax_t{700'001}}) {
    StoreBuilder store;
    fill(store);
    fs::resize_file(file_of(store, "app"), size);
    const Verified verified(store);
    const DamagedBlob& blob = verified.damaged(store.digest_of("app"));
    EXPECT_EQ(blob.fault, Fault::kWrongContent);
    EXPECT_EQ(blob.size_bytes, size);
    EXPECT_EQ(blob.declared_bytes, std::int64_t{700'000});
    EXPECT_EQ(verified.broken_tags(), Texts{"a:1.0"});
  }
  StoreBuilder store;
  fill(store);
  store.zero_length("app");
  const Verified verified(store);
  EXPECT_EQ(verified.faults(), Texts{"empty " + store.digest_of("app")});
}

TEST(Verify, AnEmptyFileMayBeSound) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("nothing", 0), layer("app", 10)});
  const Verified verified(store);
  EXPECT_EQ(verified.faults(), Texts{});
}

TEST(Verify, SaysThatBlobsWereSwapped) {
  StoreBuilder store;
  fill(store);
  const std::string kept = store.v2() + "/kept";
  fs::rename(file_of(store, "arm"), kept);
  fs::rename(file_of(store, "tool"), file_of(store, "arm"));
  fs::rename(kept, file_of(store, "tool"));
  const Verified verified(store);
  const DamagedBlob& arm = verified.damaged(store.digest_of("arm"));
  EXPECT_EQ(arm.actual->text(), store.digest_of("tool"));
  EXPECT_TRUE(arm.actual_is_here);
  EXPECT_EQ(verified.tags_of(store.digest_of("tool")), Texts{"b:2.0"});
  EXPECT_EQ(verified.tags_of(store.digest_of("arm")), Texts{"c:multi"});
}

TEST(Verify, TellsWhomDamageHurts) {
  StoreBuilder store;
  fill(store);
  flip_bit(file_of(store, "old"), 5);
  flip_bit(file_of(store, "nobody"), 5);
  const Verified verified(store);
  EXPECT_EQ(verified.damaged(store.digest_of("old")).blame.loss, Loss::kUntagged);
  EXPECT_EQ(verified.repositories_of(store.digest_of("old")), Texts{"c"});
  EXPECT_EQ(verified.damaged(store.digest_of("nobody")).blame.loss, Loss::kGarbage);
  EXPECT_EQ(verified.repositories_of(store.digest_of("nobody")), Texts{});
  EXPECT_EQ(verified.broken_tags(), Texts{});
  EXPECT_TRUE(verified.result.live_damage);
}

TEST(Verify, DamageInGarbageHurtsNothingThatLives) {
  StoreBuilder store;
  fill(store);
  flip_bit(file_of(store, "nobody"), 0);
  const Verified verified(store);
  EXPECT_EQ(verified.result.damaged.size(), 1U);
  EXPECT_FALSE(verified.result.live_damage);
}

TEST(Verify, AnIndexNamesTheImageThatIsBroken) {
  StoreBuilder store;
  fill(store);
  flip_bit(file_of(store, "arm"), 100);
  const Verified verified(store);
  ASSERT_EQ(verified.result.broken_tags.size(), 1U);
  const BlamedTag& tag = verified.result.broken_tags.front();
  EXPECT_EQ(tag.images, 2U);
  ASSERT_EQ(tag.parts.size(), 1U);
  EXPECT_EQ(verified.text(tag.parts.front().image), store.digest_of("arm-image"));
}

TEST(Verify, ADamagedManifestBreaksItsTag) {
  StoreBuilder store;
  fill(store);
  flip_bit(file_of(store, "a:1.0"), 30);
  const Verified verified(store);
  EXPECT_EQ(verified.damaged(store.digest_of("a:1.0")).blame.loss, Loss::kTagged);
  EXPECT_EQ(verified.broken_tags(), Texts{"a:1.0"});
}

TEST(Verify, AManifestThatIsNoneIsNamed) {
  StoreBuilder store;
  fill(store);
  store.repo("d").manifest("{\"schemaVersion\": 2, \"layers\": [", "odd", "odd");
  const Verified verified(store);
  EXPECT_EQ(verified.faults(), Texts{"garbled " + store.digest_of("odd")});
  EXPECT_EQ(verified.broken_tags(), Texts{"d:odd"});
}

TEST(Verify, MissingBlobsAreNamedForeignOnesAreNot) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::foreign_layer("windows", 900), layer("app", 10)});
  store.repo("b").image("1.0", {layer("gone", 50)});
  store.missing("gone");
  const Verified verified(store);
  EXPECT_EQ(verified.faults(), Texts{"missing " + store.digest_of("gone")});
  EXPECT_EQ(verified.broken_tags(), Texts{"b:1.0"});
}

TEST(Verify, ASparseIndexIsNoDamage) {
  StoreBuilder store;
  fill(store);
  store.missing("arm-image");
  const Verified verified(store);
  EXPECT_EQ(verified.faults(), Texts{});
  EXPECT_FALSE(verified.result.live_damage);
}

TEST(Verify, ASparseIndexIsNoDamageAlthoughATagMeansTheAbsentChild) {
  StoreBuilder store;
  store.repo("a").untagged({layer("x", 9)}, "x").untagged({layer("y", 9)}, "y");
  store.index("both", {"x", "y"});
  store.repo("b").tag("y", "y").missing("y");
  const Verified verified(store);
  EXPECT_EQ(verified.broken_tags(), Texts{"b:y"});
  EXPECT_EQ(verified.repositories_of(store.digest_of("y")), (Texts{"a", "b"}));
}

TEST(Verify, DamageToWhatIsNamedBySha512BreaksTheTag) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::sha512_layer("app", 40)});
  flip_bit(file_of(store, "app"), 7);
  const Verified verified(store);
  EXPECT_EQ(verified.broken_tags(), Texts{"a:1.0"});
  EXPECT_EQ(verified.tags_of(store.digest_of("app")), Texts{"a:1.0"});
  EXPECT_TRUE(verified.result.live_damage);
}

TEST(Verify, WhatCannotBeReadIsNeitherSoundNorDamaged) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  StoreBuilder store;
  fill(store);
  store.unreadable(store.blob_path("base"));
  const Verified verified(store);
  EXPECT_FALSE(verified.result.complete);
  ASSERT_EQ(verified.result.unknown.size(), 1U);
  EXPECT_EQ(verified.faults(), Texts{});
}

TEST(Verify, AShareInEachShardAndNothingTwice) {
  StoreBuilder store;
  store.repo("a");
  for (int i = 0; i < 300; ++i) store.orphan(layer("l" + std::to_string(i), 10));
  const auto survey = tests::survey_of(store);
  for (const std::uint32_t shards : {1U, 2U, 3U, 7U, 64U, 1000U}) {
    std::multiset<DigestId> all;
    for (std::uint32_t shard = 1; shard <= shards; ++shard) {
      Selection selection;
      selection.shard = shard;
      selection.shards = shards;
      const auto chosen = choose(survey, selection, scope(survey, selection));
      all.insert(chosen.begin(), chosen.end());
      if (shards <= 3) {
        EXPECT_GT(chosen.size(), 300 / shards / 2);
      }
    }
    EXPECT_EQ(all.size(), 300U);
    EXPECT_EQ(std::set<DigestId>(all.begin(), all.end()).size(), 300U);
  }
}

TEST(Verify, AManifestThatARepositoryLinksAsALayerIsAManifestForTheOthers) {
  StoreBuilder store;
  store.repo("b").image("1.0", {layer("needed", 70)}, "image");
  store.remove(store.layer_path("needed"));
  store.repo("a").layer_link("image");
  Selection selection;
  selection.repositories = {"a", "b"};
  const auto survey = tests::survey_of(store);
  const auto chosen = choose(survey, selection, scope(survey, selection));
  const DigestId needed = tests::id_of(survey, store.digest_of("needed"));
  EXPECT_NE(std::find(chosen.begin(), chosen.end(), needed), chosen.end());
}

TEST(Verify, ASampleDependsOnItsSeedAndIsAboutAsLargeAsAsked) {
  StoreBuilder store;
  store.repo("a");
  for (int i = 0; i < 2000; ++i) store.orphan(layer("l" + std::to_string(i), 16));
  const auto survey = tests::survey_of(store);
  const auto sample = [&](double percent, std::uint64_t seed) {
    Selection selection;
    selection.sample_percent = percent;
    selection.seed = seed;
    return choose(survey, selection, scope(survey, selection));
  };
  EXPECT_EQ(sample(5, 1), sample(5, 1));
  EXPECT_NE(sample(5, 1), sample(5, 2));
  EXPECT_EQ(sample(100, 1).size(), 2000U);
  EXPECT_NEAR(static_cast<double>(sample(5, 1).size()), 100, 45);
  const auto small = sample(5, 7);
  const auto large = sample(50, 7);  // a larger sample by the same seed holds the smaller one
  EXPECT_TRUE(std::includes(large.begin(), large.end(), small.begin(), small.end()));
}

TEST(Verify, OneRepositoryAlone) {
  StoreBuilder store;
  fill(store);
  flip_bit(file_of(store, "arm"), 1);
  flip_bit(file_of(store, "app"), 1);
  VerifyOptions options;
  options.selection.repositories = {"c"};
  const Verified verified(store, options);
  EXPECT_EQ(verified.faults(), Texts{"wrong-content " + store.digest_of("arm")});
  EXPECT_EQ(verified.broken_tags(), Texts{"c:multi"});
  EXPECT_LT(verified.result.content.read_blobs, verified.result.blobs_in_store);
  EXPECT_EQ(missing_repositories(verified.result.survey, options.selection), Texts{});
  options.selection.repositories = {"c", "nowhere"};
  EXPECT_EQ(missing_repositories(verified.result.survey, options.selection), Texts{"nowhere"});
  const Verified misspelt(store, options);
  EXPECT_EQ(misspelt.result.content.read_blobs, 0U) << "it was read for an answer nobody gets";
  EXPECT_FALSE(misspelt.result.complete);
}

TEST(Verify, DamageInLinksOfAnotherRepositoryIsNotToldOfOneAlone) {
  StoreBuilder store;
  fill(store);
  store.repo("b").empty_link("repositories/b/_manifests/tags/broken/current/link");
  store.repo("b").empty_link(store.revision_path("b:2.0"));
  VerifyOptions options;
  const Verified whole(store, options);
  EXPECT_TRUE(whole.result.live_damage);
  EXPECT_EQ(whole.result.findings.size(), 2U);
  options.selection.repositories = {"a"};
  const Verified other(store, options);
  EXPECT_FALSE(other.result.live_damage);
  EXPECT_TRUE(other.result.findings.empty());
  options.selection.repositories = {"b"};
  const Verified same(store, options);
  EXPECT_TRUE(same.result.live_damage);
  EXPECT_EQ(same.result.findings.size(), 2U);
}

TEST(Verify, OnlyWhatIsNewer) {
  StoreBuilder store;
  fill(store);
  const fs::file_time_type old = fs::file_time_type::clock::now() - std::chrono::hours(24 * 30);
  fs::last_write_time(file_of(store, "app"), old);
  flip_bit(file_of(store, "tool"), 1);
  flip_bit(file_of(store, "app"), 1);
  fs::last_write_time(file_of(store, "app"), old);
  VerifyOptions options;
  options.selection.newer_than_seconds = std::time(nullptr) - 7 * 24 * 3600;
  const Verified verified(store, options);
  EXPECT_EQ(verified.faults(), Texts{"wrong-content " + store.digest_of("tool")});
}

TEST(Verify, WhatIsMissingHasNoAge) {
  StoreBuilder store;
  fill(store);
  store.missing("app");
  VerifyOptions options;
  options.selection.newer_than_seconds = std::time(nullptr) - 7 * 24 * 3600;
  const Verified verified(store, options);
  EXPECT_EQ(verified.faults(), Texts{"missing " + store.digest_of("app")});
  EXPECT_EQ(verified.broken_tags(), Texts{"a:1.0"});
  EXPECT_TRUE(verified.result.live_damage);
  options.selection.repositories = {"b"};
  EXPECT_EQ(Verified(store, options).faults(), Texts{});
}

TEST(Verify, TheReportDoesNotDependOnThreads) {
  StoreBuilder store;
  fill(store);
  flip_bit(file_of(store, "base"), 1);
  flip_bit(file_of(store, "arm"), 1);
  store.missing("tool");
  const std::string one = reports::verify_json(Verified(store, {}, 1).result);
  EXPECT_EQ(one, reports::verify_json(Verified(store, {}, 2).result));
  EXPECT_EQ(one, reports::verify_json(Verified(store, {}, 7).result));
}

TEST(Verify, MergedShardsAreTheWholeRun) {
  StoreBuilder store;
  fill(store);
  flip_bit(file_of(store, "base"), 1);
  flip_bit(file_of(store, "app"), 1);
  fs::resize_file(file_of(store, "tool"), 39);
  flip_bit(file_of(store, "arm"), 1);
  flip_bit(file_of(store, "intel"), 1);
  store.repo("d").manifest("no json", "odd", "odd");
  const std::string whole = reports::verify_json(Verified(store).result);
  for (const std::uint32_t shards : {2U, 3U, 8U}) {
    std::vector<std::pair<std::string, std::string>> reports;
    for (std::uint32_t shard = shards; shard >= 1; --shard) {
      VerifyOptions options;
      options.selection.shard = shard;
      options.selection.shards = shards;
      reports.emplace_back(std::to_string(shard),
                           reports::verify_json(Verified(store, options).result));
    }
    const auto merged = reports::merge_verify(reports);
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(merged->json, whole);
    EXPECT_TRUE(merged->live_damage);
    reports.pop_back();
    EXPECT_FALSE(reports::merge_verify(reports));  // a shard is missing
    reports.push_back(reports.front());
    EXPECT_FALSE(reports::merge_verify(reports));  // a shard is there twice
  }
  EXPECT_FALSE(reports::merge_verify({{"x", "{"}}));
  EXPECT_FALSE(reports::merge_verify({{"x", "{\"schema\": \"regsweep.audit/1\"}"}}));
  EXPECT_FALSE(reports::merge_verify({{"x", "{\"schema\": \"regsweep.verify/1\"}"}}));
}

TEST(Verify, TagsAreCountedAsAnAuditCountsThem) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).image("2.0", {layer("app", 40)});
  store.empty_link(store.tag_path("2.0"));
  const std::string json = reports::verify_json(Verified(store).result);
  EXPECT_EQ(counts_of(tests::audit_of(store).accounts).tags, 1u);
  EXPECT_NE(json.find("\"tags\": 1,\n  \"blobs\""), std::string::npos) << json;
}

TEST(Verify, AnInterruptionLeavesWhatIsKnown) {
  StoreBuilder store;
  fill(store);
  VerifyOptions options;
  int asked = 0;
  options.content.interrupted = [&] { return ++asked > 4; };
  const Verified verified(store, options, 1);
  EXPECT_TRUE(verified.result.content.interrupted);
  EXPECT_FALSE(verified.result.complete);
  EXPECT_LT(verified.result.content.read_blobs, verified.result.blobs_in_store);
}

TEST(Verify, ACacheSparesWhatWasSoundAndHasNotChanged) {
  StoreBuilder store;
  fill(store);
  auto cache = storage::ResultCache::open(store.beside("cache/results"), store.root());
  ASSERT_TRUE(cache) << cache.error().message;
  VerifyOptions options;
  options.content.cache = cache->get();
  options.content.now_seconds = 1000;
  const Verified first(store, options);
  EXPECT_EQ(first.result.content.known_blobs, 0U);
  options.content.trust_since_seconds = 1000;
  options.content.now_seconds = 2000;
  flip_bit(file_of(store, "app"), 7);  // gives the file another mtime and ctime
  const Verified second(store, options);
  EXPECT_EQ(second.result.content.known_blobs, second.result.blobs_in_store - 1);
  EXPECT_EQ(second.faults(), Texts{"wrong-content " + store.digest_of("app")});
  EXPECT_TRUE(second.result.complete);
  // Its time set back does not hide it: the ctime tells.
  const auto time = fs::last_write_time(file_of(store, "base"));
  flip_bit(file_of(store, "base"), 7);
  fs::last_write_time(file_of(store, "base"), time);
  EXPECT_EQ(Verified(store, options).result.damaged.size(), 2U);
  // What is older than asked is read again.
  options.content.trust_since_seconds = 1001;
  EXPECT_EQ(Verified(store, options).result.content.known_blobs, 0U);
}

TEST(Verify, ARunThatIsOutOfTimeGoesOnLater) {
  StoreBuilder store;
  fill(store);
  auto cache = storage::ResultCache::open(store.beside("results"), store.root());
  ASSERT_TRUE(cache) << cache.error().message;
  VerifyOptions options;
  options.content.cache = cache->get();
  options.content.deadline = std::chrono::steady_clock::now();
  const Verified none(store, options);
  EXPECT_TRUE(none.result.content.stopped);
  EXPECT_FALSE(none.result.complete);
  EXPECT_EQ(none.result.content.read_blobs, 0U);
}

TEST(Verify, ALayerThatIsNoArchiveIsANote) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("plain", 100)});
  const Verified verified(store);
  EXPECT_EQ(verified.faults(), Texts{});
  ASSERT_FALSE(verified.result.odd_kinds.empty());
  EXPECT_EQ(verified.result.odd_kinds.front().found, ContentKind::kOther);
}

TEST(Verify, Schema1NamesNoMediaTypesAndItsLayersAreGzip) {
  StoreBuilder store;
  store.repo("a").schema1("1.0", {layer("plain", 100)});
  const Verified verified(store);
  ASSERT_EQ(verified.result.odd_kinds.size(), 1U);
  EXPECT_EQ(verified.result.odd_kinds.front().claimed, ContentKind::kGzip);
}

}  // namespace
}  // namespace regsweep::analyzer
