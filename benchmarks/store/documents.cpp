#include "benchmarks/store/documents.h"

#include <array>
#include <ctime>
#include <initializer_list>

namespace regsweep::benchmarks {

namespace {

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) out += part;
}

/// A descriptor at `depth`; with `architecture` it carries a platform, as children of indexes do.
void append_descriptor(std::string& out, const Dialect& dialect, std::size_t depth,
                       std::string_view media_type, const Blob& blob,
                       std::string_view architecture = {}) {
  const std::string outer = "\n" + std::string(depth * dialect.indent, ' ');
  const std::string inner = outer + std::string(dialect.indent, ' ');
  const std::string size = "\"size\": " + std::to_string(blob.size_bytes);
  const std::string digest = "\"digest\": \"sha256:" + blob.hex + "\"";
  append(out, {"{", inner, "\"mediaType\": \"", media_type, "\",", inner});
  append(out, {dialect.size_before_digest ? size : digest, ",", inner,
               dialect.size_before_digest ? digest : size});
  if (!architecture.empty()) {
    const std::string innermost = inner + std::string(dialect.indent, ' ');
    append(out, {",", inner, "\"platform\": {", innermost, "\"architecture\": \"", architecture,
                 "\",", innermost, "\"os\": \"linux\"", inner, "}"});
  }
  append(out, {outer, "}"});
}

std::string document_head(const Dialect& dialect, std::string_view media_type) {
  const std::string indent(dialect.indent, ' ');
  std::string out = "{\n";
  append(out, {indent, "\"schemaVersion\": 2,\n", indent, "\"mediaType\": \"", media_type, "\",\n",
               indent});
  return out;
}

}  // namespace

std::string image_manifest(const Dialect& dialect, const Blob& config,
                           std::span<const Blob> layers) {
  const std::string indent(dialect.indent, ' ');
  const std::string item = "\n" + indent + indent;
  std::string out = document_head(dialect, dialect.manifest_type);
  out += "\"config\": ";
  append_descriptor(out, dialect, 1, dialect.config_type, config);
  append(out, {",\n", indent, "\"layers\": ["});
  for (const Blob& layer : layers) {
    append(out, {&layer == layers.data() ? "" : ",", item});
    append_descriptor(out, dialect, 2, dialect.layer_type, layer);
  }
  append(out, {"\n", indent, "]\n}"});
  return out;
}

std::string image_index(const Dialect& dialect, std::span<const Child> children) {
  const std::string indent(dialect.indent, ' ');
  const std::string item = "\n" + indent + indent;
  std::string out = document_head(dialect, dialect.index_type);
  out += "\"manifests\": [";
  for (const Child& child : children) {
    append(out, {&child == children.data() ? "" : ",", item});
    append_descriptor(out, dialect, 2, dialect.manifest_type, child.manifest, child.architecture);
  }
  append(out, {"\n", indent, "]\n}"});
  return out;
}

std::string timestamp(std::size_t hours) {
  constexpr std::time_t kStart = 1704067200;
  const std::time_t seconds = kStart + static_cast<std::time_t>(hours) * 3600;
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&seconds, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string image_config(Random& random, std::string_view repository, std::string_view architecture,
                         std::size_t push, std::size_t layers) {
  const std::string created = timestamp(push * 6);
  std::string diff_ids;
  std::string history;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const std::string_view comma = layer == 0 ? "" : ",";
    append(diff_ids, {comma, "\"sha256:", random_hex(random), "\""});
    append(history,
           {comma, "{\"created\":\"", created, "\",\"created_by\":\"RUN /bin/sh -c make step-",
            std::to_string(layer), " # buildkit\",\"comment\":\"buildkit.dockerfile.v0\"}"});
  }
  std::string out = "{\"architecture\":\"";
  append(out,
         {architecture,
          "\",\"config\":{\"User\":\"app\",\"ExposedPorts\":{\"8080/tcp\":{}},\"Env\":[\"PATH=/usr/"
          "local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"LANG=C.UTF-8\"],\"Cmd\":["
          "\"/usr/bin/serve\",\"--listen=:8080\"],\"WorkingDir\":\"/srv\",\"Labels\":{\"org."
          "opencontainers.image.title\":\"",
          repository, "\",\"org.opencontainers.image.version\":\"", std::to_string(push),
          "\"}},\"created\":\"", created, "\",\"history\":[", history,
          "],\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", diff_ids, "]}}"});
  return out;
}

}  // namespace regsweep::benchmarks
