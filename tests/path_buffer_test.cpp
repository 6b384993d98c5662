#include "storage/path_buffer.h"

#include <gtest/gtest.h>

namespace regsweep::storage {
namespace {

TEST(PathBuffer, JoinsNamesOfAnyLength) {
  const std::string suffix = "/current/link";
  for (const std::size_t length : {0U, 1U, 64U, 255U, 305U, 306U, 307U, 308U, 319U, 320U, 1024U}) {
    const std::string name(length, 'n');
    EXPECT_EQ(PathBuffer(name, suffix).c_str(), name + suffix) << length;
  }
}

TEST(PathBuffer, EndsWhereTheSuffixEndsAlthoughMoreStandsBehindIt) {
  const std::string text = "name/link-and-more";
  const std::string_view view = text;
  EXPECT_EQ(std::string(PathBuffer(view.substr(0, 4), view.substr(4, 5)).c_str()), "name/link");
}

}  // namespace
}  // namespace regsweep::storage
