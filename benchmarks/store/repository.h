#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/store/blobs.h"
#include "benchmarks/store/documents.h"
#include "benchmarks/store/options.h"
#include "benchmarks/store/random.h"

namespace regsweep::benchmarks {

/// Plain names and nested ones, so that namespaces have something to add up.
inline std::string repository_name(std::size_t number) {
  const std::string n = std::to_string(number);
  if (number % 29 == 0) return "tool" + n;
  if (number % 3 == 0) {
    return "org" + std::to_string(number % 5) + "/group" + std::to_string(number % 11) + "/svc" + n;
  }
  return "team" + std::to_string(number % 17) + "/app" + n;
}

/// One repository of the store and the pushes into it.
class Repository {
 public:
  /// Makes `_layers`, `_manifests` and `_uploads` in `dir`, where the repository lives.
  Repository(const UniqueFd& dir, std::string name, const Dialect& dialect, const BlobStore& blobs,
             const LayerSource& layers, Random random)
      : name_(std::move(name)), dialect_(dialect), blobs_(blobs), layers_(layers), random_(random) {
    layer_links_ = make_and_open_directory(make_and_open_directory(dir, "_layers"), "sha256");
    const UniqueFd manifests = make_and_open_directory(dir, "_manifests");
    revisions_ = make_and_open_directory(make_and_open_directory(manifests, "revisions"), "sha256");
    tags_ = make_and_open_directory(manifests, "tags");
    uploads_ = make_and_open_directory(dir, "_uploads");
  }

  /// All pushes in a row, the images standing on `base`.
  void fill(const Options& options, std::span<const Blob> base) {
    std::vector<Blob> stack(base.begin(), base.end());
    for (const Blob& layer : base) link_layer(layer);
    while (stack.size() + 1 < options.layers) stack.push_back(new_layer());
    stack.emplace_back();  // the top, which every push makes anew

    for (std::size_t push = 0; push < options.tags; ++push) {
      if (options.rebuilt > 0 && random_.chance(options.rebuilt)) {
        for (Blob& layer : stack) layer = new_layer();
      }
      const Blob manifest = random_.chance(options.multiarch)
                                ? push_platforms(stack, push, options.platforms)
                                : push_single(stack, base.size(), push);
      const std::string number = std::to_string(push);
      const bool latest = random_.chance(options.retagged);
      set_tag(latest ? "latest" : "1." + std::to_string(push / 10) + "." + number, manifest);
    }
  }

  /// A push that never finished: a few kilobytes arrived, and the state of their digest was saved.
  void leave_upload(std::size_t number) {
    std::string uuid = random_hex(random_).substr(0, 32);
    uuid[12] = '4';
    uuid[16] = 'a';
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) uuid.insert(dash, 1, '-');
    std::string data(1000 + random_.below(5000), '\0');
    random_.fill(data);

    const UniqueFd upload = make_and_open_directory(uploads_, uuid);
    write_file(upload, "startedat", timestamp(number * 24));
    write_file(upload, "data", data);
    const UniqueFd states =
        make_and_open_directory(make_and_open_directory(upload, "hashstates"), "sha256");
    // Go's encoding: a magic number, eight words of state, a block, a length.
    for (const std::size_t offset : {std::size_t{0}, data.size()}) {
      std::string state(108, '\0');
      random_.fill(state);
      state.replace(0, 4, "sha\x03");
      write_file(states, std::to_string(offset), state);
    }
  }

  const Counts& counts() const noexcept { return counts_; }

 private:
  void link_layer(const Blob& blob) {
    write_link(layer_links_, blob.hex);
    ++counts_.layer_links;
  }

  Blob new_layer() {
    Blob layer = layers_.make(random_, counts_);
    link_layer(layer);
    return layer;
  }

  Blob put_manifest(std::string_view document, std::size_t references) {
    Blob manifest = blobs_.put(document);
    write_link(revisions_, manifest.hex);
    ++counts_.blobs;
    ++counts_.manifests;
    ++counts_.revision_links;
    counts_.references += references;
    return manifest;
  }

  Blob put_image(std::span<const Blob> stack, std::string_view architecture, std::size_t push) {
    const Blob config = blobs_.put(image_config(random_, name_, architecture, push, stack.size()));
    ++counts_.blobs;
    link_layer(config);
    return put_manifest(image_manifest(dialect_, config, stack), stack.size() + 1);
  }

  Blob push_single(std::vector<Blob>& stack, std::size_t base_layers, std::size_t push) {
    constexpr double kDeeperChange = 0.2;
    if (stack.size() >= base_layers + 2 && push > 0 && random_.chance(kDeeperChange)) {
      stack[stack.size() - 2] = new_layer();
    }
    stack.back() = new_layer();
    return put_image(stack, "amd64", push);
  }

  Blob push_platforms(const std::vector<Blob>& stack, std::size_t push, std::size_t platforms) {
    std::vector<Child> children;
    for (std::size_t platform = 0; platform < platforms; ++platform) {
      const std::string_view architecture = platform % 2 == 0 ? "amd64" : "arm64";
      std::vector<Blob> layers = stack;
      layers.back() = new_layer();
      children.push_back({architecture, put_image(layers, architecture, push)});
    }
    return put_manifest(image_index(dialect_, children), children.size());
  }

  void set_tag(const std::string& tag, const Blob& manifest) {
    const bool moved = tag == "latest" && std::exchange(has_latest_, true);
    if (!moved) {
      for (const char* part : {"", "/current", "/index", "/index/sha256"}) {
        make_directory(tags_, tag + part);
      }
      ++counts_.tags;
      ++counts_.tag_links;
    }
    write_file(tags_, tag + "/current/link", "sha256:" + manifest.hex);
    const std::string entry = tag + "/index/sha256/" + manifest.hex;
    make_directory(tags_, entry);
    write_file(tags_, entry + "/link", "sha256:" + manifest.hex);
    ++counts_.tag_links;
  }

  std::string name_;
  const Dialect& dialect_;
  const BlobStore& blobs_;
  const LayerSource& layers_;
  Random random_;
  UniqueFd layer_links_;
  UniqueFd revisions_;
  UniqueFd tags_;
  UniqueFd uploads_;
  bool has_latest_ = false;
  Counts counts_;
};

}  // namespace regsweep::benchmarks
