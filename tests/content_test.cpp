// Reading and judging content: kinds by first bytes, hashes, the cache of results, devices.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "analyzer/content_kind.h"
#include "analyzer/content_scan.h"
#include "analyzer/platform.h"
#include "storage/blob_check.h"
#include "storage/content_hash.h"
#include "storage/device.h"
#include "storage/result_cache.h"
#include "tests/analyze.h"

namespace regsweep {
namespace {

namespace fs = std::filesystem;
using analyzer::ContentKind;
using storage::Algorithm;
using storage::Digest;

ContentKind kind(std::string bytes, std::uint64_t size = 10'000) {
  bytes.resize(512);
  return analyzer::kind_of(std::span<const char, 512>(bytes.data(), 512), size);
}

TEST(ContentKind, ByTheFirstBytes) {
  EXPECT_EQ(kind("\x1f\x8b\x08"), ContentKind::kGzip);
  EXPECT_EQ(kind("\x28\xb5\x2f\xfd"), ContentKind::kZstd);
  EXPECT_EQ(kind("\x50\x2a\x4d\x18"), ContentKind::kZstd);
  EXPECT_EQ(kind(std::string(257, 'x') + "ustar"), ContentKind::kTar);
  EXPECT_EQ(kind(""), ContentKind::kTar);  // zeros: a tar of no files
  EXPECT_EQ(kind("", 100), ContentKind::kOther);
  EXPECT_EQ(kind(" \n{}"), ContentKind::kJson);
  EXPECT_EQ(kind("MZ"), ContentKind::kOther);
  EXPECT_EQ(kind("", 0), ContentKind::kEmpty);
}

TEST(ContentKind, AsAMediaTypeClaims) {
  using analyzer::claimed_kind;
  EXPECT_EQ(claimed_kind("application/vnd.oci.image.layer.v1.tar+gzip"), ContentKind::kGzip);
  EXPECT_EQ(claimed_kind("application/vnd.docker.image.rootfs.diff.tar.gzip"), ContentKind::kGzip);
  EXPECT_EQ(claimed_kind("application/vnd.oci.image.layer.v1.tar+zstd"), ContentKind::kZstd);
  EXPECT_EQ(claimed_kind("application/vnd.oci.image.layer.v1.tar"), ContentKind::kTar);
  EXPECT_EQ(claimed_kind("application/vnd.oci.image.config.v1+json"), ContentKind::kJson);
  EXPECT_EQ(claimed_kind("application/octet-stream"), ContentKind::kOther);
  EXPECT_TRUE(analyzer::fits(ContentKind::kOther, ContentKind::kGzip));
  EXPECT_FALSE(analyzer::fits(ContentKind::kTar, ContentKind::kGzip));
}

TEST(ContentHash, KnowsTheThreeAlgorithmsAndCanBeginAgain) {
  storage::ContentHash hash;
  const std::string abc = "abc";
  const auto text = [&](Algorithm algorithm) {
    hash.begin(algorithm);
    hash.add(abc);
    return hash.finish().text();
  };
  hash.begin(Algorithm::kSha512);
  hash.add(abc);  // forgotten by the next begin()
  EXPECT_EQ(text(Algorithm::kSha256),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(text(Algorithm::kSha384),
            "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(text(Algorithm::kSha512),
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(BlobCheck, ReadsEverySizeAroundItsBuffer) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{511}, std::size_t{262'143},
        std::size_t{262'144}, std::size_t{262'145}, std::size_t{9'000'001}}) {
    tests::StoreBuilder store;
    store.repo("a").orphan(tests::layer("x", size));
    const auto opened = tests::open_store(store);
    Digest digest;
    ASSERT_EQ(storage::parse_digest(store.digest_of("x"), digest), storage::DigestError::kNone);
    storage::BlobChecker checker;
    for (const auto freshness : {storage::Freshness::kCachedToo, storage::Freshness::kFromDevice}) {
      std::uint64_t told = 0;
      const auto check = checker.check(*opened, digest, freshness, [&](std::uint64_t bytes) {
        told += bytes;
        return true;
      });
      ASSERT_TRUE(check) << check.error().message;
      EXPECT_EQ(check->actual, digest) << size;
      EXPECT_EQ(check->read_bytes, size);
      EXPECT_EQ(told, size);
      EXPECT_FALSE(check->stopped || check->changed);
    }
  }
}

TEST(BlobCheck, StopsWhenAsked) {
  tests::StoreBuilder store;
  store.repo("a").orphan(tests::layer("x", 1'000'000));
  const auto opened = tests::open_store(store);
  Digest digest;
  storage::parse_digest(store.digest_of("x"), digest);
  storage::BlobChecker checker;
  const auto check = checker.check(*opened, digest, storage::Freshness::kCachedToo,
                                   [](std::uint64_t) { return false; });
  ASSERT_TRUE(check);
  EXPECT_TRUE(check->stopped);
  EXPECT_LT(check->read_bytes, 1'000'000U);
}

TEST(BlobCheck, WhatIsNoFileIsNotRead) {
  tests::StoreBuilder store;
  store.repo("a").orphan(tests::layer("x", 10)).orphan(tests::layer("y", 10));
  Digest x;
  Digest y;
  storage::parse_digest(store.digest_of("x"), x);
  storage::parse_digest(store.digest_of("y"), y);
  store.remove(store.blob_path("x")).symlink(store.blob_path("x"), "/etc/passwd");
  store.remove(store.blob_path("y")).directory(store.blob_path("y"));
  const auto opened = tests::open_store(store);
  storage::BlobChecker checker;
  const auto pace = [](std::uint64_t) { return true; };
  const auto link = checker.check(*opened, x, storage::Freshness::kCachedToo, pace);
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().code, storage::Errc::kDenied);
  const auto directory = checker.check(*opened, y, storage::Freshness::kCachedToo, pace);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, storage::Errc::kCorrupt);
}

class ResultCacheTest : public ::testing::Test {
 protected:
  static storage::SoundBlob blob(const std::string& content, std::int64_t read_at) {
    storage::SoundBlob sound;
    storage::parse_digest(tests::sha256_of(content), sound.digest);
    sound.inode = 0xffff'ffff'ffff'fff0U;  // SQLite has no unsigned numbers
    sound.size_bytes = content.size();
    sound.mtime_nanoseconds = -5;
    sound.ctime_nanoseconds = 7;
    sound.read_at_seconds = read_at;
    return sound;
  }
  static std::vector<storage::SoundBlob> all(storage::ResultCache& cache, std::int64_t since = 0) {
    std::vector<storage::SoundBlob> found;
    const auto read = cache.each(since, [&](const auto& one) { found.push_back(one); });
    EXPECT_TRUE(read);
    return found;
  }
  tests::StoreBuilder place_;
};

TEST_F(ResultCacheTest, KeepsWhatItIsTold) {
  const std::string path = place_.beside("new/directory/cache");
  {
    auto cache = storage::ResultCache::open(path, "/store");
    ASSERT_TRUE(cache) << cache.error().message;
    ASSERT_TRUE((*cache)->add(blob("a", 100)));
    ASSERT_TRUE((*cache)->add(blob("b", 200)));
    ASSERT_TRUE((*cache)->add(blob("a", 300)));
  }
  auto cache = storage::ResultCache::open(path, "/store");
  ASSERT_TRUE(cache) << cache.error().message;
  const auto found = all(**cache);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(),
                             [](const auto& x, const auto& y) { return x.digest < y.digest; }));
  EXPECT_EQ(found[0].inode, 0xffff'ffff'ffff'fff0U);
  EXPECT_EQ(found[0].mtime_nanoseconds, -5);
  EXPECT_EQ(all(**cache, 250).size(), 1U);
  struct stat st;
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
}

