#include "storage/sweeper.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <fstream>
#include <stdexcept>

#include "storage/beneath.h"
#include "storage/unique_fd.h"
#include "tests/scratch_store.h"

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;

const std::string kHex = "ab" + std::string(62, 'c');
const std::string kBlob = "blobs/sha256/ab/" + kHex;
const std::string kRepo = "repositories/team/app";
const std::string kLayer = kRepo + "/_layers/sha256/" + kHex;
const std::string kRevision = kRepo + "/_manifests/revisions/sha256/" + kHex;
const std::string kTag = kRepo + "/_manifests/tags/1.0";
const std::string kTagEntry = kRepo + "/_manifests/tags/1.0/index/sha256/" + kHex;
const std::string kUpload = kRepo + "/_uploads/0f1e";
const std::string kTemporary = kRevision + "/link.77.tmp";

class SweeperTest : public tests::ScratchStoreTest {
 protected:
  void put_all() const {
    put(kBlob + "/data", "content");
    put(kLayer + "/link");
    put(kRevision + "/link");
    put(kTagEntry + "/link");
    put(kUpload + "/startedat");
    put(kUpload + "/data", "half");
    put(kUpload + "/hashstates/sha256/4");
    put(kTemporary);
    fs::create_directories(at("repositories/empty/_layers"));
  }
  void expect_removed(const Removal& removal, Removed want = Removed::kDone) {
    const Result<Removed> removed = sweeper().remove(removal);
    ASSERT_TRUE(removed) << removed.error().path << ": " << removed.error().message;
    EXPECT_EQ(*removed, want) << removal.path;
    EXPECT_FALSE(there(removal.path)) << removal.path;
  }
  Errc refused(const Removal& removal) {
    const Result<Removed> removed = sweeper().remove(removal);
    EXPECT_FALSE(removed) << removal.path;
    if (removed) return Errc::kUsage;
    EXPECT_FALSE(removed.error().message.empty());
    EXPECT_TRUE(removed.error().path.starts_with(removal.path)) << removed.error().path;
    return removed.error().code;
  }
  Errc refused(RemovalClass removal_class, const std::string& path) {
    const Result<Identity> identity = sweeper().identify(removal_class, path);
    EXPECT_FALSE(identity) << path;
    Removal removal;
    removal.removal_class = removal_class;
    removal.path = path;
    const Result<Removed> removed = sweeper().remove(removal);
    EXPECT_FALSE(removed) << path;
    if (identity || removed) return Errc::kUsage;
    EXPECT_EQ(identity.error().code, removed.error().code) << path;
    return removed.error().code;
  }
};

