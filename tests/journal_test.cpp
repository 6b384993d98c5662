#include "storage/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <stdexcept>

#include "storage/content_hash.h"

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;

const std::string kHexDigits(64, 'a');

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    std::string pattern = (fs::temp_directory_path() / "journal.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    base_ = pattern;
    run_ = *Directory::open_path(base_);
  }
  ~JournalTest() override {
    boost::system::error_code ignored;
    fs::remove_all(base_, ignored);
  }

  static MoveRecord move(std::uint64_t object) {
    return {object, RemovalClass::kBlob, "blobs/sha256/aa/" + kHexDigits, {7, 8, 9}, 10, 4096};
  }
  static StageRecord layer_link(std::uint64_t object) {
    Digest digest;
    EXPECT_TRUE(parse_hex(Algorithm::kSha256, kHexDigits, digest));
    return {object, AdditionClass::kLayerLink,
            "repositories/a/_layers/sha256/" + kHexDigits + "/link", digest};
  }
  /// Begin, a move of object 0, a move of object 1.
  void write_three_lines() {
    Result<JournalWriter> writer = JournalWriter::create(run_);
    ASSERT_TRUE(writer);
    writer->add(BeginRecord{"/srv/v2", 1, 2});
    writer->add(move(0));
    writer->add(move(1));
    ASSERT_TRUE(writer->flush(true));
  }
  std::string text() const {
    std::ifstream in(base_ + "/journal", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void set_text(const std::string& text) const {
    std::ofstream(base_ + "/journal", std::ios::binary) << text;
  }

  std::string base_;
  Directory run_;
};

template <class Record>
Record round_trip(const Record& record) {
  std::string line = encode_record(5, record);
  EXPECT_EQ(line.back(), '\n');
  line.pop_back();
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Result<JournalRecord> read = decode_record(5, line);
  EXPECT_TRUE(read) << read.error().message;
  return std::get<Record>(*read);
}

TEST_F(JournalTest, EveryRecordReadsBackAsItWasWritten) {
  const BeginRecord begin = round_trip(BeginRecord{"/a b\t\n\\x\xff", -5, 17});
  EXPECT_EQ(begin.v2, "/a b\t\n\\x\xff");
  EXPECT_EQ(begin.time_nanoseconds, -5);
  EXPECT_EQ(begin.root_mtime_nanoseconds, 17);
  const DirectoryRecord directory = round_trip(
      DirectoryRecord{"repositories/\xc3\x28", 1'700'000'000'123'456'789, 02755, 10, 20});
  EXPECT_EQ(directory.path, "repositories/\xc3\x28");
  EXPECT_EQ(directory.mtime_nanoseconds, 1'700'000'000'123'456'789);
  EXPECT_EQ(directory.mode, 02755u);
  EXPECT_EQ(directory.uid, 10u);
  EXPECT_EQ(directory.gid, 20u);
  EXPECT_EQ(round_trip(DirectoryRecord{}).path, "");
  const MoveRecord moved = round_trip(move(3));
  EXPECT_EQ(moved.object, 3u);
  EXPECT_EQ(moved.removal_class, RemovalClass::kBlob);
  EXPECT_EQ(moved.path, move(3).path);
  EXPECT_EQ(moved.identity, move(3).identity);
  EXPECT_EQ(moved.apparent_bytes, 10u);
  EXPECT_EQ(moved.allocated_bytes, 4096u);
  EXPECT_EQ(round_trip(RmdirRecord{"repositories/a"}).path, "repositories/a");
  const StageRecord staged = round_trip(layer_link(4));
  EXPECT_EQ(staged.object, 4u);
  EXPECT_EQ(staged.addition_class, AdditionClass::kLayerLink);
  EXPECT_EQ(staged.path, layer_link(4).path);
  EXPECT_EQ(staged.digest, layer_link(4).digest);
  EXPECT_EQ(round_trip(MkdirRecord{"repositories"}).path, "repositories");
  const PlaceRecord placed = round_trip(PlaceRecord{4, {7, 8, -9}});
  EXPECT_EQ(placed.object, 4u);
  EXPECT_EQ(placed.identity, (Identity{7, 8, -9}));
  EXPECT_EQ(round_trip(EndRecord{99}).time_nanoseconds, 99);
  EXPECT_EQ(round_trip(RestoredRecord{12}).object, 12u);
}

TEST_F(JournalTest, ALineIsTextOfPrintableCharacters) {
  const std::string line = encode_record(0, RmdirRecord{"repositories/\xff\n"});
  EXPECT_EQ(line.substr(16), " 0\trmdir\trepositories/\\xff\\x0a\n");
}

TEST_F(JournalTest, AChangedByteAWrongNumberAndAPathOutsideAreRefused) {
  const std::string line = encode_record(1, move(0));
  const std::string good = line.substr(0, line.size() - 1);
  EXPECT_TRUE(decode_record(1, good));
  EXPECT_FALSE(decode_record(2, good)) << "a line is missing";
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(decode_record(1, bad)) << i;
    EXPECT_FALSE(decode_record(1, good.substr(0, i))) << i;
  }
  for (const char* path : {"../x", "/etc", "blobs/../../x", ""}) {
    MoveRecord outside = move(0);
    outside.path = path;
    std::string text = encode_record(0, outside);
    text.pop_back();
    EXPECT_FALSE(decode_record(0, text)) << path;
  }
  std::string outside = encode_record(0, DirectoryRecord{"a/../..", 0, 0, 0, 0});
  outside.pop_back();
  EXPECT_FALSE(decode_record(0, outside));
}

