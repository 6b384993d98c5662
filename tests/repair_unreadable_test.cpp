#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/analyze.h"
#include "tests/forwarding_store.h"
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
class BadSector final : public ForwardingStore {
 public:
  BadSector(const StoreBuilder& builder, const Digest& bad, int error)
      : ForwardingStore(open_store(builder)), bad_(bad), error_(error) {}

  Result<std::unique_ptr<storage::BlobReader>> open_blob(
      const Digest& digest, storage::Freshness freshness) const override {
    if (digest != bad_) return ForwardingStore::open_blob(digest, freshness);
    return std::unique_ptr<storage::BlobReader>(
        std::make_unique<BadReader>(*stat_blob(digest), error_));
  }

 private:
  Digest bad_;
  int error_;
};

/// A store in which a blob is replaced once it was read.
class Replaced final : public ForwardingStore {
 public:
  Replaced(const StoreBuilder& builder, std::string path)
      : ForwardingStore(open_store(builder)), path_(std::move(path)) {}

  Result<storage::FileFacts> stat_path(const std::string& path) const override {
    Result<storage::FileFacts> facts = ForwardingStore::stat_path(path);
    if (!facts || path != path_) return facts;
    storage::FileFacts later = *facts;
    ++later.inode;
    return later;
  }

 private:
  std::string path_;
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

TEST(Repair, LeavesABlobThatWasReplacedAfterItWasRead) {
  StoreBuilder builder;
  builder.repo("a/b").image("1.0", {layer("base", 100)});
  builder.link(builder.blob_path("base"), std::string(100, 'x'));
  const auto repair_of_all = [&](const storage::Store& store) {
    analyzer::Repair repair;
    analyzer::ContentProgress progress;
    with_threads(
        2, [&] { repair = analyzer::make_repair(store, {.read_all = true}, {}, {}, progress); });
    return repair;
  };
  EXPECT_EQ(repair_of_all(*open_store(builder)).plan.removals.size(), 1u);
  const analyzer::Repair found = repair_of_all(Replaced(builder, builder.blob_path("base")));
  EXPECT_THAT(steps_of(found.plan), IsEmpty());
  EXPECT_THAT(found.plan.problems, ElementsAre(HasSubstr("changed after it was read")));
}

}  // namespace
}  // namespace regsweep::tests
