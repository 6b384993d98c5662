#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/filesystem.hpp>
#include <fstream>

#include "storage/blob_source.h"
#include "tests/repairs.h"

namespace regsweep::tests {
namespace {

namespace fs = boost::filesystem;

using analyzer::ApplyEnd;
using analyzer::RepairRules;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

std::string directory(const std::string& path) { return path.substr(0, path.rfind('/')); }

void put(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string hex_of(const StoreBuilder& b, const std::string& name) {
  return b.digest_of(name).substr(7);
}

// ---- damaged blobs ------------------------------------------------------------------------------

TEST(RepairBlobs, AnEmptyBlobThatSomethingNeedsGoes) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)});
  b.orphan(layer("orphan", 10)).zero_length("base").zero_length("orphan");
  const auto before = snapshot_of(b);
  const Repaired done = repaired(b);
  EXPECT_EQ(done.result.end, ApplyEnd::kDone);
  EXPECT_THAT(steps_of(done.repair.plan), ElementsAre("-blob " + directory(b.blob_path("base"))));
  EXPECT_EQ(done.repair.plan.removals[0].reason, "damaged: is empty");
  EXPECT_EQ(content_of(b, b.blob_path("base")), "(none)");
  EXPECT_EQ(content_of(b, b.layer_path("base")), b.digest_of("base")) << "its link stays";
  ASSERT_EQ(done.repair.broken.size(), 1u);
  EXPECT_EQ(done.repair.broken[0].lacks[0].digest, digest_named(b, "base"));
  undo_last(b);
  EXPECT_EQ(snapshot_of(b), before);
}

TEST(RepairBlobs, LinksToABlobThatGoesDoNotDangle) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}).zero_length("base");
  EXPECT_THAT(steps_of(repair_of(b, {.drop_dangling = true}).plan),
              ElementsAre("-blob " + directory(b.blob_path("base"))));
}

TEST(RepairBlobs, AbsentForeignLayersAreNotWhatATagLacks) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {foreign_layer("far", 50), layer("base", 100)}).missing("base");
  const analyzer::Repair repair = repair_of(b);
  ASSERT_EQ(repair.broken.size(), 1u);
  ASSERT_EQ(repair.broken[0].lacks.size(), 1u);
  EXPECT_EQ(repair.broken[0].lacks[0].digest, digest_named(b, "base"));
}

TEST(RepairBlobs, TheBlobOfNoBytesIsNotDamaged) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("nothing", 0)});
  EXPECT_THAT(steps_of(repair_of(b).plan), IsEmpty());
}

TEST(RepairBlobs, ATruncatedBlobGoesAndASoundOneOfAnotherSizeStays) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)});
  b.link(b.blob_path("base"), content_of(b, b.blob_path("base")).substr(0, 60));
  b.blob("sound", "twelve bytes").layer_link("sound");
  b.manifest(
      R"({"schemaVersion":2,"layers":[{"digest":")" + b.digest_of("sound") + R"(","size":13}]})",
      "lies");
  const analyzer::Repair repair = repair_of(b);
  EXPECT_THAT(steps_of(repair.plan), ElementsAre("-blob " + directory(b.blob_path("base"))));
  EXPECT_THAT(repair.plan.removals[0].reason, StartsWith("damaged: has the digest sha256:"));
  ASSERT_EQ(repair.broken.size(), 2u);
  EXPECT_EQ(repair.broken[1].tag, "lies");
  EXPECT_EQ(repair.broken[1].lacks[0].why, "has another size than is declared");
}

TEST(RepairBlobs, AFlippedBitIsFoundByReadingAll) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}).image("2.0", {layer("app", 40)});
  std::string bytes = content_of(b, b.blob_path("base"));
  bytes[50] = static_cast<char>(bytes[50] ^ 1);
  b.link(b.blob_path("base"), bytes);
  EXPECT_THAT(steps_of(repair_of(b).plan), IsEmpty());
  const analyzer::Repair repair = repair_of(b, {.read_all = true});
  EXPECT_THAT(steps_of(repair.plan), ElementsAre("-blob " + directory(b.blob_path("base"))));
  EXPECT_EQ(repair.broken.size(), 1u);
}

TEST(RepairBlobs, ASuspectIsReadAgainAndASoundOneStays) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)});
  b.link(b.blob_path("base"), std::string(100, 'x'));
  RepairRules rules;
  rules.suspects = {digest_named(b, "base"), digest_named(b, "app")};
  EXPECT_THAT(steps_of(repair_of(b, rules).plan),
              ElementsAre("-blob " + directory(b.blob_path("base"))));
}

TEST(RepairBlobs, ADamagedManifestGoesAndItsTagIsNamed) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)});
  b.link(b.blob_path("a/b:1.0"), "{\"garbled\":");
  const Repaired done = repaired(b);
  EXPECT_THAT(steps_of(done.repair.plan),
              ElementsAre("-blob " + directory(b.blob_path("a/b:1.0"))));
  ASSERT_EQ(done.repair.broken.size(), 1u);
  EXPECT_EQ(done.repair.broken[0].lacks[0].what, "manifest");
}