TEST_F(SweeperTest, PathsWithoutTheShapeOfTheirClassAreRefused) {
  put_all();
  const std::string upper = "AB" + std::string(62, 'C');
  const std::vector<std::pair<RemovalClass, std::string>> bad = {
      {RemovalClass::kBlob, ""},
      {RemovalClass::kBlob, "/" + kBlob},
      {RemovalClass::kBlob, kBlob + "/"},
      {RemovalClass::kBlob, kBlob + "/data"},
      {RemovalClass::kBlob, "blobs//sha256/ab/" + kHex},
      {RemovalClass::kBlob, "blobs/./sha256/ab/" + kHex},
      {RemovalClass::kBlob, "repositories/../" + kBlob},
      {RemovalClass::kBlob, "blobs/sha256/ac/" + kHex},
      {RemovalClass::kBlob, "blobs/sha256/AB/" + upper},
      {RemovalClass::kBlob, "blobs/sha256/ab/" + kHex.substr(1)},
      {RemovalClass::kBlob, "blobs/sha512/ab/" + kHex},
      {RemovalClass::kBlob, "blobs/sha1/ab/" + kHex},
      {RemovalClass::kBlob, "blobs/sha256/ab"},
      {RemovalClass::kBlob, kLayer},
      {RemovalClass::kBlob, kBlob + std::string(1, '\0') + "x"},
      {RemovalClass::kLayerLink, kRevision},
      {RemovalClass::kLayerLink, "repositories/_layers/sha256/" + kHex},
      {RemovalClass::kLayerLink, "repositories/_x/_layers/sha256/" + kHex},
      {RemovalClass::kLayerLink, "repositories/a/_x/b/_layers/sha256/" + kHex},
      {RemovalClass::kLayerLink, "repositories/a/../b/_layers/sha256/" + kHex},
      {RemovalClass::kLayerLink, kRepo + "/_layers/sha256"},
      {RemovalClass::kLayerLink, kRepo + "/_layers"},
      {RemovalClass::kLayerLink, kLayer + "/link"},
      {RemovalClass::kRevision, kLayer},
      {RemovalClass::kRevision, kRepo + "/_manifests/revisions"},
      {RemovalClass::kTag, kRepo + "/_manifests/tags"},
      {RemovalClass::kTag, kRepo + "/_manifests/tags/1.0/current"},
      {RemovalClass::kTag, kRepo + "/_manifests/tags/.."},
      {RemovalClass::kTag, "repositories/_manifests/tags/1.0"},
      {RemovalClass::kTag, kRevision},
      {RemovalClass::kTagIndexEntry, kRepo + "/_manifests/tags/1.0"},
      {RemovalClass::kTagIndexEntry, kRepo + "/_manifests/tags/1.0/current"},
      {RemovalClass::kTagIndexEntry, kRepo + "/_manifests/tags/../tags/index/sha256/" + kHex},
      {RemovalClass::kUpload, kRepo + "/_uploads"},
      {RemovalClass::kUpload, kUpload + "/data"},
      {RemovalClass::kUpload, kRepo},
      {RemovalClass::kTemporaryFile, kRevision + "/link"},
      {RemovalClass::kTemporaryFile, kUpload + "/x.tmp"},
      {RemovalClass::kTemporaryFile, ".regsweep-quarantine/x.tmp"},
      {RemovalClass::kTemporaryFile, "../x.tmp"},
      {RemovalClass::kEmptyDirectory, "blobs"},
      {RemovalClass::kEmptyDirectory, "repositories"},
      {RemovalClass::kEmptyDirectory, "other/x"},
      {RemovalClass::kEmptyDirectory, "repositories/.."},
  };
  for (const auto& [removal_class, path] : bad) {
    EXPECT_EQ(refused(removal_class, path), Errc::kCorrupt) << path;
  }
  EXPECT_TRUE(there(kBlob + "/data"));
  EXPECT_TRUE(there(kLayer + "/link"));
}

TEST_F(SweeperTest, PathsOfTheirClassAreFound) {
  put_all();
  judged(RemovalClass::kBlob, kBlob);
  judged(RemovalClass::kLayerLink, kLayer);
  judged(RemovalClass::kRevision, kRevision);
  judged(RemovalClass::kTag, kTag);
  judged(RemovalClass::kTagIndexEntry, kTagEntry);
  judged(RemovalClass::kUpload, kUpload);
  judged(RemovalClass::kTemporaryFile, kTemporary);
  judged(RemovalClass::kEmptyDirectory, "repositories/empty/_layers");
  const std::string sha512(128, '0');
  put("blobs/sha512/00/" + sha512 + "/data");
  judged(RemovalClass::kBlob, "blobs/sha512/00/" + sha512);
  const Result<Identity> absent =
      sweeper().identify(RemovalClass::kBlob, "blobs/sha256/00/" + std::string(64, '0'));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Errc::kNotFound);
}

TEST_F(SweeperTest, IdentityIsTheLstatOfWhatStandsForTheObject) {
  put_all();
  const auto of = [&](const std::string& path) {
    struct stat st = {};
    ::lstat(at(path).c_str(), &st);
    return Identity{st.st_ino, static_cast<std::uint64_t>(st.st_size),
                    st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec};
  };
  EXPECT_EQ(judged(RemovalClass::kBlob, kBlob).identity, of(kBlob + "/data"));
  EXPECT_EQ(judged(RemovalClass::kRevision, kRevision).identity, of(kRevision + "/link"));
  EXPECT_EQ(judged(RemovalClass::kUpload, kUpload).identity, of(kUpload));
  EXPECT_EQ(judged(RemovalClass::kTemporaryFile, kTemporary).identity, of(kTemporary));
}

