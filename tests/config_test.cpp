#include "storage/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <chrono>
#include <fstream>

namespace regsweep::storage {
namespace {

using namespace std::chrono_literals;

/// A directory that goes away with the test.
class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = (boost::filesystem::temp_directory_path() / "config.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = pattern;
  }
  ~ConfigTest() override {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(directory_, ignored);
  }

  std::string write(const std::string& text, const std::string& name = "config.yml") {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  Result<RegistryConfig> read(const std::string& text, const Environment& environment = {}) {
    return read_registry_config(write(text), environment);
  }
  RegistryConfig good(const std::string& text, const Environment& environment = {}) {
    Result<RegistryConfig> config = read(text, environment);
    if (config) return *config;
    ADD_FAILURE() << config.error().message << "\nin\n" << text;
    return {};
  }
  Error bad(const std::string& text, const Environment& environment = {}) {
    const Result<RegistryConfig> config = read(text, environment);
    if (!config) return config.error();
    ADD_FAILURE() << "accepted\n" << text;
    return {};
  }

  std::string directory_;
};

/// A config with these lines below `storage:`.
std::string storage(const std::string& lines) { return "version: 0.1\nstorage:\n" + lines; }

const std::string kPlain = storage("  filesystem:\n    rootdirectory: /data\n");

TEST_F(ConfigTest, DebiansDefault) {
  const RegistryConfig config = good(
      "version: 0.1\n"
      "log:\n  fields:\n    service: registry\n"
      "storage:\n"
      "  cache:\n    blobdescriptor: inmemory\n"
      "  filesystem:\n    rootdirectory: /var/lib/docker-registry\n"
      "  delete:\n    enabled: true\n"
      "http:\n  addr: :5000\n  headers:\n    X-Content-Type-Options: [nosniff]\n"
      "health:\n  storagedriver:\n    enabled: true\n    interval: 10s\n    threshold: 3\n");
  EXPECT_EQ(config.path, directory_ + "/config.yml");
  EXPECT_EQ(config.root_directory, "/var/lib/docker-registry");
  EXPECT_EQ(config.blob_descriptor_cache, "inmemory");
  EXPECT_EQ(config.http_address, ":5000");
  EXPECT_TRUE(config.delete_enabled);
  EXPECT_FALSE(config.read_only);
  EXPECT_FALSE(config.redirect_disabled);
  EXPECT_FALSE(config.http_tls);
  EXPECT_TRUE(config.upload_purging.enabled);
  EXPECT_EQ(config.upload_purging.age, 168h);
  EXPECT_EQ(config.driver, "filesystem");
  EXPECT_FALSE(config.harbor);
  EXPECT_TRUE(config.environment.applied.empty());
  EXPECT_EQ(config.proxy_remote_url, "");
  EXPECT_TRUE(config.redis_addresses.empty());
}

TEST_F(ConfigTest, EverySetting) {
  const RegistryConfig config = good(
      "version: 0.1\n"
      "storage:\n"
      "  filesystem: {rootdirectory: /srv/registry, maxthreads: 100}\n"
      "  cache: {layerinfo: redis}\n"
      "  redirect: {disable: true}\n"
      "  maintenance:\n"
      "    uploadpurging: {enabled: true, age: 36h30m, interval: 24h, dryrun: false}\n"
      "    readonly: {enabled: yes}\n"
      "  tag: {concurrencylimit: 8}\n"
      "http:\n  addr: /run/registry.sock\n  net: unix\n  prefix: /my/\n"
      "  tls:\n    certificate: /etc/tls.crt\n"
      "redis:\n  addr: localhost:6379\n  addrs: [a:1, b:2]\n"
      "proxy:\n  remoteurl: https://registry-1.docker.io\n");
  EXPECT_EQ(config.root_directory, "/srv/registry");
  EXPECT_EQ(config.blob_descriptor_cache, "redis");
  EXPECT_TRUE(config.redirect_disabled);
  EXPECT_TRUE(config.read_only);
  EXPECT_FALSE(config.delete_enabled);
  EXPECT_EQ(config.upload_purging.age, 36h + 30min);
  EXPECT_EQ(config.http_address, "/run/registry.sock");
  EXPECT_EQ(config.http_network, "unix");
  EXPECT_EQ(config.http_prefix, "/my/");
  EXPECT_TRUE(config.http_tls);
  EXPECT_EQ(config.redis_addresses, (std::vector<std::string>{"localhost:6379", "a:1", "b:2"}));
  EXPECT_EQ(config.proxy_remote_url, "https://registry-1.docker.io");
}

TEST_F(ConfigTest, RootDirectoryDefaults) {
  for (const char* lines : {"  filesystem:\n", "  filesystem: {}\n", "  filesystem: ~\n",
                            "  filesystem:\n    maxthreads: 100\n"}) {
    EXPECT_EQ(good(storage(lines)).root_directory, "/var/lib/registry") << lines;
  }
  EXPECT_EQ(good("version: 0.1\nstorage: filesystem\n").root_directory, "/var/lib/registry");
}

TEST_F(ConfigTest, EmptyRootDirectoryIsNoDefault) {  // the registry would use "/" or "<nil>"
  for (const char* root : {"", "~", "''", "[/a]", "{a: b}"}) {
    const Error error =
        bad(storage("  filesystem:\n    rootdirectory: " + std::string(root) + "\n"));
    EXPECT_EQ(error.code, Errc::kCorrupt) << root;
    EXPECT_EQ(error.message, "storage.filesystem.rootdirectory is empty") << root;
  }
}

TEST_F(ConfigTest, EnvironmentOverrides) {
  const RegistryConfig config =
      good(kPlain + "http:\n  addr: :5000\n",
           {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/elsewhere"},
            {"REGISTRY_HTTP_ADDR", "0.0.0.0:5001"},
            {"REGISTRY_STORAGE_DELETE_ENABLED", "true"},
            {"REGISTRY_STORAGE_MAINTENANCE_READONLY", "{\"enabled\": true}"},
            {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR", "redis"},
            {"REGISTRY_PROXY_REMOTEURL", "https://mirror.example"},
            {"REGISTRY_REDIS_ADDR", "redis:6379"},
            {"REGISTRY_LOG_LEVEL", "debug"},
            {"REGISTRY_PORT_5000_TCP", "tcp://10.0.0.1:5000"},
            {"REGISTRY_", "x"},
            {"HOME", "/root"}});
  EXPECT_EQ(config.root_directory, "/elsewhere");
  EXPECT_EQ(config.http_address, "0.0.0.0:5001");
  EXPECT_TRUE(config.delete_enabled);
  EXPECT_TRUE(config.read_only);
  EXPECT_EQ(config.blob_descriptor_cache, "redis");
  EXPECT_EQ(config.proxy_remote_url, "https://mirror.example");
  EXPECT_EQ(config.redis_addresses, std::vector<std::string>{"redis:6379"});
}

TEST_F(ConfigTest, EnvironmentMayReplaceTheDriver) {
  EXPECT_EQ(
      good(storage("  s3:\n    bucket: b\n"), {{"REGISTRY_STORAGE", "filesystem"}}).root_directory,
      "/var/lib/registry");
  EXPECT_EQ(
      good(kPlain, {{"REGISTRY_STORAGE", "{filesystem: {rootdirectory: /x}}"}}).root_directory,
      "/x");
  EXPECT_EQ(good(kPlain, {{"REGISTRY_STORAGE_FILESYSTEM", "{rootdirectory: /y}"}}).root_directory,
            "/y");
  // Replacing the map drops what the file said beside it; the longer name comes after.
  const RegistryConfig config = good(
      kPlain + "  delete:\n    enabled: true\n",
      {{"REGISTRY_STORAGE", "filesystem"}, {"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/z"}});
  EXPECT_EQ(config.root_directory, "/z");
  EXPECT_FALSE(config.delete_enabled);
  EXPECT_EQ(bad(kPlain, {{"REGISTRY_STORAGE", "s3"}}).code, Errc::kUnsupported);
}

TEST_F(ConfigTest, EnvironmentMayBringTheStorage) {
  for (const char* text : {"version: 0.1\n", "version: 0.1\nstorage:\n"}) {
    EXPECT_EQ(
        good(text, {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/from-env"}}).root_directory,
        "/from-env");
  }
  EXPECT_EQ(good(storage("  filesystem:\n"), {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/e"}})
                .root_directory,
            "/e");
}

// A map deep in the file has keys of any type in Go, and variables do not reach into it; a map that
// a variable makes there is one at which the server panics. Tried with docker-registry 2.8.2. To
// believe the variable would take a registry that writes for one that is read-only.
TEST_F(ConfigTest, EnvironmentDoesNotReachIntoDeepMaps) {
  const Environment reaching = {{"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED", "true"}};
  const Environment replacing = {{"REGISTRY_STORAGE_MAINTENANCE_READONLY", "{enabled: true}"}};
  const std::string text = kPlain + "  maintenance:\n    readonly:\n      enabled: false\n";
  EXPECT_FALSE(good(text, reaching).read_only);
  EXPECT_TRUE(good(text, replacing).read_only);
  EXPECT_FALSE(good(kPlain, reaching).read_only);
  EXPECT_TRUE(good(kPlain, replacing).read_only);
}

TEST_F(ConfigTest, BadEnvironment) {
  EXPECT_EQ(bad(kPlain, {{"REGISTRY_STORAGE_S3_BUCKET", "b"}}).message,
            "multiple storage drivers specified in configuration or environment: filesystem, s3");
  const Error error = bad(kPlain, {{"REGISTRY_HTTP_ADDR", "[:5000"}});
  EXPECT_EQ(error.code, Errc::kCorrupt);
  EXPECT_TRUE(error.message.starts_with("environment variable REGISTRY_HTTP_ADDR: "))
      << error.message;
  EXPECT_EQ(bad(kPlain, {{"REGISTRY_STORAGE_FILESYSTEM", "/data"}}).message,
            "environment variable REGISTRY_STORAGE_FILESYSTEM: its value is not a map");
  EXPECT_EQ(bad(kPlain, {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", ""}}).message,
            "storage.filesystem.rootdirectory is empty");
}

TEST_F(ConfigTest, OtherStorageIsUnsupported) {
  const Error s3 = bad(storage("  s3:\n    bucket: images\n    region: eu-west-1\n"));
  EXPECT_EQ(s3.code, Errc::kUnsupported);
  EXPECT_EQ(s3.path, directory_ + "/config.yml");
  EXPECT_EQ(s3.message,
            "stores in s3 (bucket images); regsweep reads filesystem storage only so far: nothing "
            "was read (mount the storage or sync it to a directory, and name that directory)");
  EXPECT_TRUE(bad(storage("  azure:\n    container: c\n"))
                  .message.starts_with("stores in azure (container c);"));
  EXPECT_TRUE(
      bad(storage("  gcs:\n    bucket: g\n")).message.starts_with("stores in gcs (bucket g)"));
  EXPECT_TRUE(bad(storage("  swift:\n    container: s\n")).message.starts_with("stores in swift"));
  EXPECT_TRUE(bad(storage("  oss:\n")).message.starts_with("stores in oss;"));
  EXPECT_EQ(bad("version: 0.1\nstorage: inmemory\n").code, Errc::kUnsupported);
}

TEST_F(ConfigTest, WhatTheRegistryRefuses) {
  const Error version = bad("version: 0.2\nstorage: filesystem\n");
  EXPECT_EQ(version.code, Errc::kUnsupported);
  EXPECT_TRUE(version.message.starts_with("unsupported version: \"0.2\"")) << version.message;
  EXPECT_TRUE(bad("storage: filesystem\n").message.starts_with("unsupported version: \"\""));
  EXPECT_TRUE(bad("").message.starts_with("unsupported version: \"\""));
  EXPECT_EQ(good("version: '0.1'\nstorage: filesystem\n").root_directory, "/var/lib/registry");

  EXPECT_EQ(bad(storage("  filesystem:\n  s3:\n    bucket: b\n")).message,
            "must provide exactly one storage type. Provided: [filesystem s3]");
  EXPECT_EQ(bad("version: 0.1\n").message, "no storage configuration provided");
  EXPECT_EQ(bad(storage("  delete:\n    enabled: true\n")).message,
            "no storage configuration provided");
  EXPECT_EQ(bad(storage("  filesystem: /data\n")).message,
            "line 3, column 15: storage.filesystem is not a map");
  EXPECT_EQ(bad(storage("  - filesystem\n")).code, Errc::kCorrupt);
  EXPECT_EQ(bad("- version: 0.1\n").code, Errc::kCorrupt);
  EXPECT_EQ(bad(kPlain + "  maintenance:\n    readonly: true\n").code, Errc::kCorrupt);
  EXPECT_EQ(bad(kPlain + "  maintenance:\n    readonly:\n      enabled: 'true'\n").code,
            Errc::kCorrupt);
}

TEST_F(ConfigTest, MalformedYamlSaysWhere) {
  const Error error = bad("version: 0.1\nstorage:\n  filesystem: {rootdirectory: /data\nhttp: x\n");
  EXPECT_EQ(error.code, Errc::kCorrupt);
  EXPECT_TRUE(error.message.starts_with("not valid YAML: line 4, column ")) << error.message;
}

TEST_F(ConfigTest, QuotedTrueIsNoBool) {
  EXPECT_FALSE(good(kPlain + "  delete:\n    enabled: \"true\"\n").delete_enabled);
  EXPECT_TRUE(good(kPlain + "  delete:\n    enabled: on\n").delete_enabled);
  EXPECT_FALSE(good(kPlain + "  delete:\n    enabled: off\n").delete_enabled);
}

TEST_F(ConfigTest, AliasesMergesAndRepeatedKeys) {
  EXPECT_EQ(good("x: &fs {rootdirectory: /shared}\nversion: 0.1\nstorage:\n  filesystem: *fs\n")
                .root_directory,
            "/shared");
  EXPECT_EQ(good("x: &fs {rootdirectory: /shared, maxthreads: 9}\nversion: 0.1\nstorage:\n"
                 "  filesystem:\n    rootdirectory: /own\n    <<: *fs\n")
                .root_directory,
            "/own");
  EXPECT_EQ(
      good(storage("  filesystem:\n    rootdirectory: /a\n    rootdirectory: /b\n")).root_directory,
      "/b");
}

TEST_F(ConfigTest, HostileYamlEnds) {
  EXPECT_EQ(bad(storage("  filesystem: &a {rootdirectory: &b [*b]}\n")).code, Errc::kCorrupt);
  std::string laughs = "version: 0.1\nl0: &l0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string below = "*l" + std::to_string(i - 1);
    laughs +=
        "l" + std::to_string(i) + ": &l" + std::to_string(i) + " [" + below + ", " + below + "]\n";
  }
  EXPECT_EQ(bad(laughs + "storage:\n  filesystem: {x: *l39}\n").code, Errc::kCorrupt);
  EXPECT_EQ(bad("version: 0.1\nstorage: " + std::string(100'000, '[') + "\n").code, Errc::kCorrupt);
  EXPECT_EQ(bad(std::string(2'000'000, 'x')).code, Errc::kCorrupt);
  EXPECT_EQ(bad(std::string("\x1f\x8b\x08\0\0\0\0\0", 8)).code, Errc::kCorrupt);
}

TEST_F(ConfigTest, UploadPurging) {
  const auto purging = [&](const std::string& settings) {
    return good(kPlain + "  maintenance:\n    uploadpurging: {" + settings + "}\n").upload_purging;
  };
  EXPECT_EQ(purging("enabled: true, age: 24h, interval: 90m").age, 24h);
  EXPECT_EQ(purging("enabled: true, age: 24h, interval: 90m").interval, 90min);
  EXPECT_EQ(purging("enabled: true").age, 168h);
  EXPECT_EQ(purging("enabled: true").interval, 24h);
  EXPECT_FALSE(purging("enabled: false, age: 24h").enabled);
  EXPECT_FALSE(purging("enabled: true, age: 24h").dry_run);
  EXPECT_TRUE(purging("enabled: true, age: 24h, dryrun: true").dry_run);
}

TEST_F(ConfigTest, SaysWhichVariablesApply) {
  const RegistryConfig config =
      good(kPlain + "  maintenance:\n    readonly: {enabled: false}\n",
           {{"REGISTRY_STORAGE_DELETE_ENABLED", "true"},
            {"REGISTRY_HTTP_ADDR", ":5001"},
            {"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED", "true"},
            {"REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED", "false"},
            {"REGISTRY_LOG_LEVEL", "debug"}});
  EXPECT_EQ(config.environment.applied,
            (std::vector<std::string>{"REGISTRY_HTTP_ADDR", "REGISTRY_STORAGE_DELETE_ENABLED"}));
  EXPECT_EQ(config.environment.without_effect,
            (std::vector<std::string>{"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED",
                                      "REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED"}));
  EXPECT_TRUE(config.upload_purging.enabled);
  EXPECT_FALSE(config.read_only);
}

TEST_F(ConfigTest, AnyStorageCanBeDescribed) {
  const Result<RegistryConfig> s3 = read_any_registry_config(
      write(storage("  s3:\n    bucket: images\n  delete: {enabled: true}\n")), {});
  ASSERT_TRUE(s3);
  EXPECT_EQ(s3->driver, "s3");
  EXPECT_EQ(s3->bucket, "bucket images");
  EXPECT_EQ(s3->root_directory, "");
  EXPECT_TRUE(s3->delete_enabled);
}

TEST_F(ConfigTest, KnowsHarborsRegistry) {
  const std::string auth = "auth:\n  htpasswd:\n    path: /etc/registry/passwd\n    realm: ";
  EXPECT_TRUE(good(kPlain + auth + "harbor-registry-basic-realm\n").harbor);
  EXPECT_FALSE(good(kPlain + auth + "Registry\n").harbor);
  EXPECT_FALSE(good(kPlain + "auth: htpasswd\n").harbor);
}

TEST(GoDuration, Parses) {
  EXPECT_EQ(parse_go_duration("168h"), 168h);
  EXPECT_EQ(parse_go_duration("1h30m15s"), 1h + 30min + 15s);
  EXPECT_EQ(parse_go_duration("1.5h"), 90min);
  EXPECT_EQ(parse_go_duration("1500ms"), 1s);
  EXPECT_EQ(parse_go_duration("0"), 0s);
  for (const char* text : {"", "7d", "12", "h", ".h", "1h2", "-1h", "1.2.3h", "999999999999999h"}) {
    EXPECT_EQ(parse_go_duration(text), std::nullopt) << text;
  }
}

TEST_F(ConfigTest, FilesThatCannotBeRead) {
  EXPECT_EQ(read_registry_config(directory_ + "/none.yml", {}).error().code, Errc::kNotFound);
  EXPECT_EQ(read_registry_config(directory_, {}).error().code, Errc::kCorrupt);
  const std::string path = write(kPlain);
  EXPECT_EQ(read_registry_config(path + "/under-a-file", {}).error().code, Errc::kNotFound);

  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  const uid_t user = ::geteuid();
  if (user == 0) {
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const Result<RegistryConfig> denied = read_registry_config(path, {});
  if (user == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Errc::kDenied);
  EXPECT_TRUE(denied.error().message.starts_with("user ")) << denied.error().message;
}

TEST_F(ConfigTest, LooksLikeOne) {
  EXPECT_TRUE(looks_like_registry_config(write(kPlain, "a")));
  EXPECT_TRUE(looks_like_registry_config(write("version: 9\n", "b")));
  EXPECT_FALSE(looks_like_registry_config(write("services: {}\n", "c")));
  EXPECT_FALSE(looks_like_registry_config(write("[1]", "d")));
  EXPECT_FALSE(looks_like_registry_config(write("{\"schema\": \"regsweep.plan/1\"}", "e")));
  EXPECT_FALSE(looks_like_registry_config(directory_ + "/none"));
}

TEST(ProcessEnvironment, HoldsWhatWasSet) {
  ASSERT_EQ(::setenv("REGSWEEP_CONFIG_TEST", "a=b", 1), 0);
  EXPECT_EQ(process_environment().at("REGSWEEP_CONFIG_TEST"), "a=b");
  ::unsetenv("REGSWEEP_CONFIG_TEST");
  EXPECT_EQ(process_environment().count("REGSWEEP_CONFIG_TEST"), 0u);
}

}  // namespace
}  // namespace regsweep::storage
