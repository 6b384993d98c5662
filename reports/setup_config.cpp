// What a registry's settings mean for cleaning.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/humanize.h"
#include "reports/setup_lines.h"

namespace regsweep::reports {
namespace {

using analyzer::Concern;
using storage::RegistryConfig;

SetupLine deletion(const RegistryConfig& config) {
  SetupLine line{"delete-enabled", "storage.delete.enabled", "true",
                 "the API's DELETE works; it only unlinks: regsweep gc frees the bytes"};
  if (!config.delete_enabled) {
    line.value = "false";
    line.meaning =
        "the API's DELETE answers 405 UNSUPPORTED; regsweep works all the same: it asks no API";
  }
  return line;
}

SetupLine read_only(const RegistryConfig& config) {
  SetupLine line{
      "read-only", "maintenance.readonly", "false",
      "pushes may come at any time: stop the registry before gc --apply, or set this and "
      "restart it"};
  if (config.read_only) {
    line.value = "true";
    line.meaning =
        "no push is taken: gc --apply goes on although the registry answers; unset it afterwards";
  }
  return line;
}

SetupLine proxy(const storage::Setup& setup) {
  const std::string url = setup.config ? setup.config->proxy_remote_url : "";
  const bool is_cache = setup.location && setup.location->proxy_cache;
  if (url.empty() && !is_cache) {
    return {"proxy", "proxy.remoteurl", "none",
            "no pull-through cache: what is purged comes back only by a push"};
  }
  return {
      "proxy", "proxy.remoteurl",
      url.empty() ? "not known, but scheduler-state.json is there" : printable(without_user(url)),
      "a pull-through cache: it expires content itself and fetches again what is missing, so "
      "absent blobs are no loss; its DELETE answers 405",
      Concern::kWarning};
}

SetupLine cache(const RegistryConfig& config) {
  SetupLine line{"blob-descriptor-cache", "blob descriptor cache", config.blob_descriptor_cache,
                 ""};
  if (config.blob_descriptor_cache == "inmemory") {
    line.meaning =
        "the registry remembers removed blobs and would tell a push that they exist: restart it "
        "after cleaning";
  } else if (config.blob_descriptor_cache == "redis") {
    line.value =
        fmt::format("redis {}", printable(fmt::to_string(fmt::join(config.redis_addresses, ", "))));
    line.meaning =
        "Redis remembers removed blobs, and a push would be told that they exist: flush its "
        "database after cleaning; to restart the registry is not enough";
    line.concern = Concern::kWarning;
  } else if (config.blob_descriptor_cache.empty()) {
    line.value = "none";
    line.meaning = "nothing remembers removed blobs: nothing to flush";
  } else {
    line.value = printable(config.blob_descriptor_cache);
    line.meaning = "no cache a registry knows: it goes without one, so nothing to flush";
  }
  return line;
}

/// "168h", "90m", "45s": as Go writes it where that is one number.
std::string duration_text(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

SetupLine purging(const RegistryConfig& config) {
  const storage::UploadPurging& purging = config.upload_purging;
  const std::string age = duration_text(purging.age);
  SetupLine line{"upload-purging", "maintenance.uploadpurging", "", ""};
  if (!purging.enabled) {
    line.value = "false";
    line.meaning = "unfinished uploads stay for ever: regsweep gc --uploads 7d takes them too";
    line.concern = Concern::kWarning;
  } else if (purging.dry_run) {
    line.value = fmt::format("dryrun, age {}, interval {}", age, duration_text(purging.interval));
    line.meaning =
        "the registry only logs old uploads and removes none: regsweep gc --uploads 7d does";
    line.concern = Concern::kWarning;
  } else {
    line.value = fmt::format("true, age {}, interval {}", age, duration_text(purging.interval));
    line.meaning = fmt::format(
        "while it runs the registry removes uploads older than {} itself; without it: regsweep gc "
        "--uploads {}",
        age, age);
  }
  return line;
}

void add_environment(const storage::Setup& setup, std::vector<SetupLine>& lines) {
  std::vector<std::string> applied;
  if (setup.config) applied = setup.config->environment.applied;
  if (!setup.root_variable.empty()) applied.push_back(setup.root_variable);
  SetupLine line{"environment", "environment", printable(fmt::to_string(fmt::join(applied, ", "))),
                 "set in this shell and heeded above; the registry's own process may have others "
                 "(/proc/PID/environ), and then works on another store or in another way"};
  if (applied.empty()) {
    line.value = "no REGISTRY_… variable applies";
    line.meaning =
        "none is set in this shell; the registry's own process may have some "
        "(/proc/PID/environ) that override the config";
  } else {
    line.concern = Concern::kWarning;
  }
  lines.push_back(line);
  if (!setup.config || setup.config->environment.without_effect.empty()) return;
  lines.push_back(
      {"environment-without-effect", "environment, no effect",
       printable(fmt::to_string(fmt::join(setup.config->environment.without_effect, ", "))),
       "reaches too deep into the config: a registry ignores it, or does not start. For read-only: "
       "REGISTRY_STORAGE_MAINTENANCE_READONLY='{\"enabled\": true}'",
       Concern::kWarning});
}

}  // namespace

std::string without_user(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t end = url.find_first_of("/?#", begin);
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at == std::string::npos || at < begin) return url;
  return url.substr(0, begin) + url.substr(at + 1);
}

void add_config_lines(const storage::Setup& setup, std::vector<SetupLine>& lines) {
  if (setup.config) {
    lines.push_back(deletion(*setup.config));
    lines.push_back(read_only(*setup.config));
  }
  if (setup.config || (setup.location && setup.location->proxy_cache)) {
    lines.push_back(proxy(setup));
  }
  if (setup.config) {
    lines.push_back(cache(*setup.config));
    lines.push_back(purging(*setup.config));
  }
  if (setup.config || !setup.root_variable.empty()) add_environment(setup, lines);
}

}  // namespace regsweep::reports
