#include "tests/random_store.h"

namespace regsweep::tests {
namespace {

const std::vector<std::string> kNames = {
    "a",        "a/b",       "a/b/c",        "a-b",       "a.b",           "ab",      "b",
    "team/app", "team/app2", "team/app/dev", "x__y/z--q", "library/nginx", "0/1/2/3", "z"};
const std::vector<std::string> kTags = {"latest", "1.0", "1.1", "v2", "Dev_1", "-"};

}  // namespace

RandomStore::RandomStore(std::uint64_t seed) : random(seed) {
  for (std::uint64_t i = 2 + random.below(9); i > 0; --i) {
    layers.push_back(layer("layer " + std::to_string(i), random.below(9000)));
  }
  std::vector<std::string> names = kNames;
  for (std::uint64_t i = 1 + random.below(5); i > 0; --i) {
    const std::size_t at = static_cast<std::size_t>(random.below(names.size()));
    repositories.push_back(names[at]);
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(at));
  }
  for (const std::string& repository : repositories) fill(repository);
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    builder.orphan(layer("orphan " + std::to_string(i), random.below(9000)));
  }
}

std::vector<Layer> RandomStore::some_layers() {
  std::vector<Layer> some;
  for (std::uint64_t i = random.below(5); i > 0; --i) some.push_back(random.pick(layers));
  return some;
}

void RandomStore::add_image(const std::string& repository) {
  const std::string name = new_name();
  const std::string tag = random.one_in(3) ? "" : random.pick(kTags);
  if (random.one_in(3)) {
    builder.docker_image(tag, some_layers(), name);
  } else {
    builder.image(tag, some_layers(), name);
  }
  manifests_[repository].push_back(name);
}

/// Children are of this repository, of another one, or nowhere at all.
void RandomStore::add_index(const std::string& repository) {
  std::vector<std::string> children;
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    if (random.one_in(6)) {
      children.push_back(new_name());
      builder.orphan(layer(children.back(), 50)).missing(children.back());
      continue;
    }
    const std::string& from = random.one_in(3) ? any_repository() : repository;
    if (manifests_.count(from) != 0) children.push_back(random.pick(manifests_.at(from)));
  }
  const std::string name = new_name();
  const std::string tag = random.one_in(3) ? "" : random.pick(kTags);
  if (random.one_in(3)) {
    builder.list(tag, children, name);
  } else {
    builder.index(tag, children, name);
  }
  manifests_[repository].push_back(name);
}

void RandomStore::fill(const std::string& repository) {
  builder.repo(repository);
  add_image(repository);
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    switch (random.below(8)) {
      case 0:
      case 1:
        add_index(repository);
        break;
      case 2:
        builder.tag(random.pick(kTags), any_manifest(repository));
        break;
      case 3: {
        const std::string name = new_name();
        builder.referrer(any_manifest(repository), some_layers(), name);
        manifests_[repository].push_back(name);
        break;
      }
      default:
        add_image(repository);
        break;
    }
  }
  if (random.one_in(3)) {  // pushed once, its manifest gone since
    const Layer dead = layer("dead of " + repository, random.below(9000));
    builder.orphan(dead).layer_link(dead.name);
  }
  if (random.one_in(4)) {
    const Layer& shared = random.pick(layers);
    builder.orphan(shared).layer_link(shared.name);
  }
  if (random.one_in(3)) {
    builder.upload("11111111-2222-4333-8444-555555555555", "2024-01-02T03:04:05Z",
                   static_cast<std::size_t>(random.below(9000)));
  }
  if (random.one_in(3)) builder.directory("repositories/" + repository + "/_uploads");
}

}  // namespace regsweep::tests
