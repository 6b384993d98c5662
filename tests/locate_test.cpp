#include "storage/locate.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <stdexcept>

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;

class LocateTest : public ::testing::Test {
 protected:
  LocateTest() {
    std::string pattern = (fs::temp_directory_path() / "locate.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    ::chmod(pattern.c_str(), 0755);  // not umask: another user looks in below
    base_ = fs::canonical(pattern).string();
    defaults_ = {.config_path = base_ + "/etc/config.yml", .root_directory = base_ + "/var"};
  }
  ~LocateTest() override {
    boost::system::error_code ignored;
    fs::remove_all(base_, ignored);
  }

  std::string make_store(const std::string& name) {
    const std::string root = base_ + "/" + name;
    fs::create_directories(root + "/docker/registry/v2/blobs/sha256");
    fs::create_directories(root + "/docker/registry/v2/repositories");
    return root;
  }
  std::string make_file(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(base_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path.string(), std::ios::binary) << text;
    return path.string();
  }
  std::string make_config(const std::string& root, const std::string& name = "config.yml") {
    return make_file(name,
                     "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: " + root + "\n");
  }
  Result<StoreLocation> locate(const std::string& argument, const Environment& environment = {}) {
    return locate_store(argument, environment, defaults_);
  }
  /// Checks that `argument` means the store at `root`.
  void expect_store(const std::string& argument, const std::string& root,
                    const Environment& environment = {}) {
    const Result<StoreLocation> location = locate(argument, environment);
    ASSERT_TRUE(location) << argument << ": " << location.error().message;
    EXPECT_EQ(location->root, root) << argument;
    EXPECT_EQ(location->v2, root + "/docker/registry/v2") << argument;
  }
  Error bad(const std::string& argument, const Environment& environment = {}) {
    const Result<StoreLocation> location = locate(argument, environment);
    if (!location) return location.error();
    ADD_FAILURE() << argument << " was taken for the store " << location->root;
    return {};
  }

  std::string base_;
  DefaultStore defaults_;
};

TEST_F(LocateTest, AnyDirectoryOfTheStore) {
  const std::string root = make_store("reg");
  for (const char* inside : {"", "/", "/docker", "/docker/registry", "/docker/registry/v2",
                             "/docker/registry/v2/", "/./docker/.."}) {
    expect_store(root + inside, root);
  }
  EXPECT_FALSE(locate(root)->config);
  EXPECT_FALSE(locate(root)->database_lock);
  EXPECT_FALSE(locate(root)->proxy_cache);
}

TEST_F(LocateTest, ThroughSymbolicLinks) {
  const std::string root = make_store("reg");
  fs::create_symlink(root, base_ + "/link");
  fs::create_symlink(root + "/docker/registry/v2", base_ + "/v2link");
  expect_store(base_ + "/link", root);
  expect_store(base_ + "/v2link", root);
  fs::create_symlink(base_ + "/nowhere", base_ + "/dangling");
  EXPECT_EQ(bad(base_ + "/dangling").code, Errc::kNotFound);
  fs::create_symlink(base_ + "/loop", base_ + "/loop");
  EXPECT_EQ(bad(base_ + "/loop").code, Errc::kUsage);
}

TEST_F(LocateTest, RelativeArgument) {
  const std::string root = make_store("reg");
  const fs::path before = fs::current_path();
  fs::current_path(root);
  expect_store(".", root);
  expect_store("docker", root);
  fs::current_path(before);
}

TEST_F(LocateTest, BareTree) {
  fs::create_directories(base_ + "/copy/blobs");
  fs::create_directories(base_ + "/copy/repositories");
  const Result<StoreLocation> location = locate(base_ + "/copy");
  ASSERT_TRUE(location) << location.error().message;
  EXPECT_EQ(location->root, base_ + "/copy");
  EXPECT_EQ(location->v2, base_ + "/copy");
}

TEST_F(LocateTest, NotAStore) {
  EXPECT_EQ(bad(base_ + "/none").code, Errc::kNotFound);
  EXPECT_EQ(bad(base_ + "/none").message, "does not exist");
  const Error empty = bad(base_);
  EXPECT_EQ(empty.code, Errc::kUsage);
  EXPECT_EQ(empty.path, base_);
  EXPECT_EQ(empty.message,
            "is no store: looked for docker/registry/v2 in it, and for blobs and repositories");
  EXPECT_EQ(bad("/dev/null").code, Errc::kUsage);
}

TEST_F(LocateTest, NamesStoresNearby) {
  const std::string b = make_store("b");
  const std::string a = make_store("a");
  EXPECT_TRUE(bad(base_).message.ends_with("; found a store in " + a + ", " + b))
      << bad(base_).message;
  make_store("c");
  make_store("d");
  make_store("e");
  EXPECT_TRUE(bad(base_).message.ends_with("/c and 2 more")) << bad(base_).message;
  EXPECT_EQ(bad(a + "/docker/registry/v2/blobs").message,
            "is a part of the store " + a + ": name that directory");
}

TEST_F(LocateTest, ConfigFile) {
  const std::string root = make_store("reg");
  const std::string config = make_config(root);
  expect_store(config, root);
  ASSERT_TRUE(locate(config)->config);
  EXPECT_EQ(locate(config)->config->path, config);
  expect_store(make_config(root, "registry.conf"), root);

  const std::string other = make_store("other");
  const Environment environment = {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", other}};
  expect_store(config, other, environment);
  expect_store(root, root, environment);  // a directory means itself
}

TEST_F(LocateTest, ConfigIsTakenAtItsWord) {
  const std::string config = make_config(base_ + "/gone");
  EXPECT_EQ(bad(config).code, Errc::kNotFound);
  EXPECT_EQ(bad(config).path, base_ + "/gone");
  EXPECT_EQ(bad(config).message, "does not exist (the rootdirectory of " + config + ")");
  // The registry would write <root>/docker/registry/v2 here, so this is not its store.
  fs::create_directories(base_ + "/gone/blobs");
  fs::create_directories(base_ + "/gone/repositories");
  EXPECT_EQ(bad(config).code, Errc::kUsage);
  const std::string root = make_store("reg");
  EXPECT_EQ(bad(make_config(root + "/docker/registry/v2")).code, Errc::kUsage);
  EXPECT_EQ(bad(make_config(config)).message,
            "is not a directory (the rootdirectory of " + config + ")");
}

TEST_F(LocateTest, OtherFiles) {
  const Error blob = bad(make_file("data", std::string("\x1f\x8b\x08\0\0\0", 6)));
  EXPECT_EQ(blob.code, Errc::kUsage);
  EXPECT_EQ(blob.message,
            "is a file but no registry config: want a store's root directory or its config.yml");
  EXPECT_EQ(bad(make_file("plan.json", "{\"schema\": \"regsweep.plan/1\"}")).code, Errc::kUsage);
  EXPECT_EQ(bad(make_file("big.tar", std::string(2'000'000, '\0'))).code, Errc::kUsage);
  EXPECT_EQ(bad(make_file("broken.yml", "version: [")).code, Errc::kCorrupt);
  EXPECT_EQ(bad(make_file("s3.yml", "version: 0.1\nstorage: s3\n")).code, Errc::kUnsupported);
  EXPECT_EQ(bad(make_file("s3", "version: 0.1\nstorage: s3\n")).code, Errc::kUnsupported);
}

TEST_F(LocateTest, Default) {
  EXPECT_EQ(bad("").code, Errc::kNotFound);
  EXPECT_EQ(bad("").message, "does not exist, nor does " + base_ +
                                 "/etc/config.yml: name the store, e.g. its root "
                                 "directory");
  make_store("var");
  expect_store("", base_ + "/var");
  const std::string other = make_store("other");
  const Environment environment = {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", other}};
  expect_store("", other, environment);
  const std::string configured = make_store("configured");
  make_config(configured, "etc/config.yml");
  expect_store("", configured);
  expect_store("", other, environment);
  make_file("etc/config.yml", "version: [");
  EXPECT_EQ(bad("").code, Errc::kCorrupt);  // never the default root instead
}

TEST_F(LocateTest, OtherOwners) {
  const std::string root = make_store("reg");
  make_file("reg/docker/registry/lockfiles/database-in-use", "");
  EXPECT_TRUE(locate(root)->database_lock);
  EXPECT_TRUE(locate(make_config(root))->database_lock);
  EXPECT_FALSE(locate(root)->proxy_cache);
  make_file("reg/scheduler-state.json", "{}");
  EXPECT_TRUE(locate(root)->proxy_cache);

  const std::string proxy = make_store("proxy");
  const std::string config =
      make_file("proxy.yml", "version: 0.1\nstorage: {filesystem: {rootdirectory: " + proxy +
                                 "}}\nproxy: {remoteurl: https://example.com}\n");
  EXPECT_TRUE(locate(config)->proxy_cache);
  EXPECT_FALSE(locate(config)->database_lock);
}

TEST_F(LocateTest, UnreadableSaysWhoMayNot) {
  const std::string root = make_store("reg");
  const std::string config = make_config(root);
  const uid_t user = ::geteuid();
  for (const std::string& closed : {root, root + "/docker", root + "/docker/registry/v2"}) {
    ASSERT_EQ(::chmod(closed.c_str(), 0), 0);
    if (user == 0) {
      ASSERT_EQ(::seteuid(65534), 0);
    }
    const Result<StoreLocation> by_directory = locate(root);
    const Result<StoreLocation> by_config = locate(config);
    const std::string who = "user " + std::to_string(::geteuid()) + " may not read it";
    if (user == 0) {
      ASSERT_EQ(::seteuid(0), 0);
    }
    ASSERT_EQ(::chmod(closed.c_str(), 0755), 0);
    for (const auto* denied : {&by_directory, &by_config}) {
      ASSERT_FALSE(*denied) << closed;
      EXPECT_EQ(denied->error().code, Errc::kDenied) << closed;
      EXPECT_TRUE(denied->error().message.starts_with(who)) << denied->error().message;
    }
  }
}

}  // namespace
}  // namespace regsweep::storage