TEST_F(JournalTest, AnAdditionWithoutTheShapeOfItsClassIsRefused) {
  const auto refused = [](const JournalRecord& record) {
    std::string text = encode_record(0, record);
    text.pop_back();
    return !decode_record(0, text);
  };
  EXPECT_FALSE(refused(layer_link(0)));
  StageRecord other_class = layer_link(0);
  other_class.addition_class = AdditionClass::kRevisionLink;
  EXPECT_TRUE(refused(other_class));
  StageRecord other_digest = layer_link(0);
  other_digest.digest.bytes[0] ^= 1;
  EXPECT_TRUE(refused(other_digest));
  for (const char* path : {"../x/link", "/etc/link", ""}) {
    StageRecord outside = layer_link(0);
    outside.path = path + layer_link(0).path;
    EXPECT_EQ(refused(outside), *path != 0) << path;
    EXPECT_TRUE(refused(MkdirRecord{path})) << path;
  }
  for (const char* path : {"other", "blobs/../..", "repositories/", "_x/blobs"}) {
    EXPECT_TRUE(refused(MkdirRecord{path})) << path;
  }
  const std::string text = "0\tstage\t0\tlayer-link\trepositories/a/_layers/sha256/" + kHexDigits +
                           "/link\tsha256:" + kHexDigits.substr(1);
  ContentHash stream;
  stream.begin(Algorithm::kSha256);
  stream.add(text);
  EXPECT_FALSE(decode_record(0, stream.finish().hex().substr(0, 16) + ' ' + text))
      << "a short digest";
}

TEST_F(JournalTest, MovesAndAdditionsAreNumberedTogetherAndStagedBeforeTheyArePlaced) {
  const auto ordered = [&](const std::vector<JournalRecord>& records) {
    fs::remove(base_ + "/journal");
    Result<JournalWriter> writer = JournalWriter::create(run_);
    EXPECT_TRUE(writer);
    writer->add(BeginRecord{"/srv/v2", 1, 2});
    for (const JournalRecord& record : records) writer->add(record);
    EXPECT_TRUE(writer->flush(false));
    const Result<JournalContents> read = read_journal(run_);
    EXPECT_TRUE(read) << read.error().message;
    return read && read->is_ordered;
  };
  EXPECT_TRUE(ordered(
      {layer_link(0), move(1), layer_link(3), PlaceRecord{3, {}}, PlaceRecord{0, {}}, move(4)}));
  EXPECT_FALSE(ordered({layer_link(0), move(0)}));
  EXPECT_FALSE(ordered({move(1), layer_link(0)}));
  EXPECT_FALSE(ordered({layer_link(1), PlaceRecord{0, {}}}));
  EXPECT_FALSE(ordered({move(0), PlaceRecord{0, {}}}));
  EXPECT_FALSE(ordered({PlaceRecord{0, {}}, layer_link(0)}));
}

