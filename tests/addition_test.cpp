#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <fstream>

#include "storage/layout.h"
#include "storage/sweeper.h"
#include "tests/addition_fixture.h"

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;
using tests::AdditionTest;
using tests::kAdditionRepo;
using tests::snapshot;

struct stat facts(const std::string& path) {
  struct stat st = {};
  EXPECT_EQ(::lstat(path.c_str(), &st), 0) << path;
  return st;
}

/// What staging this one says, which must leave nothing.
Error refused(Sweeper& sweeper, const Addition& addition) {
  std::size_t staged = 9;
  const Status status = sweeper.stage({addition}, staged);
  EXPECT_FALSE(status) << addition.path;
  EXPECT_EQ(staged, 0u);
  return status ? Error{} : status.error();
}

TEST_F(AdditionTest, EachClassIsStagedUnseenAndThenPlaced) {
  const std::vector<Addition> all = one_of_each("new");
  const std::vector<std::string> before = snapshot(v2_);
  begin();
  stage(all);
  EXPECT_EQ(snapshot(v2_), before) << "no registry sees what is staged";
  EXPECT_EQ(objects(sweeper().run_id()).size(), 5u);
  place(5);
  const std::string id = end();
  EXPECT_TRUE(objects(id).empty());
  EXPECT_EQ(content(all[0].path), "new");
  for (std::size_t i = 1; i < all.size(); ++i) {
    EXPECT_EQ(content(all[i].path), all[0].digest.text()) << all[i].path;
  }
}

TEST_F(AdditionTest, EachAlgorithmIsHashedAndLargeBlobsAreCopiedWhole) {
  const std::string large(3'000'001, 'x');
  const std::vector<Addition> all = {blob(large), blob("a", Algorithm::kSha384),
                                     blob("b", Algorithm::kSha512), blob("")};
  begin();
  stage(all);
  place(4);
  EXPECT_EQ(content(all[0].path), large);
  EXPECT_EQ(content(all[1].path), "a");
  EXPECT_EQ(content(all[2].path), "b");
  EXPECT_EQ(content(all[3].path), "");
}

TEST_F(AdditionTest, OwnerAndModeAreThoseOfTheNearestDirectory) {
  const Digest digest = digest_of("new");
  const std::vector<Addition> all = {blob("new"), link(AdditionClass::kLayerLink, digest)};
  begin();
  stage(all);
  const mode_t mask = ::umask(077);
  place(2);
  ::umask(mask);
  for (const auto& [path, above] : {std::pair{all[0].path, std::string("blobs/sha256")},
                                    std::pair{all[1].path, kAdditionRepo + "/_layers/sha256"}}) {
    const struct stat want = facts(at(above));
    const struct stat file = facts(at(path));
    const struct stat directory = facts(fs::path(at(path)).parent_path().string());
    EXPECT_EQ(file.st_mode & 07777u, want.st_mode & 0666u) << path;
    EXPECT_EQ(directory.st_mode & 07777u, want.st_mode & 07777u) << path;
    EXPECT_EQ(file.st_uid, want.st_uid) << path;
    EXPECT_EQ(file.st_gid, want.st_gid) << path;
    EXPECT_EQ(directory.st_uid, want.st_uid) << path;
    EXPECT_EQ(directory.st_gid, want.st_gid) << path;
  }
}

