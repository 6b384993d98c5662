// How a store's directories are opened, looked at and read.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <vector>

#include "storage/beneath.h"
#include "storage/directory_store.h"
#include "tests/analyze.h"
#include "tests/scratch_store.h"
#include "tests/store_builder.h"

namespace regsweep::storage {
namespace {

constexpr uid_t kNobody = 65534;

/// Without root's rights for as long as it lives.
class AsNobody {
 public:
  AsNobody() : became_(::geteuid() == 0 && ::seteuid(kNobody) == 0) {}
  ~AsNobody() {
    if (became_ && ::seteuid(0) != 0) std::abort();
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  bool became() const { return became_; }

 private:
  bool became_;
};

class DirectoryTest : public tests::ScratchStoreTest {
 protected:
  UniqueFd v2() const { return UniqueFd(::open(v2_.c_str(), O_RDONLY | O_DIRECTORY)); }
};

// Stepwise no component may be ".", which openat2 resolves: that tells which of them is in use.
TEST_F(DirectoryTest, ARefusalOfOneFileDoesNotSwitchOpenat2Off) {
  put("blobs/file");
  ::chmod(v2_.c_str(), 0755);
  const UniqueFd dir = v2();
  const auto uses_openat2 = [&] {
    return static_cast<bool>(UniqueFd(open_beneath(dir.get(), "blobs/./file", O_RDONLY)));
  };
  if (!uses_openat2()) GTEST_SKIP() << "there is no openat2 here";
  {
    const AsNobody nobody;
    if (!nobody.became()) GTEST_SKIP() << "only root can become somebody else";
    // Only the owner of a file may leave its time of access alone.
    EXPECT_EQ(open_beneath(dir.get(), "blobs/file", O_RDONLY | O_NOATIME), -1);
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_TRUE(uses_openat2());
}

TEST_F(DirectoryTest, AFileThatSomebodyHoldsALeaseOnIsNotWaitedFor) {
  put("blobs/file");
  const UniqueFd dir = v2();
  const UniqueFd holder(::open(at("blobs/file").c_str(), O_RDWR));
  const auto before = ::signal(SIGIO, SIG_IGN);  // the holder is asked to give it up
  if (::fcntl(holder.get(), F_SETLEASE, F_WRLCK) != 0) GTEST_SKIP() << "no leases here";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(open_beneath(dir.get(), "blobs/file", O_RDONLY | O_NONBLOCK), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  ::fcntl(holder.get(), F_SETLEASE, F_UNLCK);
  ::signal(SIGIO, before);
}

TEST(DirectoryStore, ABlobIsReadUpToItsLimitHoweverLargeTheBufferWas) {
  tests::StoreBuilder builder;
  builder.repo("a").orphan(tests::layer("large", 100'000)).orphan(tests::layer("fits", 1000));
  const auto store = tests::open_store(builder);
  const auto digest_of = [&](const char* name) {
    Digest digest;
    EXPECT_EQ(parse_digest(builder.digest_of(name), digest), DigestError::kNone);
    return digest;
  };
  for (const std::size_t size : {0u, 500u, 1064u, 1065u, 200'000u}) {
    std::vector<char> buffer(size);
    const auto large = store->read_blob(digest_of("large"), buffer, {1000, 64});
    ASSERT_FALSE(large) << size;
    EXPECT_EQ(large.error().code, Errc::kCorrupt);
    const auto fits = store->read_blob(digest_of("fits"), buffer, {1000, 64});
    ASSERT_TRUE(fits) << size << ": " << fits.error().message;
    EXPECT_EQ(fits->size(), 1000u);
    EXPECT_GE(buffer.size(), 1064u);
    EXPECT_EQ(buffer.size(), std::max<std::size_t>(size, 1065)) << "no more than is needed";
    ASSERT_TRUE(store->read_blob(digest_of("large"), buffer, {1'000'000, 64}));
  }
}

TEST(DirectoryStore, APathIsLookedAtWithoutReadingItsDirectory) {
  tests::StoreBuilder builder;
  builder.repo("a").image("1.0", {tests::layer("app", 40)});
  const auto store = tests::open_store(builder);
  const std::string link = builder.layer_path("app");
  const std::string directory = builder.v2() + '/' + link.substr(0, link.rfind('/'));
  ASSERT_EQ(::chmod(directory.c_str(), 0711), 0);
  const AsNobody nobody;
  if (!nobody.became()) GTEST_SKIP() << "only root can become somebody else";
  const auto facts = store->stat_path(link);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->type, FileType::kRegular);
}

/// Keeps the events of a scan; nothing else is asked of it.
class Events final : public ScanVisitor {
 public:
  void blobs(std::span<const BlobEntry>) override {}
  std::uint32_t repository(RepositoryEntry) override { return 0; }
  void revisions(std::uint32_t, std::span<const LinkEntry>) override {}
  void layer_links(std::uint32_t, std::span<const LinkEntry>) override {}
  void tags(std::uint32_t, std::span<TagEntry>) override {}
  void upload(std::uint32_t, UploadEntry) override {}
  void walk_entry(WalkEntry) override {}
  void event(Event event) override { events.push_back(std::move(event)); }
  void sample(const FileFacts&) override {}

  std::vector<Event> events;
};

TEST_F(DirectoryTest, ANameOfUnknownTypeThatCannotBeLookedAtIsUnreadable) {
  put("blobs/file");
  const auto dir = Directory::open_path(v2_);
  ASSERT_TRUE(dir);
  Events seen;
  const auto type = [&](const std::string& name) {
    return type_of(seen, *dir, "where", DirectoryEntry{name, FileType::kUnknown});
  };
  EXPECT_EQ(type("blobs"), FileType::kDirectory);
  EXPECT_TRUE(seen.events.empty());
  EXPECT_FALSE(type("gone"));
  EXPECT_FALSE(type(std::string(300, 'x')));  // the system refuses such names
  ASSERT_EQ(seen.events.size(), 2u);
  EXPECT_EQ(seen.events[0].kind, EventKind::kVanished);
  EXPECT_EQ(seen.events[0].path, "where/gone");
  EXPECT_EQ(seen.events[1].kind, EventKind::kUnreadable);
  EXPECT_NE(seen.events[1].message, "");
}

}  // namespace
}  // namespace regsweep::storage
