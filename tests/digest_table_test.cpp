#include "analyzer/digest_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

namespace regsweep::analyzer {
namespace {

using storage::Algorithm;
using storage::Digest;

std::vector<Sha256> random_digests(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Sha256> digests(count);
  for (Sha256& digest : digests) {
    for (std::uint8_t& byte : digest) byte = static_cast<std::uint8_t>(random());
  }
  std::sort(digests.begin(), digests.end());
  return digests;
}

Digest sha256(const Sha256& bytes) {
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

Digest sha512(std::uint8_t first) {
  Digest digest;
  digest.algorithm = Algorithm::kSha512;
  digest.bytes[0] = first;
  return digest;
}

/// What a manifest names need not be the hash of anything. This takes minutes if all of them meet
/// in one place of the table.
TEST(DigestTable, DigestsThatBeginAlikeAreAsQuickAsOthers) {
  DigestTable table;
  constexpr std::uint32_t kCount = 300'000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    Digest digest;
    for (std::size_t byte = 0; byte < 4; ++byte) {
      digest.bytes[28 + byte] = static_cast<std::uint8_t>(i >> (8 * byte));
    }
    EXPECT_TRUE(table.intern(digest).second);
  }
  EXPECT_EQ(table.size(), kCount);
}

TEST(DigestTable, AnEmptyOneKnowsNothing) {
  const DigestTable none;
  const DigestTable empty{std::vector<Sha256>{}};
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(empty.size(), 0u);
  EXPECT_FALSE(none.find(Digest{}));
  EXPECT_FALSE(empty.find(Digest{}));
}

TEST(DigestTable, RankedDigestsAreNumberedByRank) {
  for (const std::size_t count : {1u, 2u, 3u, 1000u, 70000u}) {
    const std::vector<Sha256> ranked = random_digests(count, count);
    const DigestTable table(ranked);
    ASSERT_EQ(table.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = table.find(sha256(ranked[i]));
      ASSERT_TRUE(id);
      ASSERT_EQ(row(*id), i);
      ASSERT_EQ(table[*id], sha256(ranked[i]));
    }
    for (const Sha256& other : random_digests(1000, count + 1)) {
      ASSERT_FALSE(table.find(sha256(other)));
    }
  }
}

TEST(DigestTable, TheFirstAndTheLastDigestThereCanBeAreFound) {
  Sha256 first{};
  Sha256 last;
  last.fill(0xff);
  const DigestTable table({first, last});
  EXPECT_EQ(row(*table.find(sha256(first))), 0u);
  EXPECT_EQ(row(*table.find(sha256(last))), 1u);
  last.back() = 0xfe;
  EXPECT_FALSE(table.find(sha256(last)));
}

TEST(DigestTable, InterningARankedDigestIsNothingNew) {
  const std::vector<Sha256> ranked = random_digests(10, 1);
  DigestTable table(ranked);
  EXPECT_EQ(table.intern(sha256(ranked[4])), std::pair(digest_id(4), false));
  EXPECT_EQ(table.size(), 10u);
}

TEST(DigestTable, LateDigestsAreNumberedByRankOnceAllAreKnown) {
  const std::vector<Sha256> ranked = random_digests(10, 1);
  DigestTable table(ranked);
  const Digest low = sha256(Sha256{});
  EXPECT_EQ(table.intern(sha512(2)), std::pair(digest_id(10), true));
  EXPECT_EQ(table.intern(low), std::pair(digest_id(11), true));
  EXPECT_EQ(table.intern(sha512(1)), std::pair(digest_id(12), true));
  EXPECT_EQ(table.intern(sha512(2)), std::pair(digest_id(10), false));
  const std::vector<DigestId> renumbered = table.seal();
  ASSERT_EQ(renumbered.size(), 3u);
  EXPECT_EQ(row(renumbered[0]), 12u);
  EXPECT_EQ(row(renumbered[1]), 10u);
  EXPECT_EQ(row(renumbered[2]), 11u);
  EXPECT_EQ(table[digest_id(10)], low);
  EXPECT_EQ(*table.find(sha512(2)), digest_id(12));
}

TEST(DigestTable, IdsCompareAsTheTextDoesEvenBetweenRankedAndLate) {
  DigestTable table(random_digests(50, 3));
  for (const Sha256& late : random_digests(50, 4)) table.intern(sha256(late));
  for (std::uint8_t i = 0; i < 5; ++i) table.intern(sha512(i));
  table.seal();
  for (std::size_t a = 0; a < table.size(); ++a) {
    for (std::size_t b = 0; b < table.size(); ++b) {
      ASSERT_EQ(table.less(digest_id(a), digest_id(b)),
                table[digest_id(a)].text() < table[digest_id(b)].text());
    }
  }
}

TEST(DigestTable, ManyThreadsAgreeOnTheNumbersOfLateDigests) {
  DigestTable table(random_digests(100, 5));
  const std::vector<Sha256> late = random_digests(2000, 6);
  std::vector<std::vector<DigestId>> seen(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < seen.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < late.size(); ++i) {
        const std::size_t at = (i * (t + 1)) % late.size();  // each in an order of its own
        seen[t].push_back(table.intern(sha256(late[at])).first);
        // The others make the table grow meanwhile.
        ASSERT_EQ(table[seen[t][i]], sha256(late[at]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<DigestId> renumbered = table.seal();
  for (std::size_t t = 0; t < seen.size(); ++t) {
    for (std::size_t i = 0; i < late.size(); ++i) {
      const std::size_t at = (i * (t + 1)) % late.size();
      ASSERT_EQ(table[renumbered[row(seen[t][i]) - 100]], sha256(late[at]));
    }
  }
}

}  // namespace
}  // namespace regsweep::analyzer