TEST_F(AdditionTest, AStoreWithoutBlobsAndRepositoriesGetsThem) {
  fs::remove_all(at("blobs"));
  fs::remove_all(at("repositories"));
  age_all();
  const std::vector<std::string> before = snapshot(root_);
  begin();
  stage(one_of_each("new"));
  place(5);
  undone(end());
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(AdditionTest, PathsWithoutTheShapeOfTheirClassAreRefused) {
  const Digest digest = digest_of("new");
  const std::vector<Addition> good = one_of_each("new");
  const std::string hex = digest.hex();
  std::vector<Addition> bad;
  const auto add = [&](std::size_t like, const std::string& path) {
    bad.push_back(good[like]);
    bad.back().path = path;
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    add(i, "");
    add(i, '/' + good[i].path);
    add(i, good[i].path + '/');
    add(i, "repositories/../" + good[i].path);
    add(i, "../v2/" + good[i].path);
    add(i, "./" + good[i].path);
    add(i, good[i].path + std::string(1, '\0'));
    add(i, good[i].path + "x");
    add(i, good[(i + 1) % good.size()].path);  // of another class
    add(i, fs::path(good[i].path).parent_path().string());
    if (i < 4) {  // another digest than the path's
      bad.push_back(good[i]);
      bad.back().digest.bytes[5] ^= 1;
    }
  }
  add(0, "blobs/sha256/" + hex.substr(2, 2) + '/' + hex + "/data");
  add(0, "blobs/sha512/" + hex.substr(0, 2) + '/' + hex + "/data");
  add(0, "blobs/sha256/" + hex.substr(0, 2) + '/' + hex + "/link");
  add(1, "repositories/_layers/sha256/" + hex + "/link");
  add(1, "repositories/a/../b/_layers/sha256/" + hex + "/link");
  add(1, "repositories/a/_x/b/_layers/sha256/" + hex + "/link");
  add(1, kAdditionRepo + "/_layers/sha256/" + hex + "/data");
  add(3, kAdditionRepo + "/_manifests/tags/index/sha256/" + hex + "/link");
  add(4, kAdditionRepo + "/_manifests/tags/current/link");
  add(4, kAdditionRepo + "/_manifests/tags/../x/current/link");
  add(4, kAdditionRepo + "/_manifests/tags/a/b/current/link");
  add(4, "repositories/_manifests/tags/1.0/current/link");
  add(4, kAdditionRepo + "/_manifests/tags/1.0/current/data");
  begin();
  const std::vector<std::string> before = snapshot(v2_);
  for (const Addition& addition : bad) {
    const Error error = refused(sweeper(), addition);
    EXPECT_EQ(error.code, Errc::kCorrupt) << addition.path;
    EXPECT_EQ(error.path, addition.path);
  }
  place(0);
  EXPECT_TRUE(objects(sweeper().run_id()).empty());
  EXPECT_EQ(snapshot(v2_), before);
}

TEST_F(AdditionTest, ABatchIsStagedUpToTheFirstThatFails) {
  Addition bad = blob("other");
  std::ofstream(bad.source, std::ios::binary) << "not that";
  begin();
  std::size_t staged = 0;
  const Status status = sweeper().stage({blob("new"), bad, blob("third")}, staged);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kCorrupt);
  EXPECT_EQ(status.error().path, bad.source);
  EXPECT_EQ(staged, 1u);
  EXPECT_EQ(objects(sweeper().run_id()), std::vector<std::string>{"0"});
  stage({blob("third")});
  place(2);
  EXPECT_EQ(content(blob("third").path), "third");
  EXPECT_FALSE(there(bad.path));
}

TEST_F(AdditionTest, ASourceThatIsNoPlainFileIsRefused) {
  const Addition good = blob("new");
  begin();
  const auto code_of = [&](const std::string& source) {
    Addition addition = good;
    addition.source = source;
    const Error error = refused(sweeper(), addition);
    EXPECT_EQ(error.path, source);
    EXPECT_FALSE(error.message.empty());
    return error.code;
  };
  EXPECT_EQ(code_of(base_ + "/none"), Errc::kNotFound);
  EXPECT_EQ(code_of("relative"), Errc::kUsage);
  EXPECT_EQ(code_of(base_), Errc::kCorrupt);
  ASSERT_EQ(::mkfifo((base_ + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(code_of(base_ + "/fifo"), Errc::kCorrupt);
  ASSERT_EQ(::symlink(good.source.c_str(), (base_ + "/alias").c_str()), 0);
  EXPECT_EQ(code_of(base_ + "/alias"), Errc::kDenied);
  std::ofstream(base_ + "/long", std::ios::binary) << "newer";
  EXPECT_EQ(code_of(base_ + "/long"), Errc::kCorrupt);
  EXPECT_TRUE(objects(sweeper().run_id()).empty());
  place(0);
}

TEST_F(AdditionTest, WithoutARunNothingIsStagedOrPlaced) {
  std::size_t count = 9;
  EXPECT_EQ(sweeper().stage({blob("new")}, count).error().code, Errc::kUsage);
  EXPECT_EQ(count, 0u);
  count = 9;
  EXPECT_EQ(sweeper().place(count).error().code, Errc::kUsage);
  EXPECT_EQ(count, 0u);
  EXPECT_FALSE(has_quarantine());
}

TEST_F(AdditionTest, WhatStandsInItsPlaceIsLeftAlone) {
  const std::vector<Addition> all = {blob("new"), link(AdditionClass::kLayerLink, damaged_),
                                     link(AdditionClass::kRevisionLink, damaged_)};
  begin();
  stage(all);
  std::size_t placed = 0;
  Status status = sweeper().place(placed);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kChanged);
  EXPECT_EQ(status.error().path, all[1].path);
  EXPECT_EQ(placed, 1u);
  EXPECT_EQ(content(all[1].path), "");
  EXPECT_TRUE(there(all[0].path));
  EXPECT_FALSE(there(all[2].path));
  // Once it is moved away, the same goes on.
  move({judged(RemovalClass::kLayerLink, fs::path(all[1].path).parent_path().string())});
  place(3);
  EXPECT_EQ(content(all[1].path), damaged_.text());
}

TEST_F(AdditionTest, TheSamePathTwiceIsPlacedOnce) {
  begin();
  stage({blob("new"), blob("new")});
  std::size_t placed = 0;
  const Status status = sweeper().place(placed);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kChanged);
  EXPECT_EQ(placed, 1u);
}

TEST_F(AdditionTest, SymbolicLinksOnTheWayAreNotFollowed) {
  const Addition layer = link(AdditionClass::kLayerLink, digest_of("new"), "repositories/alias");
  ASSERT_EQ(::symlink("team/app", at("repositories/alias").c_str()), 0);
  fs::create_directories(base_ + "/outside");
  const Addition one = blob("new");
  const std::string prefix = fs::path(at(blob_directory(one.digest))).parent_path().string();
  ASSERT_EQ(::symlink((base_ + "/outside").c_str(), prefix.c_str()), 0);
  const std::vector<std::string> before = snapshot(v2_);
  for (const Addition& addition : {layer, one}) {
    begin();
    stage({addition});
    std::size_t placed = 9;
    const Status status = sweeper().place(placed);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::kDenied);
    EXPECT_EQ(placed, 0u);
    end();
    sweeper_.reset();
  }
  EXPECT_TRUE(fs::is_empty(base_ + "/outside"));
  EXPECT_EQ(snapshot(v2_), before);
}

