// A registry's config.yml and its environment. The input is the file; lines behind one that is
// "---environment" are variables, NAME=VALUE. Checked:
// - a config that is accepted has a driver, a root directory if that is the filesystem, and looks
//   like a config; a refusal has a reason and one of the promised codes;
// - read_registry_config() refuses of them exactly the other drivers;
// - the variables that count are among the given ones, each once and in order;
// - REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY alone moves the root of every config that is accepted
//   without variables and for the filesystem;
// - a duration that is read is at least 0, and its seconds are read as the same.
#include <algorithm>

#include "storage/config.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using storage::Environment;
using storage::Errc;
using storage::RegistryConfig;
using storage::Result;

constexpr std::string_view kSeparator = "---environment";

Environment environment_from(std::string_view text) {
  Environment environment;
  for (Pieces lines(text); !lines.at_end();) {
    Pieces line(lines.line());
    const std::string name(line.up_to('='));
    environment.insert_or_assign(name, std::string(line.rest()));
  }
  return environment;
}

void check_accepted(const RegistryConfig& config, const Environment& environment) {
  REGSWEEP_HOLDS(!config.driver.empty() || config.root_directory.empty(), config.driver);
  REGSWEEP_HOLDS((config.driver == "filesystem") == !config.root_directory.empty(), config.driver);
  REGSWEEP_HOLDS(config.upload_purging.age.count() >= 0, "age");
  REGSWEEP_HOLDS(config.upload_purging.interval.count() >= 0, "interval");
  const auto& applied = config.environment.applied;
  const auto& without_effect = config.environment.without_effect;
  REGSWEEP_HOLDS(applied.size() + without_effect.size() <= environment.size(), "variables");
  for (const auto* names : {&applied, &without_effect}) {
    REGSWEEP_HOLDS(std::is_sorted(names->begin(), names->end()), "variables");
    for (const std::string& name : *names) {
      REGSWEEP_HOLDS(environment.contains(name) && name.starts_with("REGISTRY_"), shown(name));
    }
  }
}

void check_refused(const storage::Error& error) {
  REGSWEEP_HOLDS(error.code == Errc::kCorrupt || error.code == Errc::kUnsupported, error.message);
  REGSWEEP_HOLDS(!error.message.empty() && !error.path.empty(), error.path);
}

void check_root_moves(const std::string& path) {
  const Result<RegistryConfig> config = storage::read_registry_config(path, {});
  if (!config) return;
  const Environment environment = {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/elsewhere"}};
  const Result<RegistryConfig> moved = storage::read_registry_config(path, environment);
  REGSWEEP_HOLDS(moved && moved->root_directory == "/elsewhere",
                 moved ? moved->root_directory : moved.error().message);
}

void check_duration(const std::string& text) {
  const auto duration = storage::parse_go_duration(text);
  if (!duration) return;
  REGSWEEP_HOLDS(duration->count() >= 0, shown(text));
  const auto again = storage::parse_go_duration(std::to_string(duration->count()) + 's');
  REGSWEEP_HOLDS(again == duration, shown(text));
}

}  // namespace

REGSWEEP_FUZZER(registry_config) {
  const std::size_t at = input.find(kSeparator);
  const std::string_view file = input.substr(0, at);
  Pieces behind(at == std::string_view::npos ? std::string_view() : input.substr(at));
  behind.line();
  const Environment environment = environment_from(behind.rest());

  const std::string path = put("config.yml", file);
  const Result<RegistryConfig> any = storage::read_any_registry_config(path, environment);
  if (any) {
    check_accepted(*any, environment);
    REGSWEEP_HOLDS(storage::looks_like_registry_config(path), shown(file));
    const Result<RegistryConfig> here = storage::read_registry_config(path, environment);
    REGSWEEP_HOLDS(static_cast<bool>(here) == (any->driver == "filesystem"), shown(file));
    if (!here) check_refused(here.error());
  } else {
    check_refused(any.error());
  }
  if (any || !environment.empty()) check_root_moves(path);
  check_duration(std::string(file));
}

}  // namespace regsweep::fuzz
