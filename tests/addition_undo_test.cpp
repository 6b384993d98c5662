#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <functional>
#include <sstream>

#include "storage/layout.h"
#include "storage/sweeper.h"
#include "tests/addition_fixture.h"

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;
using tests::kAdditionRepo;
using tests::snapshot;

class AdditionUndoTest : public tests::AdditionTest {
 protected:
  /// The damaged blob and its empty link, and of a new blob one of each class.
  std::vector<Addition> repairs() const {
    std::vector<Addition> all = {blob("damaged"), link(AdditionClass::kLayerLink, damaged_)};
    for (Addition& addition : one_of_each("new")) all.push_back(std::move(addition));
    return all;
  }
  std::vector<Removal> damages() {
    return {judged(RemovalClass::kLayerLink, directory_of(AdditionClass::kLayerLink)),
            judged(RemovalClass::kBlob, blob_directory(damaged_))};
  }
  std::string directory_of(AdditionClass addition_class) const {
    return fs::path(link(addition_class, damaged_).path).parent_path().string();
  }
  /// A whole repair; returns the run's id.
  std::string repaired() {
    const std::vector<Removal> batch = damages();
    begin();
    stage(repairs());
    move(batch);
    place(7);
    EXPECT_EQ(content(repairs().front().path), "damaged");
    EXPECT_EQ(content(link(AdditionClass::kLayerLink, damaged_).path), damaged_.text());
    return end();
  }
  std::vector<std::string> made_directories(const std::string& id) const {
    std::vector<std::string> made;
    std::istringstream lines(journal(id));
    static constexpr std::string_view kKind = "\tmkdir\t";
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find(kKind);
      if (at != std::string::npos) made.push_back(line.substr(at + kKind.size()));
    }
    return made;
  }
  void expect_as(const std::vector<std::string>& before) const {
    EXPECT_EQ(snapshot(root_), before);
    EXPECT_FALSE(has_quarantine());
  }
};

TEST_F(AdditionUndoTest, UndoOfARepairRestoresTheStoreToTheNanosecond) {
  const std::vector<std::string> before = snapshot(root_);
  const std::string id = repaired();
  const auto runs = quarantine()->runs();
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_TRUE(runs->front().finished);
  EXPECT_EQ(runs->front().objects, 2u);
  EXPECT_EQ(runs->front().problem, "");
  const QuarantineOutcome outcome = undone(id);
  EXPECT_EQ(outcome.objects, 2u);
  EXPECT_EQ(outcome.taken_away, repairs().size());
  EXPECT_TRUE(outcome.skipped.empty());
  expect_as(before);
}

TEST_F(AdditionUndoTest, WhatWasStagedAndNeverPlacedIsDeleted) {
  const std::vector<std::string> before = snapshot(root_);
  const std::vector<Removal> batch = damages();
  begin();
  stage(repairs());
  move({batch[0]});
  const std::string id = sweeper().run_id();  // no end: killed
  const auto runs = quarantine()->runs();
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_FALSE(runs->front().finished);
  EXPECT_EQ(runs->front().objects, 1u);
  EXPECT_EQ(runs->front().allocated_bytes, 4096u);
  EXPECT_EQ(runs->front().problem, "");
  EXPECT_EQ(undone(id).objects, 1u);
  expect_as(before);
}

TEST_F(AdditionUndoTest, ARunThatOnlyAddedIsUndone) {
  const std::vector<std::string> before = snapshot(root_);
  begin();
  stage({blob("first")});
  place(1);
  stage(one_of_each("new"));
  place(6);
  EXPECT_EQ(undone(end()).objects, 0u);
  expect_as(before);
}

TEST_F(AdditionUndoTest, AnUndoThatWasKilledGoesOnWhereverItWas) {
  const std::vector<std::string> before = snapshot(root_);
  const std::vector<Addition> all = repairs();
  for (int last = 0;; ++last) {
    const std::string id = repaired();
    sweeper_.reset();
    std::vector<std::function<void()>> steps;
    for (std::size_t i = all.size(); i-- > 0;) {
      steps.push_back([&, i] { fs::remove(at(all[i].path)); });
    }
    const std::vector<std::string> made = made_directories(id);
    EXPECT_EQ(made.size(), 12u);
    for (std::size_t i = made.size(); i-- > 0;) {
      steps.push_back([&, i] { ASSERT_TRUE(fs::remove(at(made[i]))); });
    }
    steps.push_back([&] { fs::rename(run_path(id) + "/objects/8", at(blob_directory(damaged_))); });
    steps.push_back([&] {
      fs::rename(run_path(id) + "/objects/7", at(directory_of(AdditionClass::kLayerLink)));
    });
    for (std::size_t i = 0; i < static_cast<std::size_t>(last) && i < steps.size(); ++i) steps[i]();
    const QuarantineOutcome outcome = undone(id);
    EXPECT_TRUE(outcome.skipped.empty()) << last << outcome.skipped.front();
    expect_as(before);
    if (HasFailure() || last == static_cast<int>(steps.size())) break;
  }
}