TEST_F(ResultCacheTest, MayLieBehindASymbolicLinkAndBeNone) {
  const std::string path = place_.beside("behind/results");
  ASSERT_EQ(::mkdir(place_.beside("real").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("real", place_.beside("behind").c_str()), 0);
  const auto cache = storage::ResultCache::open(path, "/store");
  ASSERT_TRUE(cache) << cache.error().message;
  struct stat st;
  EXPECT_EQ(::stat(place_.beside("real/results").c_str(), &st), 0);
  ASSERT_EQ(::symlink("behind/results", place_.beside("link").c_str()), 0);
  EXPECT_FALSE(storage::ResultCache::open(place_.beside("link"), "/store"));
}

TEST_F(ResultCacheTest, IsOfOneStoreAndNoOtherProgram) {
  const std::string path = place_.beside("cache");
  ASSERT_TRUE(storage::ResultCache::open(path, "/store"));
  const auto other = storage::ResultCache::open(path, "/another");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, storage::Errc::kUsage);
  std::ofstream(place_.beside("text")) << std::string(5000, 'x');
  const auto text = storage::ResultCache::open(place_.beside("text"), "/store");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, storage::Errc::kUsage);
}

TEST_F(ResultCacheTest, LeavesTheDatabaseOfAnotherProgramAsItIs) {
  const std::string path = place_.beside("other");
  const auto content = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  for (const char* sql : {"CREATE TABLE theirs (x)", "PRAGMA application_id = 7"}) {
    std::remove(path.c_str());
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    const std::string before = content();
    const auto cache = storage::ResultCache::open(path, "/store");
    ASSERT_FALSE(cache) << sql;
    EXPECT_EQ(cache.error().code, storage::Errc::kUsage) << sql;
    EXPECT_EQ(content(), before) << sql;
  }
}

