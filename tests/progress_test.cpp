// What long runs say of themselves: a scan's counts and phases, and the line made of them.
#include "cli/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

#include "analyzer/survey.h"
#include "storage/store.h"
#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::cli {
namespace {

using storage::ScanPhase;
using storage::ScanProgress;
using tests::layer;

class ScanProgressOfAStore : public testing::Test {
 protected:
  ScanProgressOfAStore() {
    for (const char* name : {"one", "team/two", "team/deep/three"}) {
      builder_.repo(name)
          .image("a", {layer("base", 100), layer(name, 50)})
          .image("b", {layer("base", 100)});
    }
    store_ = tests::open_store(builder_);
  }

  void survey(bool exact) {
    analyzer::SurveyOptions options;
    options.exact = exact;
    tests::with_threads(4, [&] { survey_ = analyzer::survey(*store_, options); });
  }

  tests::StoreBuilder builder_;
  std::unique_ptr<storage::Store> store_;
  analyzer::Survey survey_;
};

TEST_F(ScanProgressOfAStore, CountsWhatTheSurveyHolds) {
  EXPECT_EQ(scan_line(store_->progress(), 0), "opening the store");
  survey(false);
  const ScanProgress& counts = store_->progress();
  EXPECT_EQ(counts.phase, ScanPhase::kScanned);
  EXPECT_EQ(counts.passes, 1U);
  EXPECT_EQ(counts.repositories, 3U);
  EXPECT_EQ(counts.tags, 6U);
  std::uint64_t links = 0;
  for (const auto& repository : survey_.repositories) {
    links += repository.revisions.paths.size() + repository.layers.paths.size();
  }
  EXPECT_EQ(counts.links, links);
  std::uint64_t blobs = 0;
  for (const auto flags : survey_.graph.flags) blobs += (flags & analyzer::kPresent) != 0 ? 1 : 0;
  EXPECT_EQ(counts.blobs, blobs);
  EXPECT_EQ(counts.files_expected, 0U) << "what was scanned is not walked again";
}

TEST_F(ScanProgressOfAStore, ASecondPassCountsAfresh) {
  survey(false);
  const std::uint64_t blobs = store_->progress().blobs;
  survey(false);
  EXPECT_EQ(store_->progress().blobs, blobs);
  EXPECT_EQ(store_->progress().passes, 2U);
}

TEST_F(ScanProgressOfAStore, AnExactWalkExpectsTheFilesThatWereScanned) {
  survey(true);
  const ScanProgress& counts = store_->progress();
  EXPECT_EQ(counts.files_expected, counts.blobs + counts.links + counts.tags);
  EXPECT_GE(counts.files, counts.files_expected);
}

/// Looks at the share that is done whenever a repository is announced; deaf to all else.
class Watch : public storage::ScanVisitor {
 public:
  explicit Watch(const ScanProgress& progress) : progress_(progress) {}
  std::uint32_t repository(storage::RepositoryEntry) override {
    seen.push_back(progress_.done);
    return 0;
  }
  void blobs(std::span<const storage::BlobEntry>) override {}
  void revisions(std::uint32_t, std::span<const storage::LinkEntry>) override {}
  void layer_links(std::uint32_t, std::span<const storage::LinkEntry>) override {}
  void tags(std::uint32_t, std::span<storage::TagEntry>) override {}
  void upload(std::uint32_t, storage::UploadEntry) override {}
  void walk_entry(storage::WalkEntry) override {}
  void event(storage::Event) override {}
  void sample(const storage::FileFacts&) override {}

  std::vector<std::uint64_t> seen;

 private:
  const ScanProgress& progress_;
};

TEST_F(ScanProgressOfAStore, RepositoriesShareThePhaseAndFillIt) {
  Watch watch(store_->progress());
  tests::with_threads(1, [&] { ASSERT_TRUE(store_->scan_repositories(watch, {})); });
  ASSERT_EQ(watch.seen.size(), 3U);
  EXPECT_TRUE(std::is_sorted(watch.seen.begin(), watch.seen.end()));
  EXPECT_LT(watch.seen.back(), ScanProgress::kWhole);
  const std::uint64_t done = store_->progress().done;
  EXPECT_LE(done, ScanProgress::kWhole);
  EXPECT_GT(done, ScanProgress::kWhole - 100) << "but for what divisions cut off";
}

TEST(Ticker, CutsALineBetweenCharacters) {
  std::ostringstream out;
  std::ostringstream err;
  Io io{out, err, {}, false, true};
  io.err_width = 5;
  {
    const Ticker ticker([](double) { return "äöüßäöü"; }, CommonArgs(), io);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  EXPECT_TRUE(err.str().starts_with("\räö…ü\x1b[K")) << err.str();
}

TEST(ScanLine, SaysStepCountsRateAndTimeLeft) {
  ScanProgress counts;
  counts.begin(ScanPhase::kBlobs);
  counts.blobs = 242'576;
  counts.done = ScanProgress::kWhole / 4;
  EXPECT_EQ(scan_line(counts, 2),
            "1 of 4, reading blobs: 242,576, 121,288/s, 25 % of this step, about 6 s left");
  counts.begin(ScanPhase::kRepositories);
  counts.repositories = 30;
  counts.links = 900;
  counts.tags = 100;
  counts.done = ScanProgress::kWhole / 2;
  EXPECT_EQ(scan_line(counts, 2),
            "2 of 4, reading repositories: 30, 1,000 links and tags, 500/s, 50 % of this step, "
            "about 2 s left");
  counts.begin(ScanPhase::kFiles);
  counts.files = 10;
  EXPECT_EQ(scan_line(counts, 1), "3 of 4, looking at files: 10, 10/s");
  counts.files_expected = 100;
  EXPECT_EQ(scan_line(counts, 1),
            "3 of 4, looking at files: 10, 10/s, 10 % of this step, about 9 s left");
  counts.begin(ScanPhase::kScanned);
  EXPECT_EQ(scan_line(counts, 1), "4 of 4, working it out: 242,576 blobs, 30 repositories, 1.0 s");
}

TEST(ScanLine, PromisesNoTimeFromTooLittle) {
  ScanProgress counts;
  counts.begin(ScanPhase::kBlobs);
  counts.blobs = 10;
  EXPECT_EQ(scan_line(counts, 10), "1 of 4, reading blobs: 10, 1/s, 0 % of this step");
  counts.done = ScanProgress::kWhole / 2;
  EXPECT_EQ(scan_line(counts, 0.2), "1 of 4, reading blobs: 10, 50/s, 50 % of this step");
  counts.done = ScanProgress::kWhole + 1;  // prefixes of two algorithms
  EXPECT_EQ(scan_line(counts, 2), "1 of 4, reading blobs: 10, 5/s, 99 % of this step");
}

TEST(ScanLine, NamesALaterPass) {
  ScanProgress counts;
  counts.begin(ScanPhase::kBlobs);
  counts.begin(ScanPhase::kBlobs);
  EXPECT_EQ(scan_line(counts, 1), "pass 2, 1 of 4, reading blobs: 0, 0/s, 0 % of this step");
}

}  // namespace
}  // namespace regsweep::cli