TEST_F(SweeperTest, EachClassIsRemovedWithAllThatBelongsToItAndNothingElse) {
  put_all();
  put(kRepo + "/_manifests/tags/1.0/current/link");
  const Removal revision = judged(RemovalClass::kRevision, kRevision);
  expect_removed(judged(RemovalClass::kTagIndexEntry, kTagEntry));
  expect_removed(judged(RemovalClass::kTemporaryFile, kTemporary));
  EXPECT_TRUE(there(kRevision + "/link"));
  expect_removed(revision);
  expect_removed(judged(RemovalClass::kLayerLink, kLayer));
  expect_removed(judged(RemovalClass::kUpload, kUpload));
  expect_removed(judged(RemovalClass::kBlob, kBlob));
  expect_removed(judged(RemovalClass::kEmptyDirectory, "repositories/empty/_layers"));
  EXPECT_TRUE(there(kRepo + "/_manifests/tags/1.0/current/link"));
  EXPECT_TRUE(there("blobs/sha256/ab"));
  EXPECT_TRUE(there(kRepo + "/_uploads"));
  EXPECT_TRUE(there("repositories/empty"));
}

TEST_F(SweeperTest, ATagGoesWithItsHistoryAndNoOther) {
  put_all();
  put(kTag + "/current/link");
  put(kTag + "x/current/link");
  const Removal tag = judged(RemovalClass::kTag, kTag);
  expect_removed(tag);
  EXPECT_FALSE(there(kTag));
  EXPECT_TRUE(there(kTag + "x/current/link"));
  EXPECT_TRUE(there(kRevision + "/link"));
  expect_removed(tag, Removed::kAlreadyGone);
}

TEST_F(SweeperTest, ATagThatMeansSomethingElseByNowStays) {
  put_all();
  put(kTag + "/current/link");
  const Removal tag = judged(RemovalClass::kTag, kTag);
  fs::remove(at(kTag + "/current/link"));
  put(kTag + "/current/more");  // so that the new link has another inode
  put(kTag + "/current/link");
  EXPECT_EQ(refused(tag), Errc::kChanged);
  EXPECT_TRUE(there(kTag + "/current/link"));
  EXPECT_TRUE(there(kTagEntry + "/link"));
}

TEST_F(SweeperTest, ATagWithoutItsLinkIsRemovedUnlessItGetsOne) {
  put_all();
  put(kTag + "/current/link");
  const Removal whole = judged(RemovalClass::kTag, kTag);
  fs::remove(at(kTag + "/current/link"));  // as an interrupted removal leaves it
  const Removal half = judged(RemovalClass::kTag, kTag);
  put(kTag + "/current/link");
  EXPECT_EQ(refused(half), Errc::kChanged);
  fs::remove(at(kTag + "/current/link"));
  expect_removed(whole);
  put_all();
  expect_removed(judged(RemovalClass::kTag, kTag));
}

TEST_F(SweeperTest, NoSymbolicLinkInATagIsFollowed) {
  put_all();
  put("elsewhere/link");
  fs::create_symlink(at("elsewhere"), at(kTag + "/current"));
  EXPECT_NE(refused(RemovalClass::kTag, kTag), Errc::kNotFound);
  EXPECT_TRUE(there("elsewhere/link"));
}

TEST_F(SweeperTest, WhatIsGoneIsAlreadyGone) {
  put_all();
  for (const Removal& removal :
       {judged(RemovalClass::kBlob, kBlob), judged(RemovalClass::kTemporaryFile, kTemporary),
        judged(RemovalClass::kRevision, kRevision), judged(RemovalClass::kUpload, kUpload)}) {
    expect_removed(removal);
    expect_removed(removal, Removed::kAlreadyGone);
  }
  const Removal layer = judged(RemovalClass::kLayerLink, kLayer);
  fs::remove_all(at("repositories"));
  expect_removed(layer, Removed::kAlreadyGone);
}

