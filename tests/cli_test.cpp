// The program in process: arguments in, text and exit code out.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::cli {
namespace {

namespace fs = std::filesystem;
using tests::layer;
using tests::StoreBuilder;

/// Root reads everything: while this lives, the process is nobody.
class AsNobody {
 public:
  AsNobody() : was_(::geteuid()) {
    if (was_ == 0 && ::seteuid(65534) != 0) throw std::runtime_error("seteuid");
  }
  ~AsNobody() {
    if (was_ == 0 && ::seteuid(0) != 0) std::abort();
  }

 private:
  const uid_t was_;
};

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run_with(const storage::Environment& environment, bool terminal,
                 const std::vector<std::string>& args) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run(args, Io{out, err, environment, terminal, false});
  return {code, out.str(), err.str()};
}
Outcome run_it(const std::vector<std::string>& args) { return run_with({}, false, args); }

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> commands() {
  const std::string help = run_it({"--help"}).out;
  std::vector<std::string> names;
  bool listed = false;
  for (const std::string& line : tests::lines_of(help)) {
    if (listed && line.starts_with("  ")) names.push_back(line.substr(2, line.find(' ', 2) - 2));
    listed |= line == "Subcommands:";
  }
  return names;
}

/// The long names of a command's options that take a value, as its help lists them.
std::vector<std::string> valued_options(const std::string& command) {
  std::vector<std::string> names;
  for (const std::string& line : tests::lines_of(run_it({command, "--help"}).out)) {
    if (!line.starts_with("  -")) continue;
    const std::size_t name = line.find("--");
    const std::size_t end = line.find(' ', name);
    const std::string kind = end == std::string::npos ? "" : line.substr(end + 1);
    const bool valued = !kind.empty() && kind[0] != ' ' && !kind.starts_with("Excludes:");
    if (valued) names.push_back(line.substr(name, end - name));
  }
  return names;
}

class CliTest : public ::testing::Test {
 protected:
  CliTest() {
    store_.repo("a").image("1.0", {layer("app", 4000)}).untagged({layer("old", 25)});
    store_.orphan(layer("orphan", 90'000));
  }
  StoreBuilder store_;
};

TEST_F(CliTest, UsageErrorsExitWith2AndSayWhyOnStandardError) {
  const std::string root = store_.root();
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"nonsense"},
      {"audit", "--nonsense", root},
      {"audit", root, root},
      {"audit", "--jobs", "0", root},
      {"audit", "--jobs", "many", root},
      {"audit", "--color", "pink", root},
      {"audit", "--max-garbage", "lots", root},
      {"audit", root + "/nowhere"},
      {"audit", store_.beside("")},
      {"tags", root + "/nowhere"},
      {"garbage-collect"},
      {"garbage-collect", "-d", "--semantics", "registry-1", root},
  };
  for (const auto& args : wrong) {
    const Outcome outcome = run_it(args);
    EXPECT_EQ(outcome.code, 2) << ::testing::PrintToString(args);
    EXPECT_EQ(outcome.out, "") << ::testing::PrintToString(args);
    EXPECT_NE(outcome.err, "") << ::testing::PrintToString(args);
  }
}

// A shell's unset variable: neither may the option be dropped, nor take STORE for its value, which
// would have the default store worked on.
TEST_F(CliTest, NoOptionTakesAnEmptyValue) {
  std::size_t options = 0;
  for (const std::string& command : commands()) {
    for (const std::string& option : valued_options(command)) {
      ++options;
      const Outcome empty = run_it({command, option, "", store_.root()});
      EXPECT_EQ(empty.code, 2) << command << ' ' << option;
      EXPECT_TRUE(has(empty.err, option)) << command << ' ' << option << ": " << empty.err;
      const Outcome none = run_it({command, option + '=', store_.root()});
      EXPECT_EQ(none.code, 2) << command << ' ' << option;
      EXPECT_TRUE(has(none.err, option + "= has no value")) << command << ": " << none.err;
      EXPECT_EQ(empty.out + none.out, "") << command << ' ' << option;
    }
  }
  EXPECT_GE(options, 100u);
  const Outcome named = run_it({"tags", "--", store_.root(), "--name="});
  EXPECT_TRUE(has(named.err, "no repository --name= in the store")) << named.err;
}

