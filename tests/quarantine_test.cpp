#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>
#include <stdexcept>

#include "storage/sweeper.h"
#include "tests/scratch_store.h"

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;

const std::string kRepo = "repositories/team/app";

std::string hex(char digit) { return "ab" + std::string(62, digit); }
std::string blob(char digit) { return "blobs/sha256/ab/" + hex(digit); }
std::string layer_link(char digit) { return kRepo + "/_layers/sha256/" + hex(digit); }
const std::string kRevision = kRepo + "/_manifests/revisions/sha256/" + hex('1');
const std::string kTagEntry = kRepo + "/_manifests/tags/1.0/index/sha256/" + hex('1');
const std::string kUpload = kRepo + "/_uploads/0f1e";
const std::string kTemporary = kRepo + "/_manifests/tags/1.0/current/link.77.tmp";
const std::string kEmpty = "repositories/empty/_layers";

using tests::snapshot;

class QuarantineTest : public tests::ScratchStoreTest {
 protected:
  /// A small store whose files and directories are of odd modes and long ago.
  void put_store() const {
    for (const char digit : {'1', '2', '3'}) {
      put(blob(digit) + "/data", std::string(1, digit));
      put(layer_link(digit) + "/link", "sha256:" + hex(digit));
    }
    put(kRevision + "/link", "sha256:" + hex('1'));
    put(kTagEntry + "/link", "sha256:" + hex('1'));
    put(kRepo + "/_manifests/tags/1.0/current/link", "sha256:" + hex('1'));
    put(kTemporary, "");
    put(kUpload + "/startedat", "2020-01-01T00:00:00Z");
    put(kUpload + "/data", "half");
    fs::create_directories(at(kEmpty));
    ::chmod(at(kRepo + "/_layers").c_str(), 0750);
    ::chmod(at(kEmpty).c_str(), 0711);
    ::chmod(at(blob('1') + "/data").c_str(), 0600);
    age_all();
  }
  std::vector<Removal> everything() {
    return {judged(RemovalClass::kTagIndexEntry, kTagEntry),
            judged(RemovalClass::kRevision, kRevision),
            judged(RemovalClass::kLayerLink, layer_link('1')),
            judged(RemovalClass::kLayerLink, layer_link('2')),
            judged(RemovalClass::kLayerLink, layer_link('3')),
            judged(RemovalClass::kUpload, kUpload),
            judged(RemovalClass::kTemporaryFile, kTemporary),
            judged(RemovalClass::kBlob, blob('1')),
            judged(RemovalClass::kBlob, blob('2')),
            judged(RemovalClass::kEmptyDirectory, kRepo + "/_uploads"),
            judged(RemovalClass::kEmptyDirectory, kRepo + "/_layers/sha256"),
            judged(RemovalClass::kEmptyDirectory, kRepo + "/_layers"),
            judged(RemovalClass::kEmptyDirectory, kEmpty),
            judged(RemovalClass::kEmptyDirectory, "repositories/empty")};
  }
  /// A whole run; returns its id.
  std::string run(const std::vector<Removal>& removals) {
    EXPECT_TRUE(sweeper().begin_quarantine());
    std::vector<Removed> done;
    const Status status = sweeper().quarantine(removals, done);
    EXPECT_TRUE(status) << status.error().path << ": " << status.error().message;
    EXPECT_EQ(done, std::vector<Removed>(removals.size(), Removed::kDone));
    EXPECT_TRUE(sweeper().end_quarantine(true));
    return sweeper().run_id();
  }
};

