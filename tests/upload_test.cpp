#include "storage/upload.h"

#include <gtest/gtest.h>

#include "tests/analyze.h"

namespace regsweep::storage {
namespace {

std::int64_t seconds_of(std::string_view text) {
  std::int64_t seconds = -1;
  return parse_rfc3339(text, seconds) ? seconds : -1;
}

TEST(Rfc3339, TimesOfARegistryAreRead) {
  EXPECT_EQ(seconds_of("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(seconds_of("2024-01-02T03:04:05Z"), 1704164645);
  EXPECT_EQ(seconds_of("2024-02-29T23:59:59Z"), 1709251199);
  EXPECT_EQ(seconds_of("2024-06-07T00:00:00Z"), tests::kNow);
  EXPECT_EQ(seconds_of("9999-12-31T23:59:59Z"), 253402300799);
}

TEST(Rfc3339, FractionsOffsetsAndSmallLettersAreRead) {
  EXPECT_EQ(seconds_of("2024-01-02T03:04:05.123456789Z"), 1704164645);
  EXPECT_EQ(seconds_of("2024-01-02T05:04:05+02:00"), 1704164645);
  EXPECT_EQ(seconds_of("2024-01-01T21:34:05-05:30"), 1704164645);
  EXPECT_EQ(seconds_of("2024-01-02t03:04:05z"), 1704164645);
  EXPECT_EQ(seconds_of("2016-12-31T23:59:60Z"), 1483228800);  // a leap second
}

TEST(Rfc3339, AnythingElseIsRefused) {
  for (const char* text : {"",
                           "2024",
                           "2024-01-02",
                           "2024-01-02T03:04:05",
                           "2024-01-02 03:04:05Z",
                           "2024-13-02T03:04:05Z",
                           "2023-02-29T03:04:05Z",
                           "2024-00-02T03:04:05Z",
                           "2024-01-32T03:04:05Z",
                           "2024-01-02T24:04:05Z",
                           "2024-01-02T03:60:05Z",
                           "2024-01-02T03:04:61Z",
                           "2024-01-02T03:04:05Zz",
                           "2024-01-02T03:04:05+0200",
                           "2024-01-02T03:04:05+02",
                           "20240102T030405Z00000",
                           "2024-01-02T03:04:05\n",
                           "x024-01-02T03:04:05Z",
                           "2024-01-02T03:04:05.",
                           "-024-01-02T03:04:05Z"}) {
    EXPECT_EQ(seconds_of(text), -1) << text;
  }
}

TEST(Upload, ItsFilesAndItsTimeAreRead) {
  tests::StoreBuilder store;
  store.repo("a").upload("u1", "2024-06-01T00:00:00Z", 5000);
  const analyzer::Survey survey = tests::survey_of(store);
  ASSERT_EQ(survey.uploads.size(), 1u);
  const UploadEntry& upload = survey.uploads[0].entry;
  EXPECT_EQ(upload.id, "u1");
  EXPECT_EQ(upload.started_at_seconds, tests::kNow - 6 * 86400);
  EXPECT_EQ(upload.files, 3u);
  EXPECT_EQ(upload.size_bytes, 5000u + 20 + 108);
}

TEST(Upload, WithoutATimeTheDirectorysAgeCounts) {
  tests::StoreBuilder store;
  store.repo("a").upload("u1", "not a time", 10);
  const analyzer::Survey survey = tests::survey_of(store);
  ASSERT_EQ(survey.uploads.size(), 1u);
  EXPECT_GT(survey.uploads[0].entry.started_at_seconds, tests::kNow);  // just now
}

}  // namespace
}  // namespace regsweep::storage