TEST_F(JournalTest, AJournalIsReadAsItWasWritten) {
  write_three_lines();
  const Result<JournalContents> read = read_journal(run_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->begin->v2, "/srv/v2");
  EXPECT_EQ(read->moves.size(), 2u);
  EXPECT_FALSE(read->finished);
  EXPECT_EQ(read->lines, 3u);
  EXPECT_EQ(read->good_bytes, text().size());
}

TEST_F(JournalTest, ATornLastLineCountsAsNotThereWhereverItIsTorn) {
  write_three_lines();
  const std::string whole = text();
  const std::size_t two_lines = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = two_lines; size < whole.size(); ++size) {
    set_text(whole.substr(0, size));
    const Result<JournalContents> read = read_journal(run_);
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(read->moves.size(), 1u) << size;
    EXPECT_EQ(read->good_bytes, two_lines);
  }
}

TEST_F(JournalTest, ABadLineWithOthersBehindItIsDamage) {
  write_three_lines();
  std::string bad = text();
  const std::size_t second = bad.find('\n') + 1;
  bad[second + 30] = static_cast<char>(bad[second + 30] ^ 1);
  set_text(bad);
  const Result<JournalContents> read = read_journal(run_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::kCorrupt);
  EXPECT_EQ(read.error().message, "line 2 does not match its checksum");
}

TEST_F(JournalTest, AMissingLineIsDamage) {
  write_three_lines();
  const std::string whole = text();
  const std::size_t second = whole.find('\n') + 1;
  const std::size_t third = whole.find('\n', second) + 1;
  set_text(whole.substr(0, second) + whole.substr(third) + whole.substr(third));
  EXPECT_FALSE(read_journal(run_));
}

TEST_F(JournalTest, ALaterFormatIsNotSupported) {
  const std::string text = "0\tbegin\t2\tfields\tof\tthe\tfuture";
  ContentHash stream;
  stream.begin(Algorithm::kSha256);
  stream.add(text);
  set_text(stream.finish().hex().substr(0, 16) + ' ' + text + '\n');
  EXPECT_EQ(read_journal(run_).error().code, Errc::kUnsupported);
}

TEST_F(JournalTest, WritingGoesOnBehindATornLine) {
  write_three_lines();
  set_text(text() + "0123456789abcdef 3\tmo");
  const Result<JournalContents> torn = read_journal(run_);
  ASSERT_TRUE(torn);
  Result<JournalWriter> writer = JournalWriter::resume(run_, *torn);
  ASSERT_TRUE(writer);
  writer->add(EndRecord{5});
  ASSERT_TRUE(writer->flush(true));
  const Result<JournalContents> read = read_journal(run_);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->finished);
  EXPECT_EQ(read->lines, 4u);
}

TEST_F(JournalTest, AJournalLargerThanOneReadIsReadWhole) {
  Result<JournalWriter> writer = JournalWriter::create(run_);
  ASSERT_TRUE(writer);
  writer->add(BeginRecord{"/srv/v2", 1, 2});
  for (std::uint64_t i = 0; i < 20'000; ++i) writer->add(move(i));
  ASSERT_TRUE(writer->flush(false));
  ASSERT_GT(text().size(), std::size_t{2} << 20);
  const Result<JournalContents> read = read_journal(run_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->moves.size(), 20'000u);
  EXPECT_EQ(read->good_bytes, text().size());
  const std::string whole = text();
  std::string bad = whole;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  set_text(bad);
  EXPECT_EQ(read_journal(run_).error().code, Errc::kCorrupt);
}

TEST_F(JournalTest, ThereIsOnlyOneJournalInARun) {
  write_three_lines();
  EXPECT_FALSE(JournalWriter::create(run_));
}

}  // namespace
}  // namespace regsweep::storage
