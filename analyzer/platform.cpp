#include "analyzer/platform.h"

#include <simdjson.h>

#include "storage/upload.h"

namespace regsweep::analyzer {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::string member(const object& of, const char* name) {
  std::string_view text;
  if (of[name].get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

std::string platform_in(const object& of) {
  const std::string os = member(of, "os");
  const std::string architecture = member(of, "architecture");
  const std::string variant = member(of, "variant");
  if (os.empty() && architecture.empty()) return {};
  return os + '/' + architecture + (variant.empty() ? "" : '/' + variant);
}

/// Content of a small blob with the padding that simdjson reads behind it, empty if there is none.
std::string_view content_of(const storage::Store& store, const storage::Digest& digest,
                            std::vector<char>& buffer) {
  const auto content =
      store.read_blob(digest, buffer, {kMaxManifestBytes, simdjson::SIMDJSON_PADDING});
  return content ? *content : std::string_view();
}

}  // namespace

std::vector<std::pair<storage::Digest, std::string>> platforms_of_index(std::string_view document) {
  std::vector<std::pair<storage::Digest, std::string>> platforms;
  if (document.empty()) return platforms;  // simdjson wants an address even for nothing
  simdjson::dom::parser parser;
  element root;
  simdjson::dom::array manifests;
  if (parser.parse(document.data(), document.size(), true).get(root) != simdjson::SUCCESS ||
      root["manifests"].get(manifests) != simdjson::SUCCESS) {
    return platforms;
  }
  for (const element child : manifests) {
    std::string_view text;
    storage::Digest digest;
    if (child["digest"].get(text) != simdjson::SUCCESS ||
        storage::parse_digest(text, digest) != storage::DigestError::kNone) {
      continue;
    }
    object platform;
    const bool has = child["platform"].get(platform) == simdjson::SUCCESS;
    platforms.emplace_back(digest, has ? platform_in(platform) : std::string());
  }
  return platforms;
}

std::string platform_of_config(std::string_view document) {
  return facts_of_config(document).platform;
}

ConfigFacts facts_of_config(std::string_view document) {
  ConfigFacts facts;
  if (document.empty()) return facts;
  simdjson::dom::parser parser;
  object root;
  if (parser.parse(document.data(), document.size(), true).get(root) != simdjson::SUCCESS) {
    return facts;
  }
  facts.platform = platform_in(root);
  if (!storage::parse_rfc3339(member(root, "created"), facts.created_seconds)) {
    facts.created_seconds = 0;
  }
  return facts;
}

std::vector<std::pair<storage::Digest, std::string>> index_platforms(const storage::Store& store,
                                                                     const storage::Digest& index) {
  std::vector<char> buffer;
  return platforms_of_index(content_of(store, index, buffer));
}

std::string config_platform(const storage::Store& store, const storage::Digest& config) {
  return config_facts(store, config).platform;
}

ConfigFacts config_facts(const storage::Store& store, const storage::Digest& config) {
  std::vector<char> buffer;
  return facts_of_config(content_of(store, config, buffer));
}

ConfigFacts config_facts(const storage::Store& store, const Graph& graph, DigestId image) {
  DigestId config = kNoDigest;
  graph.each_reference(image, [&](const Edge& edge) {
    const bool is_config = edge.role() == Role::kConfig;
    if (is_config && config == kNoDigest && graph.has(edge.to, kPresent)) config = edge.to;
  });
  return config == kNoDigest ? ConfigFacts{} : config_facts(store, graph.digests[config]);
}

const std::string& Platforms::of_image(DigestId image) {
  const auto [at, is_new] = of_images_.try_emplace(image);
  if (is_new) at->second = config_facts(store_, graph_, image).platform;
  return at->second;
}

const std::string& Platforms::of_child(DigestId index, DigestId child) {
  const auto [at, is_new] = of_indexes_.try_emplace(index);
  if (is_new) {
    for (auto& [of, platform] : index_platforms(store_, graph_.digests[index])) {
      if (!platform.empty()) at->second.emplace(of, std::move(platform));  // the first counts
    }
  }
  const auto said = at->second.find(graph_.digests[child]);
  return said != at->second.end() ? said->second : of_image(child);
}

}  // namespace regsweep::analyzer
