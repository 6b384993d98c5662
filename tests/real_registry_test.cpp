// Against Debian's docker-registry 2.8: the same lines, exit code and error for random stores and
// for each odd case. REGSWEEP_RANDOM_STORES raises their number, REGSWEEP_RANDOM_SEED is the first
// seed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "storage/layout.h"
#include "tests/analyze.h"
#include "tests/random_store.h"

extern char** environ;

namespace regsweep::tests {
namespace {

using analyzer::RegistryVersion;

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs a program found on PATH with its output in files at `output`.
std::optional<Outcome> run_program(std::vector<std::string> args, const std::string& output) {
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  constexpr int kCreate = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&files, 1, (output + ".out").c_str(), kCreate, 0600);
  posix_spawn_file_actions_addopen(&files, 2, (output + ".err").c_str(), kCreate, 0600);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  if (failed != 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return {};
  return Outcome{WEXITSTATUS(status), content_of(output + ".out"), content_of(output + ".err")};
}

/// The program's name; empty if there is none of version 2.8.
std::string registry_program() {
  static const std::string found = [] {
    const StoreBuilder scratch;
    for (const char* name : {"docker-registry", "registry"}) {
      const auto version = run_program({name, "--version"}, scratch.beside("version"));
      if (version && version->out.find(" 2.8") != std::string::npos) return std::string(name);
      if (version && version->out.find(" v2.8") != std::string::npos) return std::string(name);
    }
    return std::string();
  }();
  return found;
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Of several tags that it cannot read, the registry names the one that the directory lists first.
bool several_bad_tags(const analyzer::Survey& survey) {
  for (const analyzer::Repository& repository : survey.repositories) {
    const auto bad = [](const analyzer::Tag& tag) {
      return tag.state != storage::LinkState::kRead || !storage::is_driver_path_component(tag.name);
    };
    if (std::count_if(repository.tags.begin(), repository.tags.end(), bad) > 1) return true;
  }
  return false;
}

/// The first line on standard error, without the tag's path if that is up to the directory.
std::string error_line(const std::string& err, const analyzer::Survey& survey) {
  const std::string line = first_line(err);
  const std::string tags = "failed to retrieve tags for digest sha256:";
  const std::size_t at = line.find(tags);
  if (at == std::string::npos || !several_bad_tags(survey)) return line;
  return line.substr(0, at + tags.size() + 64);
}

/// Says how the real collector and ours differ on a store; empty if they agree.
std::string difference(const StoreBuilder& builder) {
  std::string report;
  const std::string config = builder.config_file();
  const analyzer::Survey survey = names_of(builder);
  for (const bool delete_untagged : {false, true}) {
    std::vector<std::string> args = {registry_program(), "garbage-collect", "--dry-run", config};
    if (delete_untagged) args.insert(args.end() - 1, "-m");
    const auto real = run_program(args, builder.beside("real"));
    if (!real) return "cannot run " + args[0];
    const Collected ours = collect(survey, builder, RegistryVersion::k2_8, delete_untagged);
    const auto lines = settled(lines_of(real->out));
    if (lines == ours.lines && real->exit_code == ours.run.exit_code &&
        error_line(real->err, survey) == error_line(ours.run.error, survey)) {
      continue;
    }
    report += std::string(delete_untagged ? "-m" : "without -m") + "\n  real: exit " +
              std::to_string(real->exit_code) + ", " + first_line(real->err) + "\n  ours: exit " +
              std::to_string(ours.run.exit_code) + ", " + first_line(ours.run.error) + "\n";
    for (std::size_t i = 0; i < std::max(lines.size(), ours.lines.size()); ++i) {
      const std::string theirs = i < lines.size() ? lines[i] : "(end)";
      const std::string mine = i < ours.lines.size() ? ours.lines[i] : "(end)";
      if (theirs == mine) continue;
      report += "  line " + std::to_string(i) + "\n  real: " + theirs + "\n  ours: " + mine + "\n";
      break;
    }
  }
  return report;
}

class RealRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (registry_program().empty()) GTEST_SKIP() << "there is no docker-registry 2.8 on PATH";
  }
  /// Two at a time: most of a run is the start of the registry.
  template <class F>
  static void side_by_side(std::size_t count, F&& f) {
    std::vector<std::string> reports(count);
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) { reports[i] = f(i); });
    for (const std::string& report : reports) {
      if (!report.empty()) ADD_FAILURE() << report;
    }
  }
};

TEST_F(RealRegistryTest, RandomStoresGiveTheSameOutput) {
  const std::uint64_t first = from_environment("REGSWEEP_RANDOM_SEED", 1000);
  const std::uint64_t count = from_environment("REGSWEEP_RANDOM_STORES", 120);
  side_by_side(count, [&](std::size_t i) {
    RandomStore store(first + i);
    const std::string odd = i % 2 == 0 ? add_odd_cases(store) : "";
    const std::string report = difference(store.builder);
    return report.empty()
               ? report
               : "REGSWEEP_RANDOM_SEED=" + std::to_string(first + i) + " " + odd + "\n" + report;
  });
}

TEST_F(RealRegistryTest, EveryOddCaseGivesTheSameOutput) {
  side_by_side(odd_cases().size(), [&](std::size_t i) {
    const OddCase& odd = odd_cases()[i];
    RandomStore store(7);
    odd.apply(store);
    const std::string report = difference(store.builder);
    return report.empty() ? report : odd.name + ("\n" + report);
  });
}

}  // namespace
}  // namespace regsweep::tests