TEST_F(SweeperTest, WhatAnInterruptedRemovalLeftIsRemovedWhenRepeated) {
  put_all();
  const Removal blob = judged(RemovalClass::kBlob, kBlob);
  const Removal layer = judged(RemovalClass::kLayerLink, kLayer);
  const Removal upload = judged(RemovalClass::kUpload, kUpload);
  put(kBlob + "/data.1.tmp");
  fs::remove(at(kBlob + "/data"));
  fs::remove(at(kLayer + "/link"));
  ::usleep(20'000);  // so that the upload's time is another
  fs::remove(at(kUpload + "/startedat"));
  fs::remove_all(at(kUpload + "/hashstates"));
  expect_removed(blob);
  expect_removed(layer);
  expect_removed(upload);
}

TEST_F(SweeperTest, AnotherIdentityIsRefusedAndNothingTouched) {
  put_all();
  const auto expect_changed = [&](RemovalClass removal_class, const std::string& path,
                                  const std::string& kept) {
    const Removal good = judged(removal_class, path);
    for (int field = 0; field < 3; ++field) {
      Removal other = good;
      if (field == 0) ++other.identity.inode;
      if (field == 1) ++other.identity.size_bytes;
      if (field == 2) ++other.identity.mtime_nanoseconds;
      EXPECT_EQ(refused(other), Errc::kChanged) << path << field;
      EXPECT_TRUE(there(kept)) << kept;
    }
  };
  expect_changed(RemovalClass::kBlob, kBlob, kBlob + "/data");
  expect_changed(RemovalClass::kLayerLink, kLayer, kLayer + "/link");
  expect_changed(RemovalClass::kRevision, kRevision, kRevision + "/link");
  expect_changed(RemovalClass::kTagIndexEntry, kTagEntry, kTagEntry + "/link");
  expect_changed(RemovalClass::kUpload, kUpload, kUpload + "/hashstates/sha256/4");
  expect_changed(RemovalClass::kTemporaryFile, kTemporary, kTemporary);
  Removal empty = judged(RemovalClass::kEmptyDirectory, "repositories/empty/_layers");
  ++empty.identity.inode;
  EXPECT_EQ(refused(empty), Errc::kChanged);
  EXPECT_TRUE(there("repositories/empty/_layers"));
}

TEST_F(SweeperTest, AnUploadThatGoesOnIsNotTakenForAHalfRemovedOne) {
  put_all();
  const Removal upload = judged(RemovalClass::kUpload, kUpload);
  ::usleep(20'000);
  put(kUpload + "/hashstates2");
  EXPECT_EQ(refused(upload), Errc::kChanged);
  EXPECT_TRUE(there(kUpload + "/startedat"));
}

TEST_F(SweeperTest, ADirectoryIsRemovedOnlyIfItIsEmptyAtThatMoment) {
  put_all();
  const Removal parent = judged(RemovalClass::kEmptyDirectory, "repositories/empty");
  const Removal child = judged(RemovalClass::kEmptyDirectory, "repositories/empty/_layers");
  EXPECT_EQ(refused(parent), Errc::kChanged);
  expect_removed(child);
  expect_removed(parent);  // its time is another by now, which is our own doing
}

TEST_F(SweeperTest, SymbolicLinksOnTheWayAreNotFollowed) {
  put_all();
  fs::create_directories(base_ + "/outside/" + kHex);
  std::ofstream(base_ + "/outside/" + kHex + "/data") << "precious";
  fs::create_directories(at("blobs/sha256"));
  const std::string hex = "cd" + std::string(62, 'e');
  ASSERT_EQ(::symlink((base_ + "/outside").c_str(), at("blobs/sha256/cd").c_str()), 0);
  fs::rename(base_ + "/outside/" + kHex, base_ + "/outside/" + hex);
  EXPECT_EQ(refused(RemovalClass::kBlob, "blobs/sha256/cd/" + hex), Errc::kDenied);
  ASSERT_EQ(::symlink("team", at("repositories/alias").c_str()), 0);
  EXPECT_EQ(refused(RemovalClass::kLayerLink, "repositories/alias/app/_layers/sha256/" + kHex),
            Errc::kDenied);
  EXPECT_TRUE(fs::exists(base_ + "/outside/" + hex + "/data"));
  EXPECT_TRUE(there(kLayer + "/link"));
}

TEST_F(SweeperTest, ASymbolicLinkPutInPlaceAfterTheJudgementIsNotFollowed) {
  put_all();
  const Removal blob = judged(RemovalClass::kBlob, kBlob);
  const Removal layer = judged(RemovalClass::kLayerLink, kLayer);
  const Removal revision = judged(RemovalClass::kRevision, kRevision);
  // The very same objects, moved away, with a symbolic link to them: each identity still fits.
  fs::rename(at("blobs/sha256/ab"), base_ + "/ab");
  ASSERT_EQ(::symlink((base_ + "/ab").c_str(), at("blobs/sha256/ab").c_str()), 0);
  fs::rename(at(kLayer), base_ + "/layer");
  ASSERT_EQ(::symlink((base_ + "/layer").c_str(), at(kLayer).c_str()), 0);
  fs::rename(at(kRevision + "/link"), base_ + "/link");
  ASSERT_EQ(::symlink((base_ + "/link").c_str(), at(kRevision + "/link").c_str()), 0);
  EXPECT_EQ(refused(blob), Errc::kDenied);
  EXPECT_EQ(refused(layer), Errc::kDenied);
  EXPECT_EQ(refused(revision), Errc::kChanged);
  EXPECT_TRUE(fs::exists(base_ + "/ab/" + kHex + "/data"));
  EXPECT_TRUE(fs::exists(base_ + "/layer/link"));
  EXPECT_TRUE(fs::exists(base_ + "/link"));
  EXPECT_TRUE(there(kRevision + "/link"));
}

TEST_F(SweeperTest, WhateverElseLiesInABlobsDirectoryGoesWithItAndIsNotFollowed) {
  put_all();
  std::ofstream(base_ + "/precious") << "x";
  fs::create_directories(base_ + "/dir");
  std::ofstream(base_ + "/dir/precious") << "x";
  put(kBlob + "/data.5.tmp");
  put(kBlob + "/deep/er/file");
  ASSERT_EQ(::symlink((base_ + "/precious").c_str(), at(kBlob + "/to-file").c_str()), 0);
  ASSERT_EQ(::symlink((base_ + "/dir").c_str(), at(kBlob + "/deep/to-dir").c_str()), 0);
  ASSERT_EQ(::mkfifo(at(kBlob + "/fifo").c_str(), 0600), 0);
  expect_removed(judged(RemovalClass::kBlob, kBlob));
  EXPECT_TRUE(fs::exists(base_ + "/precious"));
  EXPECT_TRUE(fs::exists(base_ + "/dir/precious"));
}

TEST_F(SweeperTest, DirectoriesNestedDeeplyAreRemovedWithFewDescriptors) {
  put_all();
  UniqueFd at(::open(this->at(kBlob).c_str(), O_RDONLY | O_DIRECTORY));
  for (int depth = 0; depth < 3000; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), "d", 0755), 0);
    ASSERT_EQ(::mkdirat(at.get(), "e", 0755), 0);
    UniqueFd file(::openat(at.get(), "f", O_CREAT | O_WRONLY, 0644));
    ASSERT_TRUE(file);
    at = UniqueFd(::openat(at.get(), depth % 2 == 0 ? "d" : "e", O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(at);
  }
  const Removal removal = judged(RemovalClass::kBlob, kBlob);
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd next(::dup(0));
  struct rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(next.get()) + 30;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const Result<Removed> removed = sweeper().remove(removal);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(removed) << removed.error().path.size() << " deep: " << removed.error().message;
  EXPECT_FALSE(there(kBlob));
}

TEST_F(SweeperTest, OtherKindsOfThingsInTheirPlaceAreRefused) {
  put(kBlob + "/data/inner");
  EXPECT_EQ(sweeper().identify(RemovalClass::kBlob, kBlob).error().code, Errc::kCorrupt);
  put(kLayer);
  EXPECT_EQ(sweeper().identify(RemovalClass::kLayerLink, kLayer).error().code, Errc::kCorrupt);
  fs::create_directories(at("repositories/app.tmp/_layers"));
  const Result<Identity> directory =
      sweeper().identify(RemovalClass::kTemporaryFile, "repositories/app.tmp");
  EXPECT_EQ(directory.error().code, Errc::kCorrupt);
  struct stat st = {};
  ::lstat(at("repositories/app.tmp").c_str(), &st);
  Removal removal;
  removal.removal_class = RemovalClass::kTemporaryFile;
  removal.path = "repositories/app.tmp";
  removal.identity = {st.st_ino, static_cast<std::uint64_t>(st.st_size),
                      st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec};
  EXPECT_EQ(refused(removal), Errc::kChanged);
  EXPECT_TRUE(there("repositories/app.tmp/_layers"));
}

TEST_F(SweeperTest, ASecondSweeperIsRefusedWhileTheFirstLives) {
  sweeper();
  const auto second = open_sweeper(root_, v2_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kDenied);
  EXPECT_EQ(second.error().message, "another regsweep is changing this store");
  const auto quarantine = open_quarantine(root_, v2_);
  ASSERT_FALSE(quarantine);
  EXPECT_EQ(quarantine.error().code, Errc::kDenied);
  sweeper_.reset();
  EXPECT_TRUE(open_quarantine(root_, v2_));
  EXPECT_TRUE(open_sweeper(root_, v2_));
}

TEST_F(SweeperTest, ABareTreeIsItsOwnRoot) {
  put_all();
  root_ = v2_;
  expect_removed(judged(RemovalClass::kBlob, kBlob));
}

TEST_F(SweeperTest, AStoreThatIsNotThereOrReachedByALinkIsNotOpened) {
  EXPECT_EQ(open_sweeper(root_, root_ + "/none").error().code, Errc::kNotFound);
  EXPECT_EQ(open_sweeper(root_, base_ + "/other").error().code, Errc::kUsage);
  fs::rename(root_ + "/docker", base_ + "/docker");
  ASSERT_EQ(::symlink((base_ + "/docker").c_str(), (root_ + "/docker").c_str()), 0);
  EXPECT_EQ(open_sweeper(root_, v2_).error().code, Errc::kDenied);
}

TEST_F(SweeperTest, DeletingATreeFollowsNoLinkAndStaysInTheStore) {
  put_all();
  fs::create_directories(base_ + "/dir");
  std::ofstream(base_ + "/dir/precious") << "x";
  ASSERT_EQ(::symlink((base_ + "/dir").c_str(), at(kRepo + "/to-dir").c_str()), 0);
  EXPECT_EQ(sweeper().delete_tree(kRepo + "/to-dir/precious").error().code, Errc::kDenied);
  EXPECT_EQ(sweeper().delete_tree("../../x").error().code, Errc::kCorrupt);
  EXPECT_EQ(sweeper().delete_tree("").error().code, Errc::kCorrupt);
  EXPECT_EQ(sweeper().delete_tree("/tmp").error().code, Errc::kCorrupt);
  EXPECT_EQ(sweeper().delete_tree(kRepo + "/none").error().code, Errc::kNotFound);
  EXPECT_EQ(sweeper().delete_tree("none/none").error().code, Errc::kNotFound);
  EXPECT_TRUE(sweeper().delete_tree(kLayer + "/link"));
  EXPECT_TRUE(there(kLayer));
  EXPECT_TRUE(sweeper().delete_tree(kRepo));
  EXPECT_FALSE(there(kRepo));
  EXPECT_TRUE(there("repositories/team"));
  EXPECT_TRUE(fs::exists(base_ + "/dir/precious"));
}

TEST_F(SweeperTest, WhatIsThereExists) {
  put_all();
  EXPECT_TRUE(*sweeper().exists(kBlob));
  EXPECT_TRUE(*sweeper().exists(kBlob + "/data"));
  EXPECT_FALSE(*sweeper().exists(kBlob + "/none"));
  EXPECT_FALSE(*sweeper().exists("none/none"));
  EXPECT_FALSE(sweeper().exists("../x"));
}

TEST_F(SweeperTest, WhatIsMountedInATreeStays) {
  put_all();
  if (!mount_tmpfs(at(kUpload + "/hashstates/mounted"), "size=1M")) GTEST_SKIP() << "may not mount";
  put(kUpload + "/hashstates/mounted/precious");
  EXPECT_EQ(refused(judged(RemovalClass::kUpload, kUpload)), Errc::kUnsupported);
  EXPECT_TRUE(there(kUpload + "/hashstates/mounted/precious"));
}

TEST_F(SweeperTest, RemovesOnADiskWithoutAFreeByteAndWithoutAFreeInode) {
  if (!mount_tmpfs(root_, "size=1M,nr_inodes=64")) GTEST_SKIP() << "may not mount";
  put_all();
  put(kBlob + "/other", "content");
  {
    std::ofstream fill(at("fill"), std::ios::binary);
    for (int i = 0; i < 1024 && fill; ++i) fill << std::string(4096, 'x') << std::flush;
  }
  for (int i = 0;; ++i) {
    const int fd = ::open((root_ + "/inode" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600);
    if (fd < 0) break;
    ::close(fd);
  }
  struct statvfs disk = {};
  ASSERT_EQ(::statvfs(root_.c_str(), &disk), 0);
  ASSERT_EQ(disk.f_bfree, 0u);
  ASSERT_EQ(disk.f_ffree, 0u);
  const Status begun = sweeper().begin_quarantine();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, Errc::kIo);
  EXPECT_NE(begun.error().message.find("No space left on device"), std::string::npos);
  EXPECT_FALSE(fs::exists(root_ + "/.regsweep-quarantine"));
  expect_removed(judged(RemovalClass::kTagIndexEntry, kTagEntry));
  expect_removed(judged(RemovalClass::kTemporaryFile, kTemporary));
  expect_removed(judged(RemovalClass::kRevision, kRevision));
  expect_removed(judged(RemovalClass::kLayerLink, kLayer));
  expect_removed(judged(RemovalClass::kUpload, kUpload));
  expect_removed(judged(RemovalClass::kBlob, kBlob));
  ASSERT_EQ(::statvfs(root_.c_str(), &disk), 0);
  EXPECT_GT(disk.f_bfree, 0u);
}

TEST_F(SweeperTest, AReadOnlyMountIsRefused) {
  if (!mount_tmpfs(root_, "size=1M")) GTEST_SKIP() << "may not mount";
  put_all();
  ASSERT_EQ(::mount("tmpfs", root_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const auto opened = open_sweeper(root_, v2_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kUnsupported);
  EXPECT_EQ(opened.error().message, "mounted read-only: nothing can be removed here");
}

TEST_F(SweeperTest, StepByStepTheSameIsRefusedAsByOpenat2) {
  put_all();
  ASSERT_EQ(::symlink("team", at("repositories/alias").c_str()), 0);
  const UniqueFd dir(::open(v2_.c_str(), O_RDONLY | O_DIRECTORY));
  const auto same = [&](const std::string& path, int want) {
    for (const auto open :
         {+[](int d, const char*p) { return open_beneath(d, p, O_RDONLY | O_DIRECTORY); },
          +[](int d, const char*p) {
            return open_beneath_stepwise(d, p, O_RDONLY | O_DIRECTORY, Mounts::kCross);
          }}) {
      errno = 0;
      const UniqueFd fd(open(dir.get(), path.c_str()));
      EXPECT_EQ(fd ? 0 : errno, want) << path;
    }
  };
  same(kBlob, 0);
  same(kRepo, 0);
  same(".", 0);
  same("repositories/alias", ELOOP);
  same("repositories/alias/app", ELOOP);
  same("../v2", EXDEV);
  same("none/none", ENOENT);
  same(kBlob + "/data", ENOTDIR);
}

}  // namespace
}  // namespace regsweep::storage