TEST(RepairBlobs, WhatStandsInPlaceOfABlobIsNotTouched) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)});
  b.symlink(b.blob_path("base"), "/etc/passwd");
  RepairRules rules;
  rules.read_all = true;
  rules.suspects = {digest_named(b, "base")};
  const analyzer::Repair repair = repair_of(b, rules);
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
  ASSERT_EQ(repair.broken.size(), 1u);
  EXPECT_EQ(repair.broken[0].lacks[0].why, "is no file");
}

// ---- from elsewhere -----------------------------------------------------------------------------

/// Two stores with the same image, of which the first has lost and damaged parts.
class RepairFrom : public ::testing::Test {
 protected:
  void SetUp() override {
    for (StoreBuilder* b : {&broken_, &whole_}) {
      b->repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)});
    }
    broken_.missing("base").zero_length("app");
  }
  void expect_healed(const std::string& from) {
    const auto before = snapshot_of(broken_);
    const Repaired done = repaired(broken_, {}, {from});
    EXPECT_EQ(done.result.end, ApplyEnd::kDone) << done.result.reason;
    EXPECT_FALSE(done.repair.damage_remains);
    for (const char* name : {"base", "app"}) {
      EXPECT_EQ(content_of(broken_, broken_.blob_path(name)),
                content_of(whole_, whole_.blob_path(name)));
    }
    EXPECT_THAT(steps_of(repair_of(broken_).plan), IsEmpty());
    undo_last(broken_);
    EXPECT_EQ(snapshot_of(broken_), before);
  }
  std::string bytes(const std::string& name) { return content_of(whole_, whole_.blob_path(name)); }

  StoreBuilder broken_;
  StoreBuilder whole_;
};

TEST_F(RepairFrom, AStore) { expect_healed(whole_.root()); }
TEST_F(RepairFrom, AStoreByItsConfig) { expect_healed(whole_.config_file()); }
TEST_F(RepairFrom, AStoreByItsV2Directory) { expect_healed(whole_.v2()); }

TEST_F(RepairFrom, AnImageLayout) {
  const std::string layout = broken_.beside("layout");
  for (const char* name : {"base", "app"}) {
    put(layout + "/blobs/sha256/" + hex_of(whole_, name), bytes(name));
  }
  expect_healed(layout);
}

TEST_F(RepairFrom, AFlatDirectory) {
  for (const char* stem : {"", "sha256:", "sha256-"}) {
    for (const char* ending : {"", ".tar", ".tar.gz", ".json"}) {
      const std::string flat = broken_.beside("flat");
      fs::remove_all(flat);
      for (const char* name : {"base", "app"}) {
        put(flat + '/' + stem + hex_of(whole_, name) + ending, bytes(name));
      }
      expect_healed(flat);
    }
  }
}

TEST_F(RepairFrom, SeveralPlacesOfWhichEachHasAPart) {
  const std::string one = broken_.beside("one");
  const std::string two = broken_.beside("two");
  put(one + '/' + hex_of(whole_, "base"), bytes("base"));
  put(one + '/' + hex_of(whole_, "app"), "something else");
  put(two + '/' + hex_of(whole_, "app"), bytes("app"));
  const analyzer::Repair repair = repair_of(broken_, {}, {one, two});
  EXPECT_FALSE(repair.damage_remains);
  ASSERT_EQ(repair.left.size(), 1u);
  EXPECT_EQ(repair.left[0].path, fs::canonical(one).string() + '/' + hex_of(whole_, "app"));
  EXPECT_THAT(repair.left[0].reason, StartsWith("not used: has the digest sha256:"));
}

TEST_F(RepairFrom, AWrongFileIsNamedAndTheBlobStaysBroken) {
  const std::string flat = broken_.beside("flat");
  put(flat + '/' + hex_of(whole_, "app"), "wrong");
  const analyzer::Repair repair = repair_of(broken_, {}, {flat});
  EXPECT_THAT(repair.left, ::testing::SizeIs(1));
  EXPECT_TRUE(repair.damage_remains);
}

TEST_F(RepairFrom, ASymbolicLinkIsNotFollowed) {
  const std::string flat = broken_.beside("flat");
  fs::create_directories(flat);
  fs::create_symlink(whole_.v2() + '/' + whole_.blob_path("base"),
                     flat + '/' + hex_of(whole_, "base"));
  const analyzer::Repair repair = repair_of(broken_, {}, {flat});
  ASSERT_EQ(repair.left.size(), 1u);
  EXPECT_THAT(repair.left[0].reason, HasSubstr("symbolic link"));
  EXPECT_THAT(steps_of(repair.plan), Each(StartsWith("-")));
}

TEST_F(RepairFrom, AFifoDoesNotHang) {
  const std::string flat = broken_.beside("flat");
  fs::create_directories(flat);
  ASSERT_EQ(::mkfifo((flat + '/' + hex_of(whole_, "base")).c_str(), 0600), 0);
  const analyzer::Repair repair = repair_of(broken_, {}, {flat});
  ASSERT_EQ(repair.left.size(), 1u);
  EXPECT_THAT(repair.left[0].reason, HasSubstr("not a regular file"));
}

