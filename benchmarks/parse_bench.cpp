// How fast are manifests parsed? An audit parses each once, and on a warm store that is most of
// what it computes. Two documents: the image of eight layers, 2 KB as Docker writes it, that
// registries hold by the hundred thousand; and an index of 1,000 children, far larger than real
// ones, that shows what a reference costs. In memory, one thread.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "analyzer/manifest.h"
#include "storage/digest.h"

namespace {

using regsweep::analyzer::Manifest;
using regsweep::analyzer::ManifestParser;
using regsweep::analyzer::ManifestType;
using regsweep::analyzer::Reference;
using regsweep::analyzer::Role;
using regsweep::storage::Digest;

constexpr std::size_t kLayers = 8;
constexpr std::size_t kChildren = 1000;

/// The digest of the `number`th thing a document refers to.
Digest digest_of(std::size_t number) {
  Digest digest;
  for (std::size_t at = 0; at < 32; ++at) {
    digest.bytes[at] = static_cast<std::uint8_t>(number * 31 + (number >> 8) + at * 7);
  }
  return digest;
}

std::int64_t size_of(std::size_t number) {
  return 1000 + static_cast<std::int64_t>(number) * 12345;
}

/// A document, what it refers to, and the bytes behind it that the parser may read.
struct Sample {
  Sample(std::string document, ManifestType type, std::size_t references)
      : size_bytes(document.size()), expected_type(type), expected_references(references) {
    bytes = std::move(document);
    bytes.append(ManifestParser::padding_bytes(), '\0');
  }
  std::string_view document() const noexcept { return {bytes.data(), size_bytes}; }

  std::string bytes;
  std::size_t size_bytes;
  ManifestType expected_type;
  std::size_t expected_references;
};

Sample docker_image() {
  std::string text =
      "{\n   \"schemaVersion\": 2,\n   \"mediaType\": "
      "\"application/vnd.docker.distribution.manifest.v2+json\",\n   \"config\": {\n      "
      "\"mediaType\": \"application/vnd.docker.container.image.v1+json\",\n      \"size\": " +
      std::to_string(size_of(0)) + ",\n      \"digest\": \"" + digest_of(0).text() +
      "\"\n   },\n   \"layers\": [";
  for (std::size_t layer = 1; layer <= kLayers; ++layer) {
    text += layer == 1 ? "\n" : ",\n";
    text +=
        "      {\n         \"mediaType\": "
        "\"application/vnd.docker.image.rootfs.diff.tar.gzip\",\n         \"size\": " +
        std::to_string(size_of(layer)) + ",\n         \"digest\": \"" + digest_of(layer).text() +
        "\"\n      }";
  }
  text += "\n   ]\n}";
  return {text, ManifestType::kDockerImage, kLayers + 1};
}

Sample oci_index() {
  std::string text =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)";
  for (std::size_t child = 0; child < kChildren; ++child) {
    if (child != 0) text += ',';
    text += R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
            digest_of(child).text() + R"(","size":)" + std::to_string(size_of(child)) +
            R"(,"platform":{"architecture":"amd64","os":"linux"}})";
  }
  text += "]}";
  return {text, ManifestType::kOciIndex, kChildren};
}

/// Empty if the parser finds what was put into the document.
std::string wrong_with(const Manifest& manifest, const Sample& sample) {
  if (!manifest.understood) return "not understood: " + manifest.problem;
  if (manifest.type != sample.expected_type) return "wrong type";
  if (manifest.references.size() != sample.expected_references) return "wrong number of references";
  for (std::size_t number = 0; number < manifest.references.size(); ++number) {
    const Reference& reference = manifest.references[number];
    const Role role = sample.expected_type == ManifestType::kOciIndex ? Role::kManifest
                      : number == 0                                   ? Role::kConfig
                                                                      : Role::kLayer;
    if (!reference.valid || reference.digest != digest_of(number) || reference.role != role ||
        reference.size_bytes != size_of(number)) {
      return "wrong reference " + std::to_string(number);
    }
  }
  return {};
}

void parse(benchmark::State& state, const Sample& sample) {
  ManifestParser parser;
  if (const std::string wrong = wrong_with(parser.parse(sample.document()), sample);
      !wrong.empty()) {
    state.SkipWithError(wrong.c_str());
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(parser.parse(sample.document()).references.data());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(sample.size_bytes));
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(sample.expected_references));
}

void BM_ParseImageOf8Layers(benchmark::State& state) { parse(state, docker_image()); }
BENCHMARK(BM_ParseImageOf8Layers);

void BM_ParseIndexOf1000Children(benchmark::State& state) { parse(state, oci_index()); }
BENCHMARK(BM_ParseIndexOf1000Children);

}  // namespace

BENCHMARK_MAIN();