TEST(Cli, EachCommandsHelpShowsTwoExamplesAndTheExitStatus) {
  ASSERT_GE(commands().size(), 3u);
  for (const std::string& command : commands()) {
    const Outcome outcome = run_it({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_EQ(outcome.err, "") << command;
    std::size_t examples = 0;
    for (const std::string& line : tests::lines_of(outcome.out)) {
      examples += line.starts_with("  regsweep " + command + ' ') ? 1 : 0;
      EXPECT_LE(line.size(), 140u) << line;
    }
    EXPECT_EQ(examples, 2u) << command;
    EXPECT_TRUE(has(outcome.out, "Exit status:")) << command;
  }
}

TEST(Cli, HelpAndVersionGoToStandardOutput) {
  const Outcome help = run_it({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(has(help.out, "audit"));
  const Outcome version = run_it({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out, std::string("regsweep ") + REGSWEEP_VERSION + '\n');
}

TEST_F(CliTest, TagsOfAnUnknownRepositoryExitWith2AndNameIt) {
  const Outcome outcome = run_it({"tags", store_.root(), "a", "b\x1b[31m"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(has(outcome.err, "no repository b\\x1b[31m in the store")) << outcome.err;
}

TEST_F(CliTest, TagsOfOneRepository) {
  store_.repo("b").image("2.0", {layer("z", 1)});
  const Outcome outcome = run_it({"tags", store_.root(), "b"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(has(outcome.out, "b           2.0  " + store_.digest_of("b:2.0").substr(0, 19)))
      << outcome.out;
  EXPECT_FALSE(has(outcome.out, store_.digest_of("a:1.0")));
}

TEST_F(CliTest, WhyOfNothingOrOfSeveralExitsWith2AndSaysWhatWasMeant) {
  store_.repo("a").image("1.1", {layer("app", 4000)});
  const auto unknown = [&](const std::string& ref, const std::string& message) {
    const Outcome outcome = run_it({"why", store_.root(), ref});
    EXPECT_EQ(outcome.code, 2) << ref;
    EXPECT_EQ(outcome.out, "") << ref;
    EXPECT_TRUE(has(outcome.err, message)) << outcome.err;
  };
  unknown("a:1.2", "a:1.2: the repository a has no such tag; did you mean a:1.0 or a:1.1?");
  unknown("b\x1b[31m:1", "b\\x1b[31m:1 names nothing in the store");
  unknown(tests::sha256_of("nowhere"), "no blob in the store has this digest");
  unknown("a@" + store_.digest_of("orphan"), "but the store knows it: regsweep why ");
  unknown("", "'' names no object; give a digest");
}

TEST_F(CliTest, WhyExitsWith3WhereSomethingAliveIsDamaged) {
  EXPECT_EQ(run_it({"why", store_.root(), "a:1.0"}).code, 0);
  EXPECT_EQ(run_it({"why", store_.root(), store_.digest_of("orphan")}).code, 0);
  store_.zero_length("app");
  const Outcome outcome = run_it({"why", store_.root(), "a:1.0"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(has(outcome.out, "!!! it needs " + store_.digest_of("app"))) << outcome.out;
  EXPECT_EQ(run_it({"why", store_.root(), store_.digest_of("old")}).code, 0);
}

TEST_F(CliTest, WhyOfAStoreThatCannotBeReadWholeIsIncomplete) {
  store_.unreadable("repositories/a/_manifests/tags");
  const AsNobody nobody;
  const Outcome known = run_it({"why", "--json", store_.root(), store_.digest_of("app")});
  EXPECT_EQ(known.code, 4) << known.err;
  EXPECT_FALSE(nlohmann::json::parse(known.out).at("complete").get<bool>());
  const Outcome unknown = run_it({"why", store_.root(), "a:1.0"});  // it may be in what is unread
  EXPECT_EQ(unknown.code, 4);
  EXPECT_TRUE(has(unknown.err, "incomplete"));
}

TEST_F(CliTest, AuditExitsWith0OrSaysByItsCodeWhatIsWrong) {
  EXPECT_EQ(run_it({"audit", store_.root()}).code, 0);
  EXPECT_EQ(run_it({"audit", "--max-garbage", "1G", store_.root()}).code, 0);
  const Outcome limit = run_it({"audit", "--max-garbage", "10K", store_.root()});
  EXPECT_EQ(limit.code, 1);
  EXPECT_TRUE(has(limit.err, "--max-garbage 10K"));
  EXPECT_EQ(run_it({"audit", "--max-garbage", "50%", store_.root()}).code, 1);
  EXPECT_EQ(run_it({"audit", "--max-garbage", "99%", store_.root()}).code, 0);
  store_.zero_length("app");
  EXPECT_EQ(run_it({"audit", store_.root()}).code, 3);
  EXPECT_EQ(run_it({"tags", store_.root()}).code, 3);
}

TEST_F(CliTest, WhatCannotBeReadMakesTheAuditIncomplete) {
  store_.unreadable("repositories/a/_manifests/tags");
  const AsNobody nobody;
  const Outcome outcome = run_it({"audit", "--json", store_.root()});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_FALSE(nlohmann::json::parse(outcome.out).at("complete").get<bool>());
  EXPECT_TRUE(has(outcome.err, "incomplete"));
  EXPECT_TRUE(has(outcome.out, "repositories/a/_manifests/tags"));
}

TEST_F(CliTest, EveryPlaceThatCannotBeReadIsNoticed) {
  const std::string image = store_.blob_path("a:1.0");
  for (const std::string& path :
       {std::string("blobs"), std::string("blobs/sha256"), image.substr(0, image.rfind('/')), image,
        std::string("repositories"), std::string("repositories/a"),
        std::string("repositories/a/_manifests"), std::string("repositories/a/_layers"),
        store_.revision_path("a:1.0"), store_.tag_path("1.0")}) {
    StoreBuilder store;
    store.repo("a").image("1.0", {layer("app", 4000)}).unreadable(path);
    const AsNobody nobody;
    EXPECT_EQ(run_it({"audit", store.root()}).code, 4) << path;
    EXPECT_EQ(run_it({"audit", "--exact", store.root()}).code, 4) << path;
  }
}

TEST_F(CliTest, OutputReplacesAFileByARename) {
  const std::string path = store_.beside("audit.json");
  std::ofstream(path) << "before";
  fs::create_hard_link(path, store_.beside("kept"));
  const Outcome outcome = run_it({"audit", "--json", "-o", path, store_.root()});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(nlohmann::json::parse(content_of(path)).at("schema"), "regsweep.audit/1");
  EXPECT_EQ(content_of(store_.beside("kept")), "before");  // never opened for writing
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(store_.beside("")))
    files += entry.is_regular_file();
  EXPECT_EQ(files, 2u);  // no temporary one is left
}

TEST_F(CliTest, OutputThatCannotBeWrittenIsAnErrorAndLeavesNothing) {
  const std::string path = store_.beside("nowhere/audit.txt");
  const Outcome outcome = run_it({"audit", "--output", path, store_.root()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(has(outcome.err, path));
  fs::create_directory(store_.beside("directory"));
  EXPECT_EQ(run_it({"audit", "-o", store_.beside("directory"), store_.root()}).code, 2);
  EXPECT_FALSE(fs::exists(store_.beside("directory.regsweep-tmp")));
}

TEST_F(CliTest, ColorFollowsTheTerminalTheOptionAndNoColor) {
  store_.zero_length("app");
  const auto colored = [&](const storage::Environment& environment, bool terminal,
                           std::vector<std::string> options) {
    options.insert(options.begin(), {"audit", store_.root()});
    return has(run_with(environment, terminal, options).out, "\x1b[");
  };
  EXPECT_FALSE(colored({}, false, {}));
  EXPECT_TRUE(colored({}, true, {}));
  EXPECT_FALSE(colored({{"NO_COLOR", "1"}}, true, {}));
  EXPECT_TRUE(colored({{"NO_COLOR", ""}}, true, {}));
  EXPECT_TRUE(colored({}, false, {"--color", "always"}));
  EXPECT_TRUE(colored({{"NO_COLOR", "1"}}, false, {"--color=always"}));
  EXPECT_FALSE(colored({}, true, {"--color=never"}));
}

TEST_F(CliTest, NamesFromTheStoreCannotReachTheTerminal) {
  store_.repo("evil\x1b]0;x\x07").image("\x1b[2J", {layer("app", 4000)});
  for (const char* option : {"-v", "--json", "--exact"}) {
    EXPECT_FALSE(has(run_it({"audit", option, store_.root()}).out, "\x1b")) << option;
  }
  EXPECT_FALSE(has(run_it({"tags", store_.root()}).out, "\x1b"));
  EXPECT_FALSE(has(run_it({"tags", "--json", store_.root()}).out, "\x1b"));
  EXPECT_TRUE(has(run_it({"tags", store_.root()}).out, "\\x1b[2J"));
}

TEST_F(CliTest, ProgressIsShownWhenAskedForAndNotWhenQuiet) {
  EXPECT_EQ(run_it({"audit", store_.root()}).err, "");
  EXPECT_EQ(run_it({"audit", "--progress", "-q", store_.root()}).err, "");
  store_.zero_length("app");
  EXPECT_EQ(run_it({"audit", "-q", store_.root()}).err, "");
}

TEST_F(CliTest, AConfigFileOrAnyPartOfThePathNamesTheStore) {
  for (const std::string& name : {store_.root(), store_.v2(), store_.config_file(),
                                  store_.root() + "/docker", store_.root() + "/"}) {
    const Outcome outcome = run_it({"audit", "--json", name});
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_EQ(nlohmann::json::parse(outcome.out).at("store").at("root"), store_.root()) << name;
  }
}

/// `blobs` and `repositories` belong to the layout: the sweeper refuses them, so nothing may plan
/// or suggest their removal. Enable it once inventory.cpp no longer reports them as empty
/// directories.
TEST(Cli, AnEmptyStoreHasNoEmptyDirectoryToTakeAway) {
  const StoreBuilder store;
  EXPECT_FALSE(has(run_it({"audit", "--exact", store.root()}).out, "empty"));
  const Outcome outcome = run_it({"gc", "--apply", "--empty", "--min-age", "0s", store.root()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(CliTest, ADryRunPrintsWhatTheRegistryPrints) {
  for (const bool three : {false, true}) {
    for (const bool delete_untagged : {false, true}) {
      std::vector<std::string> args = {"garbage-collect", "-d", "--semantics",
                                       three ? "registry-3" : "registry-2.8", store_.config_file()};
      if (delete_untagged) args.push_back("-m");
      const Outcome outcome = run_it(args);
      const tests::Collected expected = tests::collect(
          tests::names_of(store_), store_,
          three ? analyzer::RegistryVersion::k3 : analyzer::RegistryVersion::k2_8, delete_untagged);
      EXPECT_EQ(outcome.code, 0);
      EXPECT_EQ(tests::settled(tests::lines_of(outcome.out)), expected.lines);
      EXPECT_FALSE(expected.lines.empty());
    }
  }
}

TEST_F(CliTest, ADryRunThatAbortsSaysSoAndExitsAsTheRegistryDoes) {
  store_.empty_link(store_.revision_path("a:1.0"));
  const Outcome outcome =
      run_it({"garbage-collect", "--dry-run", "--semantics", "registry-2.8", store_.root()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.out.starts_with("a\n"));
  EXPECT_FALSE(has(outcome.out, "blobs marked"));
  EXPECT_TRUE(outcome.err.starts_with("failed to garbage collect: failed to mark: "))
      << outcome.err;
}

}  // namespace
}  // namespace regsweep::cli