TEST_F(AdditionUndoTest, ADirectoryThatLostItsFileAndWasPutBackIsNotTakenForOneThatWasMade) {
  const Removal blob_removal = judged(RemovalClass::kBlob, blob_directory(damaged_));
  fs::remove(at(layout::blob_path(damaged_)));  // what an interrupted removal leaves
  age_all();
  const std::vector<std::string> before = snapshot(root_);
  for (const bool killed : {false, true}) {
    begin();
    stage({blob("damaged")});
    move({blob_removal});
    place(1);
    const std::string id = end();
    sweeper_.reset();
    if (killed) {
      fs::remove_all(at(blob_directory(damaged_)));
      fs::rename(run_path(id) + "/objects/1", at(blob_directory(damaged_)));
    }
    EXPECT_EQ(undone(id).objects, killed ? 0u : 1u);
    expect_as(before);
  }
}

TEST_F(AdditionUndoTest, AFileThatIsAnotherByNowIsLeftAndNamed) {
  const std::vector<std::string> before = snapshot(root_);
  const std::string id = repaired();
  const std::vector<Addition> all = repairs();
  put(all[0].path, "somebody else's");  // written to
  const std::string layer = link(AdditionClass::kLayerLink, digest_of("new")).path;
  fs::remove(at(layer));  // another file with the same content
  put(layer, digest_of("new").text());
  const QuarantineOutcome outcome = undone(id);
  EXPECT_EQ(outcome.objects, 1u);
  EXPECT_EQ(outcome.skipped,
            (std::vector<std::string>{layer, all[0].path, blob_directory(damaged_)}));
  EXPECT_EQ(content(all[0].path), "somebody else's");
  EXPECT_TRUE(there(layer));
  EXPECT_FALSE(there(link(AdditionClass::kRevisionLink, digest_of("new")).path));
  EXPECT_FALSE(there(kAdditionRepo + "/_manifests/tags"));
  const auto runs = quarantine()->runs();
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(runs->front().objects, 1u);
  EXPECT_EQ(runs->front().problem, "");
  // Once they are gone the same undo comes to its end; what it has no part in is left alone.
  put(kAdditionRepo + "/_manifests/tags/2.0/current/link", "newer");
  fs::remove(at(all[0].path));
  fs::remove(at(layer));
  EXPECT_EQ(undone(id).objects, 1u);
  EXPECT_FALSE(has_quarantine());
  EXPECT_FALSE(there(fs::path(layer).parent_path().string()));
  EXPECT_EQ(content(layout::blob_path(damaged_)), "dam");
  EXPECT_TRUE(there(kAdditionRepo + "/_manifests/tags/2.0/current/link"));
  struct stat manifests = {};
  ::stat(at(kAdditionRepo + "/_manifests").c_str(), &manifests);
  EXPECT_GT(manifests.st_mtim.tv_sec, 1'600'001'000);
  fs::remove_all(at(kAdditionRepo + "/_manifests/tags"));
  const auto elsewhere = [](std::vector<std::string> lines) {
    std::erase_if(lines, [](const std::string& line) {
      return line.find("app/_manifests mode") != std::string::npos;
    });
    return lines;
  };
  EXPECT_EQ(elsewhere(snapshot(root_)), elsewhere(before));
}

TEST_F(AdditionUndoTest, ADirectoryInWhichSomethingElseLiesIsLeft) {
  const std::string id = repaired();
  const std::string other = blob_directory(damaged_) + "/other";
  put(other, "newer");
  const QuarantineOutcome outcome = undone(id);
  EXPECT_EQ(outcome.skipped, std::vector<std::string>{blob_directory(damaged_)});
  EXPECT_FALSE(there(layout::blob_path(damaged_)));
  EXPECT_EQ(content(other), "newer");
  // Its own directory, empty now, does not stand in the way of what goes back there.
  fs::remove(at(other));
  EXPECT_EQ(undone(id).objects, 1u);
  EXPECT_EQ(content(layout::blob_path(damaged_)), "dam");
  EXPECT_FALSE(has_quarantine());
}

TEST_F(AdditionUndoTest, ASymbolicLinkWhereADirectoryWasIsNotFollowed) {
  const std::string id = repaired();
  const std::string tags = at(kAdditionRepo + "/_manifests/tags");
  fs::rename(tags, base_ + "/tags");
  ASSERT_EQ(::symlink((base_ + "/tags").c_str(), tags.c_str()), 0);
  const QuarantineOutcome outcome = undone(id);
  const Digest digest = digest_of("new");
  EXPECT_EQ(outcome.skipped,
            (std::vector<std::string>{link(AdditionClass::kTagCurrentLink, digest).path,
                                      link(AdditionClass::kTagIndexLink, digest).path}));
  EXPECT_TRUE(fs::exists(base_ + "/tags/1.0/current/link"));
}

TEST_F(AdditionUndoTest, WhatWentMeanwhileIsAsGoodAsTakenAway) {
  const std::vector<std::string> before = snapshot(root_);
  const std::string id = repaired();
  fs::remove_all(at(kAdditionRepo + "/_manifests/tags"));
  put(kAdditionRepo + "/_manifests/tags", "a file now");
  EXPECT_TRUE(undone(id).skipped.empty());
  EXPECT_FALSE(has_quarantine());
  EXPECT_EQ(content(kAdditionRepo + "/_manifests/tags"), "a file now");
}

TEST_F(AdditionUndoTest, DirectoriesRemovedAsEmptyAndMadeAgainComeBackAsTheyWere) {
  fs::create_directories(at("repositories/old/app/_layers"));
  ::chmod(at("repositories/old").c_str(), 0711);
  ::chmod(at("repositories/old/app").c_str(), 0750);
  age_all();
  const std::vector<std::string> before = snapshot(root_);
  const auto removed = [&](const std::string& path) {
    const Result<Removed> done = sweeper().remove(judged(RemovalClass::kEmptyDirectory, path));
    EXPECT_TRUE(done) << path;
  };
  for (const bool killed : {false, true}) {
    begin();
    removed("repositories/old/app/_layers");
    removed("repositories/old/app");
    removed("repositories/old");
    const Addition addition =
        link(AdditionClass::kRevisionLink, digest_of("new"), "repositories/old/app");
    stage({addition});
    place(1);
    const std::string id = end();
    sweeper_.reset();
    if (killed) {
      fs::remove_all(at("repositories/old/app/_manifests"));
      fs::create_directories(at("repositories/old/app/_layers"));
    }
    EXPECT_TRUE(undone(id).skipped.empty());
    expect_as(before);
  }
}

TEST_F(AdditionUndoTest, ADirectoryMadeAndThenRemovedAsEmptyDoesNotComeBack) {
  const std::vector<std::string> before = snapshot(root_);
  const Addition addition = link(AdditionClass::kLayerLink, digest_of("new"), "repositories/new");
  const std::string directory = fs::path(addition.path).parent_path().string();
  begin();
  stage({addition});
  place(1);
  fs::remove(at(addition.path));
  ASSERT_TRUE(sweeper().remove(judged(RemovalClass::kEmptyDirectory, directory)));
  undone(end());
  expect_as(before);
}

TEST_F(AdditionUndoTest, PurgeDeletesStagedLeftoversAndNothingThatWasPlaced) {
  const std::vector<Removal> batch = damages();
  begin();
  stage(repairs());
  move(batch);
  place(7);
  stage({blob("left over")});
  const std::string id = end();
  auto runs = quarantine()->runs();
  EXPECT_EQ(runs->front().objects, 2u);
  EXPECT_EQ(objects(id), (std::vector<std::string>{"7", "8", "9"}));
  const std::vector<std::string> placed = snapshot(v2_);
  fs::rename(run_path(id) + "/objects", run_path(id) + "/deleted");  // a purge that was killed
  fs::remove_all(run_path(id) + "/deleted/7");
  runs = quarantine()->runs();
  EXPECT_EQ(runs->front().objects, 1u);
  EXPECT_NE(runs->front().problem, "");
  EXPECT_EQ(quarantine()->undo(id).error().code, Errc::kCorrupt);
  const auto outcome = quarantine()->purge(id);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->objects, 1u);
  EXPECT_EQ(outcome->allocated_bytes, 4096u);
  EXPECT_FALSE(has_quarantine());
  EXPECT_EQ(snapshot(v2_), placed);
}

