#include "reports/finding_text.h"
#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/setup_lines.h"
#include "reports/setup_report.h"

namespace regsweep::reports {
namespace {

using storage::Setup;

Json texts(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const std::string& text : list) out.push_back(printable(text));
  return out;
}

Json config(const Setup& setup) {
  if (!setup.config) return nullptr;
  const storage::RegistryConfig& config = *setup.config;
  return {{"path", printable(config.path)},
          {"named", setup.config_named},
          {"storage", printable(config.driver)},
          {"root_directory", text_or_null(config.root_directory)},
          {"delete_enabled", config.delete_enabled},
          {"read_only", config.read_only},
          {"proxy_remote_url", text_or_null(without_user(config.proxy_remote_url))},
          {"blob_descriptor_cache", text_or_null(config.blob_descriptor_cache)},
          {"redis_addresses", texts(config.redis_addresses)},
          {"upload_purging",
           {{"enabled", config.upload_purging.enabled},
            {"age_seconds", config.upload_purging.age.count()},
            {"interval_seconds", config.upload_purging.interval.count()},
            {"dry_run", config.upload_purging.dry_run}}},
          {"http_address", text_or_null(config.http_address)}};
}

Json store(const Setup& setup) {
  if (!setup.location) return nullptr;
  return {{"root", printable(setup.location->root)}, {"v2", printable(setup.location->v2)}};
}

Json managed_by(const Setup& setup) {
  const bool configured = setup.config && !setup.config->proxy_remote_url.empty();
  return text_or_null(storage::managed_by(
      setup.location && setup.location->database_lock, setup.config && setup.config->harbor,
      configured || (setup.location && setup.location->proxy_cache)));
}

Json environment(const Setup& setup) {
  std::vector<std::string> applied;
  std::vector<std::string> without_effect;
  if (setup.config) {
    applied = setup.config->environment.applied;
    without_effect = setup.config->environment.without_effect;
  }
  if (!setup.root_variable.empty()) applied.push_back(setup.root_variable);
  return {{"applied", texts(applied)}, {"without_effect", texts(without_effect)}};
}

Json disk(const Setup& setup) {
  if (!setup.disk || setup.disk->size_bytes == 0) return nullptr;
  return {{"size_bytes", setup.disk->size_bytes},
          {"available_bytes", setup.disk->available_bytes},
          {"inodes", setup.disk->inodes},
          {"free_inodes", setup.disk->free_inodes}};
}

}  // namespace

void write_setup_json(const Setup& setup, std::ostream& out) {
  Json lines = Json::array();
  for (const SetupLine& line : setup_lines(setup, {})) {
    lines.push_back({{"key", line.key},
                     {"label", line.label},
                     {"value", line.value},
                     {"concern", concern_name(line.concern)},
                     {"meaning", line.meaning}});
  }
  const NextStep next = next_step(setup);
  const Json report = {
      {"schema", "regsweep.explain/1"},
      {"config", config(setup)},
      {"store", store(setup)},
      {"no_store", setup.no_store ? Json(message_text(setup.no_store->message)) : Json()},
      {"managed_by", managed_by(setup)},
      {"environment", environment(setup)},
      {"in_use",
       {{"processes", texts(setup.processes)},
        {"all_processes_seen", setup.sees_all_processes},
        {"answering_address", text_or_null(setup.answering_address)}}},
      {"disk", disk(setup)},
      {"lines", std::move(lines)},
      {"next", {{"command", next.command}, {"why", next.why}}}};
  out << report.dump(1) << '\n';
}

}  // namespace regsweep::reports
