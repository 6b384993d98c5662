// Tables of text: columns, and what is cut where there is little room.
#include "reports/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace regsweep::reports {
namespace {

std::string printed(const Table& table, std::size_t width) {
  std::ostringstream out;
  table.print(out, 0, {width, false});
  return out.str();
}

class TableOfRepositories : public testing::Test {
 protected:
  TableOfRepositories() : table_({Align::kLeft, Align::kRight, Align::kRight, Align::kLeft}) {
    table_.row({"REPOSITORY", "TAGS", "SIZE", "PUSHED"});
    table_.row({"team/with/a/long/name", "3", "7.9 MiB", "today"});
    table_.row({"(shared by several repositories)", "", "5.7 MiB", ""});
    table_.row({"(nothing to add to it, and a long label at that)", "", "", ""});
  }
  Table table_;
};

TEST_F(TableOfRepositories, IsAsWideAsItsContentWithoutALimit) {
  EXPECT_EQ(printed(table_, 0),
            "REPOSITORY                                        TAGS     SIZE  PUSHED\n"
            "team/with/a/long/name                                3  7.9 MiB  today\n"
            "(shared by several repositories)                        5.7 MiB\n"
            "(nothing to add to it, and a long label at that)\n");
}

TEST_F(TableOfRepositories, CutsNamesToFitAndLetsLabelsRunOverEmptyCells) {
  EXPECT_EQ(printed(table_, 44),
            "REPOSITORY             TAGS     SIZE  PUSHED\n"
            "team/with/a/long/name     3  7.9 MiB  today\n"
            "(shared by se…repositories)  5.7 MiB\n"
            "(nothing to add to it,…a long label at that)\n");
  EXPECT_EQ(printed(table_, 38),
            "REPOSITORY        TAGS     SIZE  PUSHED\n"
            "team/wit…ng/name     3  7.9 MiB  today\n"
            "(shared by …ositories)  5.7 MiB\n"
            "(nothing to add to …long label at that)\n");
}

}  // namespace
}  // namespace regsweep::reports