TEST_F(AdditionUndoTest, WhatWasPlacedStaysOnceTheObjectsAreGone) {
  const std::vector<Removal> batch = damages();
  begin();
  stage(repairs());
  move(batch);
  place(7);
  const std::string id = end();
  sweeper_.reset();
  const std::vector<std::string> placed = snapshot(v2_);
  fs::remove_all(run_path(id) + "/objects");  // a purge that ended right before the journal's turn
  EXPECT_EQ(undone(id).objects, 0u);
  EXPECT_EQ(snapshot(v2_), placed);
  EXPECT_FALSE(has_quarantine());
}

TEST_F(AdditionUndoTest, AStagedFileThatTheJournalDoesNotNameIsRefused) {
  begin();
  stage({blob("new")});
  const std::string id = end();
  sweeper_.reset();
  const std::string whole = journal(id);
  const std::size_t torn = whole.find("stage") + 10;
  set_journal(id, whole.substr(0, torn));
  EXPECT_NE(quarantine()->runs()->front().problem, "");
  EXPECT_EQ(quarantine()->undo(id).error().code, Errc::kCorrupt);
  EXPECT_EQ(objects(id).size(), 1u);
  EXPECT_TRUE(quarantine()->purge(id));
  EXPECT_FALSE(has_quarantine());
}

}  // namespace
}  // namespace regsweep::storage