TEST_F(ResultCacheTest, RemembersAnOpenRound) {
  auto cache = storage::ResultCache::open(place_.beside("cache"), "/store");
  ASSERT_TRUE(cache);
  EXPECT_FALSE((*(*cache)->open_round()).has_value());
  ASSERT_TRUE((*cache)->begin_round(42));
  EXPECT_EQ(*(*cache)->open_round(), std::optional<std::int64_t>(42));
  ASSERT_TRUE((*cache)->end_round());
  EXPECT_FALSE((*(*cache)->open_round()).has_value());
}

TEST(Device, IsWhatTheKernelSays) {
  tests::StoreBuilder place;
  const std::string sys = place.beside("sys");
  const auto say = [&](const std::string& path, const char* text) {
    fs::create_directories(fs::path(sys + path).parent_path());
    std::ofstream(sys + path) << text;
  };
  say("/8:0/queue/rotational", "1\n");
  say("/259:0/queue/rotational", "0\n");
  EXPECT_EQ(storage::block_device_kind(8, 0, sys), storage::DeviceKind::kRotating);
  EXPECT_EQ(storage::block_device_kind(259, 0, sys), storage::DeviceKind::kSolid);
  EXPECT_EQ(storage::block_device_kind(1, 2, sys), storage::DeviceKind::kSolid);
  fs::create_directories(sys + "/disk/part");
  say("/disk/queue/rotational", "1\n");
  fs::create_directory_symlink(sys + "/disk/part", sys + "/8:1");
  EXPECT_EQ(storage::block_device_kind(8, 1, sys), storage::DeviceKind::kRotating);
  fs::create_directories(sys + "/virtual/vda1");
  say("/virtual/queue/rotational", "1\n");
  fs::create_directory_symlink(sys + "/virtual/vda1", sys + "/254:1");
  EXPECT_EQ(storage::block_device_kind(254, 1, sys), storage::DeviceKind::kSolid);
  EXPECT_EQ(analyzer::readers_for(storage::DeviceKind::kRotating, 16), 2);
  EXPECT_EQ(analyzer::readers_for(storage::DeviceKind::kMemory, 16), 16);
  EXPECT_GE(analyzer::readers_for(storage::DeviceKind::kNetwork, 1), 8);
}

TEST(Platform, OfAConfigAndOfAnIndex) {
  EXPECT_EQ(analyzer::platform_of_config(
                R"({"os":"linux","architecture":"arm64","variant":"v8","config":{}})"),
            "linux/arm64/v8");
  EXPECT_EQ(analyzer::platform_of_config("{}"), "");
  EXPECT_EQ(analyzer::platform_of_config("no json"), "");
  EXPECT_EQ(analyzer::platform_of_config({}), "");  // a blob that is not there
  EXPECT_TRUE(analyzer::platforms_of_index({}).empty());
  const std::string digest = tests::sha256_of("x");
  const auto platforms = analyzer::platforms_of_index(
      R"({"manifests":[{"digest":")" + digest +
      R"(","platform":{"os":"linux","architecture":"s390x"}},{"digest":"bad"}]})");
  ASSERT_EQ(platforms.size(), 1U);
  EXPECT_EQ(platforms[0].first.text(), digest);
  EXPECT_EQ(platforms[0].second, "linux/s390x");
}

}  // namespace
}  // namespace regsweep
