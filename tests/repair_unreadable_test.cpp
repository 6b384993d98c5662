#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "storage/directory_store.h"
#include "tests/analyze.h"
#include "tests/repairs.h"

namespace regsweep::tests {
namespace {

using storage::Digest;
using storage::Result;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The reader of a file in a bad sector.
class BadReader final : public storage::BlobReader {
 public:
  BadReader(const storage::FileFacts& facts, int error) : facts_(facts), error_(error) {}
  const storage::FileFacts& facts() const noexcept override { return facts_; }
  Result<std::size_t> read(std::span<char>) override {
    return storage::Error{storage::Errc::kIo, {}, "cannot read: Input/output error", error_};
  }
  Result<storage::FileFacts> facts_now() const override { return facts_; }

 private:
  storage::FileFacts facts_;
  int error_;
};

/// A store in which one blob lies in a bad sector.
class BadSector final : public storage::Store {
 public:
  BadSector(const StoreBuilder& builder, const Digest& bad, int error)
      : below_(tests::open_store(builder)), bad_(bad), error_(error) {}

  storage::Status scan_blobs(storage::ScanVisitor& visitor,
                             const storage::ScanOptions& options) const override {
    return below_->scan_blobs(visitor, options);
  }
  storage::Status scan_repositories(storage::ScanVisitor& visitor,
                                    const storage::ScanOptions& options) const override {
    return below_->scan_repositories(visitor, options);
  }
  storage::Inventory take_inventory(storage::ScanVisitor& visitor,
                                    const storage::InventoryOptions& options) const override {
    return below_->take_inventory(visitor, options);
  }
  Result<storage::FileFacts> stat_blob(const Digest& digest) const override {
    return below_->stat_blob(digest);
  }
  Result<std::unique_ptr<storage::BlobReader>> open_blob(
      const Digest& digest, storage::Freshness freshness) const override {
    if (digest != bad_) return below_->open_blob(digest, freshness);
    return std::unique_ptr<storage::BlobReader>(
        std::make_unique<BadReader>(*below_->stat_blob(digest), error_));
  }
  Result<std::string_view> read_blob(const Digest& digest, std::vector<char>& buffer,
                                     const storage::BlobReading& how) const override {
    return below_->read_blob(digest, buffer, how);
  }
  Result<storage::FileFacts> stat_path(const std::string& path) const override {
    return below_->stat_path(path);
  }
  Result<std::vector<std::string>> list_path(const std::string& path) const override {
    return below_->list_path(path);
  }
  Result<storage::DiskFigures> disk() const override { return below_->disk(); }
  storage::DeviceKind device() const override { return below_->device(); }
  const storage::ScanProgress& progress() const noexcept override { return below_->progress(); }

 private:
  std::unique_ptr<storage::Store> below_;
  Digest bad_;
  int error_;
};

class RepairBadSector : public ::testing::Test {
 protected:
  void SetUp() override { b_.repo("a/b").image("1.0", {layer("base", 100)}); }
  analyzer::Repair repair(const analyzer::RepairRules& rules) {
    const BadSector store(b_, digest_named(b_, "base"), error_);
    analyzer::Repair repair;
    analyzer::ContentProgress progress;
    with_threads(2, [&] { repair = analyzer::make_repair(store, rules, {}, {}, progress); });
    return repair;
  }
  StoreBuilder b_;
  int error_ = EIO;
};

TEST_F(RepairBadSector, GoesIfItWasMetBefore) {
  analyzer::RepairRules rules;
  rules.suspects = {digest_named(b_, "base")};
  const analyzer::Repair found = repair(rules);
  ASSERT_EQ(found.plan.removals.size(), 1u);
  EXPECT_THAT(found.plan.removals[0].reason, HasSubstr("Input/output error"));
  EXPECT_THAT(found.plan.problems, IsEmpty());
}

TEST_F(RepairBadSector, AsDisksAndFileSystemsReportItElse) {
  for (const int error : {ENODATA, EUCLEAN, EBADMSG}) {
    error_ = error;
    EXPECT_EQ(repair({.read_all = true}).plan.removals.size(), 1u) << error;
  }
}

TEST_F(RepairBadSector, AWantOfMemoryIsNone) {
  error_ = ENOMEM;
  const analyzer::Repair found = repair({.read_all = true});
  EXPECT_THAT(found.plan.removals, IsEmpty());
  EXPECT_EQ(found.plan.problems.size(), 1u);
}

TEST_F(RepairBadSector, GoesIfAllIsRead) {
  EXPECT_EQ(repair({.read_all = true}).plan.removals.size(), 1u);
}

TEST_F(RepairBadSector, IsNamedIfOnlyItsSizeIsOdd) {
  b_.link(b_.blob_path("base"), "short");
  const analyzer::Repair found = repair({});
  EXPECT_THAT(steps_of(found.plan), IsEmpty());
  EXPECT_THAT(found.plan.problems, ElementsAre(HasSubstr("Input/output error")));
}

TEST_F(RepairBadSector, IsNamedIfALinkToItIsWanted) {
  b_.empty_link(b_.layer_path("base"));
  const analyzer::Repair found = repair({});
  EXPECT_THAT(steps_of(found.plan), IsEmpty());
  EXPECT_THAT(found.plan.problems, ElementsAre(HasSubstr("Input/output error")));
  ASSERT_EQ(found.left.size(), 1u);
  EXPECT_THAT(found.left[0].reason, HasSubstr("its blob could not be read"));
}

}  // namespace
}  // namespace regsweep::tests
