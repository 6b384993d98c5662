// What surrounds a store, and what is said of it.
#include "storage/setup.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "reports/setup_lines.h"
#include "reports/setup_report.h"
#include "tests/store_builder.h"

namespace regsweep::reports {
namespace {

using analyzer::Concern;

using tests::layer;
using tests::StoreBuilder;

class SetupTest : public ::testing::Test {
 protected:
  SetupTest() { store_.repo("a").image("1.0", {layer("app", 400)}); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = store_.beside(name);
    std::ofstream(path) << text;
    return path;
  }
  std::string config(const std::string& more = "") {
    return write("c.yml", "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: " +
                              store_.root() + '\n' + more);
  }
  storage::Setup read(const std::string& argument, const storage::Environment& environment = {}) {
    const auto setup = storage::read_setup(argument, environment, defaults_);
    if (setup) return *setup;
    ADD_FAILURE() << setup.error().message;
    return {};
  }
  static SetupLine line(const storage::Setup& setup, const std::string& key) {
    for (const SetupLine& one : setup_lines(setup, {})) {
      if (one.key == key) return one;
    }
    return {};
  }

  StoreBuilder store_;
  storage::DefaultStore defaults_{store_.beside("standard.yml"), store_.beside("standard")};
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(SetupTest, ANamedConfigIsTaken) {
  const storage::Setup setup = read(config());
  ASSERT_TRUE(setup.config && setup.location);
  EXPECT_TRUE(setup.config_named);
  EXPECT_EQ(setup.location->root, store_.root());
  EXPECT_TRUE(setup.disk);
  EXPECT_EQ(next_step(setup).command, "regsweep audit " + store_.beside("c.yml"));
  EXPECT_TRUE(has(line(setup, "delete-enabled").meaning, "405 UNSUPPORTED"));
  EXPECT_EQ(line(setup, "upload-purging").value, "true, age 168h, interval 24h");
}

TEST_F(SetupTest, TheStandardConfigBelongsToADirectoryOnlyIfItMeansIt) {
  EXPECT_FALSE(read(store_.root()).config);
  EXPECT_EQ(read(store_.root()).other_config, "");
  write("standard.yml", "version: 0.1\nstorage: {filesystem: {rootdirectory: /elsewhere}}\n");
  EXPECT_FALSE(read(store_.root()).config);
  EXPECT_EQ(read(store_.root()).other_config, defaults_.config_path);
  EXPECT_EQ(line(read(store_.root()), "config").concern, Concern::kWarning);
  // By another spelling of the same directory.
  write("standard.yml",
        "version: 0.1\nstorage: {filesystem: {rootdirectory: " + store_.root() + "/.}}\n");
  const storage::Setup setup = read(store_.root());
  ASSERT_TRUE(setup.config);
  EXPECT_FALSE(setup.config_named);
  EXPECT_EQ(next_step(setup).command, "regsweep audit " + store_.root());
}

TEST_F(SetupTest, AVariableMayNameTheRoot) {
  const storage::Setup setup =
      read("", {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", store_.root()}});
  EXPECT_FALSE(setup.config);
  EXPECT_EQ(line(setup, "environment").value, "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY");
}

TEST_F(SetupTest, OtherStorageIsDescribed) {
  const storage::Setup setup =
      read(write("s3.yml", "version: 0.1\nstorage: {s3: {bucket: images}}\n"));
  ASSERT_TRUE(setup.config && setup.no_store);
  EXPECT_FALSE(setup.location);
  EXPECT_EQ(line(setup, "storage").value, "s3 (bucket images)");
  EXPECT_EQ(line(setup, "storage").concern, Concern::kDanger);
  EXPECT_EQ(line(setup, "root").key, "");
  EXPECT_EQ(next_step(setup).command, "regsweep explain DIRECTORY");
}

TEST_F(SetupTest, AConfigWhoseRootIsNotThereIsDescribed) {
  const storage::Setup setup =
      read(write("gone.yml", "version: 0.1\nstorage: {filesystem: {rootdirectory: /no/such}}\n"));
  ASSERT_TRUE(setup.no_store);
  EXPECT_EQ(setup.no_store->code, storage::Errc::kNotFound);
  EXPECT_EQ(line(setup, "root").concern, Concern::kDanger);
}

TEST_F(SetupTest, WithoutConfigAndStoreThereIsOnlyAnError) {
  EXPECT_FALSE(storage::read_setup("", {}, defaults_));
  EXPECT_FALSE(storage::read_setup(store_.beside("none"), {}, defaults_));
  EXPECT_FALSE(storage::read_setup(write("x.yml", "version: 0.3\n"), {}, defaults_));
}

TEST_F(SetupTest, OtherSettings) {
  const storage::Setup redis =
      read(config("  cache: {blobdescriptor: redis}\nredis: {addr: 'r:6379'}\n"));
  EXPECT_EQ(line(redis, "blob-descriptor-cache").value, "redis r:6379");
  EXPECT_EQ(line(redis, "blob-descriptor-cache").concern, Concern::kWarning);
  const storage::Setup off = read(config("  maintenance: {uploadpurging: {enabled: false}}\n"));
  EXPECT_EQ(line(off, "upload-purging").concern, Concern::kWarning);
  const storage::Setup dry =
      read(config("  maintenance: {uploadpurging: {dryrun: true, age: 90m}}\n"));
  EXPECT_EQ(line(dry, "upload-purging").value, "dryrun, age 90m, interval 24h");
  const storage::Setup proxy =
      read(config("proxy: {remoteurl: 'https://me:word@hub.example/x'}\n"));
  EXPECT_EQ(line(proxy, "proxy").value, "https://hub.example/x");
  const storage::Setup harbor =
      read(config("auth: {htpasswd: {realm: harbor-registry-basic-realm}}\n"));
  EXPECT_EQ(line(harbor, "database").concern, Concern::kDanger);
}

TEST_F(SetupTest, AFullDiskChangesTheNextStep) {
  storage::Setup setup = read(store_.root());
  setup.disk = storage::DiskFigures{1000, 9, 9, 100, 50};
  EXPECT_EQ(next_step(setup).command, "regsweep gc " + store_.root());
  EXPECT_EQ(line(setup, "disk").concern, Concern::kWarning);
  setup.disk = storage::DiskFigures{1000, 500, 500, 1000, 2};
  EXPECT_EQ(next_step(setup).command, "regsweep gc " + store_.root());
  EXPECT_EQ(line(setup, "inodes").concern, Concern::kWarning);
  setup.disk = storage::DiskFigures{1000, 500, 500, 0, 0};  // btrfs has no fixed number
  EXPECT_EQ(next_step(setup).command, "regsweep audit " + store_.root());
  EXPECT_EQ(line(setup, "inodes").value, "no fixed number");
}

TEST_F(SetupTest, TextIsWrappedToTheTerminal) {
  TextOptions options;
  options.width = 72;
  std::ostringstream out;
  write_setup_text(read(store_.root()), options, out);
  std::istringstream lines(out.str());
  std::size_t wrapped = 0;
  for (std::string text; std::getline(lines, text);) {
    EXPECT_FALSE(text.ends_with(' ')) << text;
    if (!text.starts_with("                ")) continue;  // values are not cut
    ++wrapped;
    EXPECT_LE(text.size(), 72u) << text;
  }
  EXPECT_GT(wrapped, 5u);
}

TEST(WithoutUser, KeepsTheRest) {
  EXPECT_EQ(without_user("https://a:b@c/d@e"), "https://c/d@e");
  EXPECT_EQ(without_user("https://c/d@e"), "https://c/d@e");
  EXPECT_EQ(without_user("a@c"), "c");
  EXPECT_EQ(without_user(""), "");
}

}  // namespace
}  // namespace regsweep::reports