TEST_F(AdditionTest, ASymbolicLinkAtThePathItselfIsLeftAlone) {
  const Addition current = link(AdditionClass::kTagCurrentLink, whole_);
  fs::create_directories(fs::path(at(current.path)).parent_path());
  ASSERT_EQ(::symlink((base_ + "/nowhere").c_str(), at(current.path).c_str()), 0);
  begin();
  stage({current});
  std::size_t placed = 9;
  EXPECT_EQ(sweeper().place(placed).error().code, Errc::kChanged);
  EXPECT_FALSE(fs::exists(base_ + "/nowhere"));
}

TEST_F(AdditionTest, AFileWhereADirectoryShouldBeIsRefused) {
  const Addition one = blob("new");
  put(blob_directory(one.digest), "a file");
  begin();
  stage({one});
  std::size_t placed = 9;
  EXPECT_FALSE(sweeper().place(placed));
  EXPECT_EQ(placed, 0u);
  EXPECT_EQ(content(blob_directory(one.digest)), "a file");
}

TEST_F(AdditionTest, AnotherFileSystemIsRefused) {
  const Addition one = blob("new");
  const std::string prefix = fs::path(at(blob_directory(one.digest))).parent_path().string();
  if (!mount_tmpfs(prefix, "size=1M")) GTEST_SKIP() << "may not mount";
  begin();
  stage({link(AdditionClass::kLayerLink, one.digest), one});
  std::size_t placed = 9;
  const Status status = sweeper().place(placed);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kUnsupported);
  EXPECT_EQ(status.error().path, one.path);
  EXPECT_EQ(placed, 1u);
  EXPECT_TRUE(fs::is_empty(prefix));
}

TEST_F(AdditionTest, AFullDiskIsFoundWhileStagingAndNothingStays) {
  if (!mount_tmpfs(root_, "size=1M,nr_inodes=100")) GTEST_SKIP() << "may not mount";
  put(link(AdditionClass::kLayerLink, whole_).path, whole_.text());
  const std::string large(2'000'000, 'x');
  begin();
  std::size_t staged = 9;
  const Status status = sweeper().stage({blob("small"), blob(large)}, staged);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kIo);
  EXPECT_EQ(status.error().path, blob(large).path);
  EXPECT_NE(status.error().message.find("No space left"), std::string::npos);
  EXPECT_EQ(staged, 1u);
  EXPECT_EQ(objects(sweeper().run_id()).size(), 1u);
  place(1);
}

TEST_F(AdditionTest, AStagedFileThatWasWrittenToIsNotPlaced) {
  begin();
  stage({blob("new")});
  std::ofstream(run_path(sweeper().run_id()) + "/objects/0", std::ios::app) << "more";
  std::size_t placed = 9;
  const Status status = sweeper().place(placed);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kCorrupt);
  EXPECT_EQ(placed, 0u);
  EXPECT_FALSE(there(blob("new").path));
}

}  // namespace
}  // namespace regsweep::storage