TEST_F(QuarantineTest, UndoRestoresTheStoreToTheNanosecond) {
  put_store();
  const std::vector<std::string> before = snapshot(root_);
  const std::string id = run(everything());
  for (const std::string& path :
       {kTagEntry, kRevision, layer_link('1'), kUpload, kTemporary, blob('1'), blob('2'),
        kRepo + "/_layers", std::string("repositories/empty")}) {
    EXPECT_FALSE(there(path)) << path;
  }
  EXPECT_TRUE(there(blob('3') + "/data"));
  const QuarantineOutcome outcome = undone(id);
  EXPECT_EQ(outcome.objects, 9u);
  EXPECT_EQ(outcome.allocated_bytes, 9u * 4096);
  EXPECT_TRUE(outcome.skipped.empty());
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(QuarantineTest, ATimeBeyondWhatAJournalHoldsComesBackAsNearAsItCan) {
  put_store();
  const auto set = [&](const std::string& path, std::time_t seconds) {
    const struct timespec times[2] = {{0, UTIME_OMIT}, {seconds, 5}};
    ::utimensat(AT_FDCWD, path.c_str(), times, 0);
    struct stat st;
    ::stat(path.c_str(), &st);
    return st.st_mtim.tv_sec;
  };
  const std::string directory = at("blobs/sha256/ab");
  if (set(directory, 20'000'000'000) != 20'000'000'000) GTEST_SKIP() << "the disk has no such time";
  set(at(blob('1')), 9'000'000'000);
  const std::string id = run({judged(RemovalClass::kBlob, blob('1'))});
  EXPECT_EQ(undone(id).objects, 1u);
  struct stat st;
  ASSERT_EQ(::stat(directory.c_str(), &st), 0);
  EXPECT_EQ(st.st_mtim.tv_sec, 9'223'372'036);
  ASSERT_EQ(::stat(at(blob('1')).c_str(), &st), 0);
  EXPECT_EQ(st.st_mtim.tv_sec, 9'000'000'000);
}

TEST_F(QuarantineTest, ATagComesBackWithItsHistory) {
  put_store();
  const std::vector<std::string> before = snapshot(root_);
  const std::string tag = kRepo + "/_manifests/tags/1.0";
  const std::string id = run({judged(RemovalClass::kTag, tag)});
  EXPECT_FALSE(there(tag));
  EXPECT_EQ(undone(id).objects, 1u);
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(QuarantineTest, EmptyDirectoriesDeletedBesideARunComeBackToo) {
  put_store();
  const std::vector<std::string> before = snapshot(root_);
  const std::vector<Removal> all = everything();
  ASSERT_TRUE(sweeper().begin_quarantine());
  for (const Removal& removal : all) {
    if (removal.removal_class == RemovalClass::kEmptyDirectory) {
      const Result<Removed> removed = sweeper().remove(removal);
      ASSERT_TRUE(removed) << removed.error().message;
      EXPECT_EQ(*removed, Removed::kDone);
      EXPECT_EQ(*sweeper().remove(removal), Removed::kAlreadyGone);
    } else {
      std::vector<Removed> done;
      ASSERT_TRUE(sweeper().quarantine({removal}, done));
    }
  }
  ASSERT_TRUE(sweeper().end_quarantine(true));
  EXPECT_FALSE(there(kRepo + "/_layers"));
  undone(sweeper().run_id());
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(QuarantineTest, ARunOfAnApplyThatWasKilledCanBeUndone) {
  put_store();
  const std::vector<std::string> before = snapshot(root_);
  const std::vector<Removal> all = everything();
  ASSERT_TRUE(sweeper().begin_quarantine());
  std::vector<Removed> done;
  ASSERT_TRUE(sweeper().quarantine({all[0], all[1], all[7]}, done));
  const std::string id = sweeper().run_id();
  sweeper_.reset();  // no end: killed
  set_journal(id, journal(id) + "0123456789abcdef 9\tmove\t3");
  const auto runs = quarantine()->runs();
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_FALSE(runs->front().finished);
  EXPECT_EQ(runs->front().objects, 3u);
  EXPECT_EQ(runs->front().allocated_bytes, 3u * 4096);
  EXPECT_EQ(runs->front().problem, "");
  EXPECT_EQ(undone(id).objects, 3u);
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(QuarantineTest, ARunThatStoppedPartWayIsNotFinished) {
  put_store();
  ASSERT_TRUE(sweeper().begin_quarantine());
  std::vector<Removed> done;
  ASSERT_TRUE(sweeper().quarantine({everything().front()}, done));
  ASSERT_TRUE(sweeper().end_quarantine(false));
  const auto runs = quarantine()->runs();
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_FALSE(runs->front().finished);
  EXPECT_EQ(runs->front().problem, "");
}

TEST_F(QuarantineTest, ANameThatCannotBeOpenedIsNotInTheWayOfTheOthers) {
  put_store();
  const std::vector<std::string> before = snapshot(root_);
  const std::string id = run(everything());
  const std::string closed = "20200101T000000.000000Z-0000";
  fs::create_symlink("elsewhere", run_path(closed));
  const auto runs = quarantine()->runs();
  ASSERT_TRUE(runs) << runs.error().message;
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ(runs->front().id, closed);
  EXPECT_NE(runs->front().problem, "");
  fs::remove(run_path(closed));
  EXPECT_EQ(undone(id).objects, 9u);
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(QuarantineTest, AnInterruptedUndoGoesOnWhenRepeated) {
  put_store();
  const std::vector<std::string> before = snapshot(root_);
  const std::string id = run(everything());
  // As if undo had been killed after its first moves: they are back, their directories' times are
  // not.
  fs::create_directories(at(kRepo + "/_layers/sha256"));
  ::chmod(at(kRepo + "/_layers").c_str(), 0750);
  for (const auto& entry : fs::directory_iterator(run_path(id) + "/objects")) {
    if (fs::exists(entry.path() / "data") && !fs::exists(entry.path() / "startedat")) {
      std::ifstream in((entry.path() / "data").string());
      const std::string content(std::istreambuf_iterator<char>(in), {});
      fs::rename(entry.path(), at(blob(content.front())));
    }
  }
  EXPECT_EQ(undone(id).objects, 7u);
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(QuarantineTest, MissingParentsAreMadeAgainAsTheyWere) {
  put_store();
  const std::vector<std::string> before = snapshot(root_);
  const std::string id = run({judged(RemovalClass::kLayerLink, layer_link('1')),
                              judged(RemovalClass::kLayerLink, layer_link('2')),
                              judged(RemovalClass::kLayerLink, layer_link('3'))});
  const fs::path layers = at(kRepo + "/_layers");
  fs::remove(layers / "sha256");
  undone(id);
  EXPECT_EQ(fs::status(layers / "sha256").permissions(), fs::perms(0755));
  EXPECT_TRUE(there(layer_link('3') + "/link"));
  const auto lines_of = [](const std::vector<std::string>& all) {
    std::vector<std::string> lines;  // without _layers, whose time nobody had to note
    for (const std::string& line : all) {
      if (line.find("app/_layers mode") == std::string::npos) lines.push_back(line);
    }
    return lines;
  };
  EXPECT_EQ(lines_of(snapshot(root_)), lines_of(before));
}

TEST_F(QuarantineTest, WhatHasATakenPlaceStaysInQuarantineAndIsNamed) {
  put_store();
  const std::string id = run(everything());
  put(blob('1') + "/data", "newer");
  put(kTemporary, "newer");
  const QuarantineOutcome outcome = undone(id);
  EXPECT_EQ(outcome.objects, 7u);
  EXPECT_EQ(outcome.skipped, (std::vector<std::string>{blob('1'), kTemporary}));
  std::ifstream in(at(blob('1') + "/data"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "newer");
  const auto runs = quarantine()->runs();
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(runs->front().objects, 2u);
  EXPECT_EQ(runs->front().problem, "");
  struct stat tags = {};
  ::stat(at(kRepo + "/_manifests/tags/1.0/index/sha256").c_str(), &tags);
  EXPECT_LT(tags.st_mtim.tv_sec, 1'600'001'000) << "nothing was skipped below: its time is back";
  struct stat prefix = {};
  ::stat(at("blobs/sha256/ab").c_str(), &prefix);
  EXPECT_GT(prefix.st_mtim.tv_sec, 1'600'001'000) << "something was skipped below";
  // A later undo leaves alone what it has no part in.
  fs::remove_all(at(blob('1')));
  fs::remove(at(kTemporary));
  put(kRepo + "/_manifests/tags/1.0/index/sha256/" + hex('4') + "/link", "x");
  EXPECT_EQ(undone(id).objects, 2u);
  ::stat(at(kRepo + "/_manifests/tags/1.0/index/sha256").c_str(), &tags);
  EXPECT_GT(tags.st_mtim.tv_sec, 1'600'001'000);
  ::stat(at("blobs/sha256/ab").c_str(), &prefix);
  EXPECT_LT(prefix.st_mtim.tv_sec, 1'600'001'000);
  EXPECT_FALSE(has_quarantine());
}

TEST_F(QuarantineTest, ASymbolicLinkWhereAParentWasIsNotFollowedByUndo) {
  put_store();
  const std::string id = run({judged(RemovalClass::kLayerLink, layer_link('1'))});
  fs::rename(at(kRepo + "/_layers"), base_ + "/layers");
  ASSERT_EQ(::symlink((base_ + "/layers").c_str(), at(kRepo + "/_layers").c_str()), 0);
  const QuarantineOutcome outcome = undone(id);
  EXPECT_EQ(outcome.skipped, std::vector<std::string>{layer_link('1')});
  EXPECT_FALSE(fs::exists(base_ + "/layers/sha256/" + hex('1')));
}

TEST_F(QuarantineTest, ADamagedJournalIsRefusedAndNothingTouched) {
  put_store();
  const std::string id = run(everything());
  const std::string good = journal(id);
  const std::vector<std::string> store = snapshot(v2_);
  std::vector<std::pair<std::string, std::string>> bad;
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  bad.emplace_back("a changed byte", flipped);
  bad.emplace_back("cut in the middle", good.substr(0, good.size() / 2));
  bad.emplace_back("no line at all", "");
  bad.emplace_back("its first line is gone", good.substr(good.find('\n') + 1));
  for (const auto& [what, text] : bad) {
    set_journal(id, text);
    const Result<QuarantineOutcome> outcome = quarantine()->undo(id);
    ASSERT_FALSE(outcome) << what;
    EXPECT_EQ(outcome.error().code, Errc::kCorrupt) << what;
    EXPECT_EQ(snapshot(v2_), store) << what;
    const auto runs = quarantine()->runs();
    ASSERT_EQ(runs->size(), 1u);
    EXPECT_NE(runs->front().problem, "") << what;
    EXPECT_EQ(runs->front().objects, 9u) << what;
  }
  set_journal(id, good);
  EXPECT_EQ(undone(id).objects, 9u);
}

TEST_F(QuarantineTest, AnObjectThatTheJournalDoesNotNameIsRefused) {
  put_store();
  const std::string id = run({judged(RemovalClass::kBlob, blob('1'))});
  for (const char* name : {"/objects/7", "/objects/x", "/objects/00", "/other"}) {
    fs::create_directories(run_path(id) + name);
    const Result<QuarantineOutcome> outcome = quarantine()->undo(id);
    ASSERT_FALSE(outcome) << name;
    EXPECT_EQ(outcome.error().code, Errc::kCorrupt) << name;
    EXPECT_FALSE(there(blob('1'))) << name;
    fs::remove(run_path(id) + name);
  }
  fs::remove(run_path(id) + "/journal");
  EXPECT_EQ(quarantine()->undo(id).error().code, Errc::kCorrupt);
}

TEST_F(QuarantineTest, PurgeDeletesARunForGood) {
  put_store();
  const std::string first = run({judged(RemovalClass::kBlob, blob('1'))});
  sweeper_.reset();
  const std::string second = run({judged(RemovalClass::kUpload, kUpload)});
  EXPECT_LT(first, second);
  auto runs = quarantine()->runs();
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].id, first);
  EXPECT_TRUE((*runs)[0].finished);
  EXPECT_NEAR(static_cast<double>((*runs)[0].started_seconds), static_cast<double>(::time(nullptr)),
              60);
  const Result<QuarantineOutcome> outcome = quarantine()->purge(first);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->objects, 1u);
  EXPECT_EQ(outcome->allocated_bytes, 4096u);
  EXPECT_FALSE(fs::exists(run_path(first)));
  EXPECT_TRUE(fs::exists(run_path(second)));
  EXPECT_TRUE(quarantine()->purge(second));
  EXPECT_FALSE(has_quarantine());
  EXPECT_EQ(quarantine()->purge(second).error().code, Errc::kNotFound);
}

TEST_F(QuarantineTest, APurgeThatWasBegunIsFinishedAndNeverUndone) {
  put_store();
  const std::string id = run(everything());
  fs::rename(run_path(id) + "/objects", run_path(id) + "/deleted");
  fs::remove_all(run_path(id) + "/deleted/0");
  EXPECT_EQ(quarantine()->undo(id).error().code, Errc::kCorrupt);
  EXPECT_NE(quarantine()->runs()->front().problem, "");
  const Result<QuarantineOutcome> outcome = quarantine()->purge(id);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->objects, 8u);
  EXPECT_FALSE(has_quarantine());
}

TEST_F(QuarantineTest, ADamagedRunCanBePurged) {
  put_store();
  const std::string id = run({judged(RemovalClass::kBlob, blob('1'))});
  set_journal(id, "nonsense\nnonsense\nnonsense\n");
  fs::create_directories(run_path(id) + "/strange/things");
  const Result<QuarantineOutcome> outcome = quarantine()->purge(id);
  ASSERT_TRUE(outcome) << outcome.error().path << outcome.error().message;
  EXPECT_EQ(outcome->objects, 1u);
  EXPECT_FALSE(has_quarantine());
}

TEST_F(QuarantineTest, OnlyNamesOfRunsAreRuns) {
  put_store();
  EXPECT_TRUE(quarantine()->runs()->empty());
  run({judged(RemovalClass::kBlob, blob('1'))});
  fs::create_directories(root_ + "/.regsweep-quarantine/lost+found");
  EXPECT_EQ(quarantine()->runs()->size(), 1u);
  for (const char* id : {"", ".", "..", "lost+found", "../docker", "/etc"}) {
    EXPECT_EQ(quarantine()->purge(id).error().code, Errc::kNotFound) << id;
    EXPECT_EQ(quarantine()->undo(id).error().code, Errc::kNotFound) << id;
  }
  EXPECT_TRUE(fs::exists(root_ + "/.regsweep-quarantine/lost+found"));
}

TEST_F(QuarantineTest, ABatchStopsAtTheFirstThatChanged) {
  put_store();
  std::vector<Removal> batch = {judged(RemovalClass::kBlob, blob('1')),
                                judged(RemovalClass::kBlob, blob('2')),
                                judged(RemovalClass::kBlob, blob('3'))};
  put(blob('2') + "/data", "newer and longer");
  ASSERT_TRUE(sweeper().begin_quarantine());
  std::vector<Removed> done;
  const Status status = sweeper().quarantine(batch, done);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kChanged);
  EXPECT_EQ(status.error().path, blob('2') + "/data");
  EXPECT_EQ(done, std::vector<Removed>{Removed::kDone});
  EXPECT_TRUE(there(blob('2')));
  EXPECT_TRUE(there(blob('3')));
  batch.erase(batch.begin() + 1);  // the first is gone by now, which is as good as moved
  ASSERT_TRUE(sweeper().quarantine(batch, done));
  EXPECT_EQ(done, (std::vector<Removed>{Removed::kAlreadyGone, Removed::kDone}));
  ASSERT_TRUE(sweeper().end_quarantine(true));
  EXPECT_EQ(undone(sweeper().run_id()).objects, 2u);
}

TEST_F(QuarantineTest, ALiveDirectoryIsNotTakenForAnEmptyOne) {
  put_store();
  Removal removal = judged(RemovalClass::kEmptyDirectory, kEmpty);
  put(kEmpty + "/sha256/x/link", "new");
  ASSERT_TRUE(sweeper().begin_quarantine());
  std::vector<Removed> done;
  EXPECT_EQ(sweeper().quarantine({removal}, done).error().code, Errc::kChanged);
  EXPECT_EQ(sweeper().remove(removal).error().code, Errc::kChanged);
  EXPECT_TRUE(there(kEmpty + "/sha256/x/link"));
}

TEST_F(QuarantineTest, TheQuarantineIsForItsOwnerOnlyAndHoldsObjectsByNumber) {
  put_store();
  ASSERT_FALSE(sweeper().end_quarantine(true));
  const std::string id = run({judged(RemovalClass::kBlob, blob('1'))});
  EXPECT_EQ(fs::status(root_ + "/.regsweep-quarantine").permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(run_path(id)).permissions(), fs::perms(0700));
  EXPECT_TRUE(fs::exists(run_path(id) + "/objects/0/data"));
}

TEST_F(QuarantineTest, AQuarantineThatIsASymbolicLinkIsRefused) {
  put_store();
  fs::create_directories(base_ + "/elsewhere");
  ASSERT_EQ(::symlink((base_ + "/elsewhere").c_str(), (root_ + "/.regsweep-quarantine").c_str()),
            0);
  EXPECT_EQ(sweeper().begin_quarantine().error().code, Errc::kDenied);
  EXPECT_EQ(quarantine()->runs().error().code, Errc::kDenied);
  EXPECT_TRUE(fs::is_empty(base_ + "/elsewhere"));
}

TEST_F(QuarantineTest, AnotherFileSystemOrMountIsRefused) {
  put_store();
  const auto mounted = [&](const std::string& where, const char* from) {
    const bool done = from == nullptr
                          ? ::mount("tmpfs", where.c_str(), "tmpfs", 0, "size=1M") == 0
                          : ::mount(from, where.c_str(), nullptr, MS_BIND, nullptr) == 0;
    if (done) mounts_.push_back(where);
    return done;
  };
  fs::create_directories(base_ + "/copy");
  if (!mounted(v2_, nullptr)) GTEST_SKIP() << "may not mount";
  put_store();
  const Status other = sweeper().begin_quarantine();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::kUnsupported);
  EXPECT_NE(other.error().message.find("another file system"), std::string::npos);
  EXPECT_FALSE(has_quarantine());
  sweeper_.reset();
  ::umount2(v2_.c_str(), MNT_DETACH);
  mounts_.pop_back();

  // Only the blobs are elsewhere, and the same file system by another mount.
  fs::copy(at("blobs"), base_ + "/copy/blobs", fs::copy_options::recursive);
  ASSERT_TRUE(mounted(at("blobs"), (base_ + "/copy/blobs").c_str()));
  ASSERT_TRUE(sweeper().begin_quarantine());
  std::vector<Removed> done;
  const std::vector<Removal> batch = {judged(RemovalClass::kLayerLink, layer_link('1')),
                                      judged(RemovalClass::kBlob, blob('1'))};
  const Status bound = sweeper().quarantine(batch, done);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, Errc::kUnsupported);
  EXPECT_EQ(done, std::vector<Removed>{Removed::kDone});
  EXPECT_TRUE(there(blob('1') + "/data"));
}

}  // namespace
}  // namespace regsweep::storage