TEST(RepairFromDeep, AnIndexBringsItsChildrenAndTheirLayers) {
  StoreBuilder broken;
  StoreBuilder whole;
  for (StoreBuilder* b : {&broken, &whole}) {
    b->repo("a/b").untagged({layer("base", 100)}, "amd").untagged({layer("arm-layer", 70)}, "arm");
    b->index("1.0", {"amd", "arm"}, "index");
  }
  for (const char* name : {"index", "amd", "arm", "base", "arm-layer"}) broken.missing(name);
  broken.remove("repositories/a/b/_layers").remove("repositories/a/b/_manifests/revisions");
  const auto before = snapshot_of(broken);
  const Repaired done = repaired(broken, {}, {whole.root()});
  EXPECT_EQ(done.result.end, ApplyEnd::kDone) << done.result.reason;
  EXPECT_FALSE(done.repair.damage_remains);
  for (const char* name : {"index", "amd", "arm", "base", "arm-layer"}) {
    EXPECT_EQ(content_of(broken, broken.blob_path(name)), content_of(whole, whole.blob_path(name)));
  }
  for (const char* name : {"index", "amd", "arm"}) {
    EXPECT_EQ(content_of(broken, broken.revision_path(name)), broken.digest_of(name)) << name;
  }
  for (const char* name : {"base", "arm-layer"}) {
    EXPECT_EQ(content_of(broken, broken.layer_path(name)), broken.digest_of(name)) << name;
  }
  undo_last(broken);
  EXPECT_EQ(snapshot_of(broken), before);
}

TEST(RepairFromDeep, AManifestThatComesBackShowsThatItsLayerIsEmpty) {
  StoreBuilder broken;
  StoreBuilder whole;
  for (StoreBuilder* b : {&broken, &whole}) {
    b->repo("a/b").image("1.0", {layer("base", 100)}, "image");
  }
  broken.missing("image").zero_length("base");
  const Repaired done = repaired(broken, {}, {whole.root()});
  EXPECT_EQ(done.result.end, ApplyEnd::kDone) << done.result.reason;
  EXPECT_FALSE(done.repair.damage_remains);
  EXPECT_EQ(content_of(broken, broken.blob_path("base")),
            content_of(whole, whole.blob_path("base")));
}

TEST(RepairFromDeep, WhatNothingAliveNeedsIsNotTaken) {
  StoreBuilder broken;
  StoreBuilder whole;
  for (StoreBuilder* b : {&broken, &whole}) {
    b->repo("a/b").image("1.0", {layer("base", 100)}).orphan(layer("orphan", 5));
    b->layer_link("orphan");
  }
  broken.missing("orphan");
  EXPECT_THAT(steps_of(repair_of(broken, {}, {whole.root()}).plan), IsEmpty());
}

TEST(RepairFromDeep, AForeignLayerIsNotTaken) {
  StoreBuilder broken;
  StoreBuilder whole;
  broken.repo("a/b").image("1.0", {foreign_layer("far", 50)});
  whole.orphan(layer("far", 50));
  EXPECT_THAT(steps_of(repair_of(broken, {}, {whole.root()}).plan), IsEmpty());
}

TEST(RepairFromDeep, ANeededLinkThatIsSavedDoesNotDangle) {
  StoreBuilder broken;
  StoreBuilder whole;
  for (StoreBuilder* b : {&broken, &whole}) {
    b->repo("a/b").image("1.0", {layer("base", 100)});
  }
  broken.missing("base");
  EXPECT_THAT(steps_of(repair_of(broken, {.drop_dangling = true}, {whole.root()}).plan),
              ElementsAre("+blob-data " + broken.blob_path("base")));
}

TEST(RepairFromDeep, ADirectoryWithoutItsDataIsFilled) {
  StoreBuilder broken;
  StoreBuilder whole;
  for (StoreBuilder* b : {&broken, &whole}) {
    b->repo("a/b").image("1.0", {layer("base", 100)});
  }
  broken.remove(broken.blob_path("base"));
  const Repaired done = repaired(broken, {}, {whole.root()});
  EXPECT_EQ(done.result.end, ApplyEnd::kDone) << done.result.reason;
  EXPECT_FALSE(done.repair.damage_remains);
}

TEST(BlobSource, SaysWhatIsNoSource) {
  StoreBuilder b;
  EXPECT_EQ(storage::BlobSource::open("", {}).error().code, storage::Errc::kUsage);
  EXPECT_EQ(storage::BlobSource::open(b.beside("none"), {}).error().code, storage::Errc::kNotFound);
  put(b.beside("file"), "text");
  EXPECT_EQ(storage::BlobSource::open(b.beside("file"), {}).error().code, storage::Errc::kUsage);
}

}  // namespace
}  // namespace regsweep::tests
