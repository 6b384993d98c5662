#include "reports/humanize.h"

#include <gtest/gtest.h>

namespace regsweep::reports {
namespace {

TEST(HumanSize, PowersOf1024WithOneDecimal) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1024), "1.0 KiB");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(872'309'555'814), "812.4 GiB");
  EXPECT_EQ(human_size(~std::uint64_t{0}), "16.0 EiB");
}

TEST(HumanSize, RoundingNeverShows1024) {
  EXPECT_EQ(human_size((std::uint64_t{1} << 20) - 1), "1.0 MiB");
  EXPECT_EQ(human_size((std::uint64_t{1} << 50) - 1), "1.0 PiB");
}

TEST(Grouped, ThousandsAreSetApart) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1911032), "1,911,032");
  EXPECT_EQ(grouped(~std::uint64_t{0}), "18,446,744,073,709,551,615");
}

TEST(Share, OfNothingThereIsNone) {
  EXPECT_EQ(share(1, 0), "–");
  EXPECT_EQ(share(0, 5), "0.0 %");
  EXPECT_EQ(share(5, 5), "100.0 %");
  EXPECT_EQ(share(1, 3), "33.3 %");
}

TEST(ParseSize, WhatAUserWrites) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("500"), 500u);
  EXPECT_EQ(parse_size("500B"), 500u);
  EXPECT_EQ(parse_size("10K"), 10240u);
  EXPECT_EQ(parse_size("10k"), 10240u);
  EXPECT_EQ(parse_size("1.5G"), 1610612736u);
  EXPECT_EQ(parse_size("200MiB"), 209715200u);
  EXPECT_EQ(parse_size("200 MB"), 209715200u);
  EXPECT_EQ(parse_size("2T"), 2199023255552u);
}

TEST(ParseSize, AnythingElseIsNone) {
  for (const char* text : {"", "G", "-1", "1X", "1Gx", "1.2.3", "1e400", "ten", "20E", "1 G B", ".",
                           "99999999999999999999", "nan", "inf", "0x10", " 1", "+1"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(ParseAge, WhatAUserWrites) {
  EXPECT_EQ(parse_age("90s"), 90);
  EXPECT_EQ(parse_age("15m"), 900);
  EXPECT_EQ(parse_age("36h"), 129600);
  EXPECT_EQ(parse_age("7d"), 604800);
  EXPECT_EQ(parse_age("2w"), 1209600);
  EXPECT_EQ(parse_age("0s"), 0);
  for (const char* text : {"", "7", "d", "-1d", "7days", "1y", "1.2.3d", "9999999999999d", "7D"}) {
    EXPECT_EQ(parse_age(text), std::nullopt) << text;
  }
}

TEST(Printable, OrdinaryNamesStayAsTheyAre) {
  for (const char* text : {"", "team/app:1.2", "grüße", "日本", "🙂", "a b", "\"quoted\"", "–"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, WhatWouldMoveACursorIsEscaped) {
  EXPECT_EQ(printable("a\nb"), "a\\x0ab");
  EXPECT_EQ(printable("a\tb\r"), "a\\x09b\\x0d");
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  EXPECT_EQ(printable("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // the 8-bit CSI
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "gpj"),
            "\\xe2\\x80\\xaegpj");                 // turns the text around
  EXPECT_EQ(printable("\xd8\x9c"), "\\xd8\\x9c");  // so does the Arabic letter mark
  EXPECT_EQ(printable("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");
}

TEST(Printable, WhatIsNotSeenIsEscapedAndItsNeighboursAreNot) {
  EXPECT_EQ(printable("\xc2\xad"), "\\xc2\\xad");                    // soft hyphen
  EXPECT_EQ(printable("\xf3\xa0\x80\x80"), "\\xf3\\xa0\\x80\\x80");  // U+E0000
  EXPECT_EQ(printable("\xf3\xa0\x81\xbf"), "\\xf3\\xa0\\x81\\xbf");  // U+E007F
  for (const char* seen : {"\xc2\xac", "\xc2\xae", "\xd8\x9b", "\xd8\x9d", "\xf3\xa0\x82\x80",
                           "\xf3\xa1\x80\x80", "\xf0\x9f\x90\xb3"}) {
    EXPECT_EQ(printable(seen), seen);
  }
}

TEST(Printable, BytesThatAreNoUtf8AreEscapedOneByOne) {
  EXPECT_EQ(printable("a\xff"), "a\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_EQ(printable("\xc3("), "\\xc3(");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");  // overlong
  EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
}

TEST(Printable, DifferentNamesStayDifferent) {
  EXPECT_NE(printable("a\\x0a"), printable("a\n"));
  EXPECT_EQ(printable("a\\x0a"), "a\\x5cx0a");
}

TEST(AgeText, HasTheLargestUnitThatFits) {
  EXPECT_EQ(age_text(24 * 3600), "24 h");
  EXPECT_EQ(age_text(90 * 60), "90 min");
  EXPECT_EQ(age_text(30 * 60), "30 min");
  EXPECT_EQ(age_text(45), "45 s");
  EXPECT_EQ(age_text(0), "0 s");
}

TEST(DisplayWidth, IsCountedInCharacters) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("grüße"), 5u);
  EXPECT_EQ(display_width("–"), 1u);
}

}  // namespace
}  // namespace regsweep::reports
