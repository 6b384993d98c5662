// The odd things of "Odd cases", each done to a random place of a store.
#include "tests/random_store.h"

namespace regsweep::tests {
namespace {

const std::string kMediaImage = "application/vnd.oci.image.manifest.v1+json";

/// Turns to a repository at random and returns it.
std::string somewhere(RandomStore& store) {
  const std::string repository = store.any_repository();
  store.builder.repo(repository);
  return repository;
}

std::string descriptor(const std::string& digest, std::size_t size_bytes) {
  return R"({"mediaType":"x","size":)" + std::to_string(size_bytes) + R"(,"digest":")" + digest +
         R"("})";
}

/// Pushes a layer and returns its descriptor.
std::string pushed(RandomStore& store) {
  const Layer& layer = store.random.pick(store.layers);
  store.builder.orphan(layer).layer_link(layer.name);
  return descriptor(store.builder.digest_of(layer.name), layer.size_bytes);
}

/// Adds a manifest of this text, tagged or not.
void add_manifest(RandomStore& store, const std::string& text) {
  store.builder.manifest(text, store.random.one_in(2) ? "odd" : "", store.new_name());
}

std::string image_with(RandomStore& store, const std::string& head, const std::string& tail = "}") {
  somewhere(store);
  const std::string config = pushed(store);
  return "{" + head + R"("config":)" + config + R"(,"layers":[)" + pushed(store) + "]" + tail;
}

std::string revision_of_any(RandomStore& store) {
  const std::string repository = somewhere(store);
  return store.builder.revision_path(store.any_manifest(repository));
}

std::string some_layer_link(RandomStore& store) {
  somewhere(store);
  const Layer& layer = store.random.pick(store.layers);
  store.builder.orphan(layer).layer_link(layer.name);
  return store.builder.layer_path(layer.name);
}

std::string tag_link(RandomStore& store) {
  const std::string repository = somewhere(store);
  store.builder.tag("odd", store.any_manifest(repository));
  return store.builder.tag_path("odd");
}

const std::string kVersion2 = R"("schemaVersion":2,"mediaType":")" + kMediaImage + R"(",)";

const std::vector<OddCase> kCases = {
    // ---- revision links -----------------------------------------------------------------------
    {"empty_revision_link", [](RandomStore& s) { s.builder.empty_link(revision_of_any(s)); }},
    {"garbled_revision_link", [](RandomStore& s) { s.builder.garbled_link(revision_of_any(s)); }},
    {"newline_revision_link",
     [](RandomStore& s) {
       const std::string repository = somewhere(s);
       const std::string& name = s.any_manifest(repository);
       s.builder.link(s.builder.revision_path(name), s.builder.digest_of(name) + "\n");
     }},
    {"revision_link_of_unknown_algorithm",
     [](RandomStore& s) { s.builder.link(revision_of_any(s), "md5:" + std::string(32, 'a')); }},
    {"revision_content_names_another_revision",
     [](RandomStore& s) {
       const std::string repository = somewhere(s);
       s.builder.link(s.builder.revision_path(s.any_manifest(repository)),
                      s.builder.digest_of(s.any_manifest(repository)));
     }},
    {"revision_content_names_a_manifest_of_another_repository",
     [](RandomStore& s) {
       const std::string other = s.any_repository();
       s.builder.link(revision_of_any(s), s.builder.digest_of(s.any_manifest(other)));
     }},
    {"revision_content_names_a_layer",
     [](RandomStore& s) {
       const std::string path = revision_of_any(s);
       s.builder.orphan(s.layers[0]).link(path, s.builder.digest_of(s.layers[0].name));
     }},
    {"revision_blob_missing",
     [](RandomStore& s) { s.builder.missing(s.any_manifest(somewhere(s))); }},
    {"revision_directory_without_link",
     [](RandomStore& s) { s.builder.remove(revision_of_any(s)); }},
    {"revision_link_at_an_odd_depth",
     [](RandomStore& s) {
       const std::string repository = somewhere(s);
       s.builder.link("repositories/" + repository + "/_manifests/revisions/link",
                      s.builder.digest_of(s.any_manifest(repository)));
     }},
    // ---- documents ----------------------------------------------------------------------------
    {"unknown_media_type",
     [](RandomStore& s) {
       add_manifest(s, image_with(s, R"("schemaVersion":2,"mediaType":"application/x",)"));
     }},
    {"schema_version_0",
     [](RandomStore& s) { add_manifest(s, image_with(s, R"("schemaVersion":0,)")); }},
    {"schema_version_absent", [](RandomStore& s) { add_manifest(s, image_with(s, "")); }},
    {"trailing_data", [](RandomStore& s) { add_manifest(s, image_with(s, kVersion2, "} x")); }},
    {"zero_length_manifest",
     [](RandomStore& s) { s.builder.zero_length(s.any_manifest(somewhere(s))); }},
    {"not_json", [](RandomStore& s) { somewhere(s), add_manifest(s, "not json \xff\x01"); }},
    {"wrong_types_without_media_type",
     [](RandomStore& s) {
       somewhere(s);
       add_manifest(s, R"({"schemaVersion":2,"config":)" + pushed(s) + R"(,"layers":"none"})");
     }},
    {"wrong_types",
     [](RandomStore& s) {
       somewhere(s);
       add_manifest(s, "{" + kVersion2 + R"("config":7,"layers":[)" + pushed(s) + "]}");
     }},
    {"without_media_type",
     [](RandomStore& s) { add_manifest(s, image_with(s, R"("schemaVersion":2,)")); }},
    {"without_media_type_but_both",
     [](RandomStore& s) {
       const std::string manifest = s.builder.digest_of(s.any_manifest(somewhere(s)));
       add_manifest(
           s, image_with(s, R"("schemaVersion":2,"manifests":[)" + descriptor(manifest, 9) + "],"));
     }},
    {"upper_case_keys",
     [](RandomStore& s) {
       somewhere(s);
       add_manifest(
           s, "{" + kVersion2 + R"("CONFIG":)" + pushed(s) + R"(,"Layers":[)" + pushed(s) + "]}");
     }},
    {"duplicate_keys",
     [](RandomStore& s) {
       const std::string first = image_with(s, kVersion2, "");
       add_manifest(s, first + R"(,"layers":[)" + pushed(s) + "]}");
     }},
    {"null_layers",
     [](RandomStore& s) {
       somewhere(s);
       add_manifest(s, "{" + kVersion2 + R"("config":)" + pushed(s) + R"(,"layers":null})");
     }},
    {"null_and_empty_descriptors",
     [](RandomStore& s) {
       somewhere(s);
       add_manifest(s, "{" + kVersion2 + R"("config":null,"layers":[null,{},)" + pushed(s) + "]}");
     }},
    {"digest_that_is_none",
     [](RandomStore& s) {
       somewhere(s);
       add_manifest(s, "{" + kVersion2 + R"("config":)" + pushed(s) + R"(,"layers":[)" +
                           descriptor("sha256:ABC", 3) + "]}");
     }},
    {"duplicate_layers",
     [](RandomStore& s) {
       somewhere(s);
       const Layer& layer = s.random.pick(s.layers);
       s.builder.image(s.random.one_in(2) ? "twice" : "", {layer, layer, layer});
     }},
    {"schema_1",
     [](RandomStore& s) {
       somewhere(s);
       s.builder.schema1(s.random.one_in(2) ? "old" : "", s.some_layers());
     }},
    {"foreign_layer",
     [](RandomStore& s) {
       somewhere(s);
       s.builder.image("windows", {foreign_layer("foreign", 70), s.layers[0]});
     }},
    {"artifact_manifest",
     [](RandomStore& s) {
       s.builder.artifact(s.any_manifest(somewhere(s)), {layer("artifact", 33)});
     }},
    {"layer_that_is_a_manifest",
     [](RandomStore& s) {
       const std::string repository = somewhere(s);
       const std::string& name = s.any_manifest(repository);
       add_manifest(s, "{" + kVersion2 + R"("config":)" + pushed(s) +
                           R"(,"layers":[{"mediaType":")" + kMediaImage + R"(","size":)" +
                           std::to_string(s.builder.size_of(name)) + R"(,"digest":")" +
                           s.builder.digest_of(name) + R"("}]})");
     }},
    // ---- tags ---------------------------------------------------------------------------------
    {"empty_current_link", [](RandomStore& s) { s.builder.empty_link(tag_link(s)); }},
    {"garbled_current_link", [](RandomStore& s) { s.builder.garbled_link(tag_link(s)); }},
    {"tag_without_current", [](RandomStore& s) { s.builder.remove(tag_link(s)); }},
    {"current_link_is_a_directory",
     [](RandomStore& s) {
       const std::string path = tag_link(s);
       s.builder.remove(path).directory(path);
     }},
    {"stray_file_in_tags",
     [](RandomStore& s) {
       s.builder.stray_file("repositories/" + somewhere(s) + "/_manifests/tags/stray");
     }},
    {"tag_that_the_driver_refuses",
     [](RandomStore& s) { s.builder.tag("a b", s.any_manifest(somewhere(s))); }},
    {"tag_without_revision",
     [](RandomStore& s) {
       const std::string name = s.any_manifest(somewhere(s));
       s.builder.tag("bare", name)
           .remove(
               s.builder.revision_path(name).substr(0, s.builder.revision_path(name).rfind('/')));
     }},
    {"tag_of_another_repositorys_manifest",
     [](RandomStore& s) {
       const std::string other = s.any_repository();
       somewhere(s);
       s.builder.tag("foreign", s.any_manifest(other));
     }},
    {"no_tags_directory",
     [](RandomStore& s) { s.builder.remove("repositories/" + somewhere(s) + "/_manifests/tags"); }},
    {"empty_tags_directory",
     [](RandomStore& s) {
       const std::string path = "repositories/" + somewhere(s) + "/_manifests/tags";
       s.builder.remove(path).directory(path);
     }},
    {"stale_tag_index",
     [](RandomStore& s) {
       const std::string repository = somewhere(s);
       s.builder.tag("moved", s.any_manifest(repository)).tag("moved", s.any_manifest(repository));
     }},
    // ---- repositories -------------------------------------------------------------------------
    {"repository_without_layers",
     [](RandomStore& s) { s.builder.remove("repositories/" + somewhere(s) + "/_layers"); }},
    {"repository_with_layers_only",
     [](RandomStore& s) { s.builder.remove("repositories/" + somewhere(s) + "/_manifests"); }},
    {"repository_with_uploads_only",
     [](RandomStore& s) { s.builder.repo("uploads/only").upload("u", "2024-06-06T00:00:00Z", 5); }},
    {"empty_repository",
     [](RandomStore& s) {
       s.builder.directory("repositories/empty/_layers")
           .directory("repositories/empty/_manifests/revisions")
           .directory("repositories/empty/_manifests/tags");
     }},
    {"no_revisions_directory",
     [](RandomStore& s) {
       s.builder.remove("repositories/" + somewhere(s) + "/_manifests/revisions");
     }},
    {"no_repositories_directory", [](RandomStore& s) { s.builder.remove("repositories"); }},
    {"no_blobs_directory", [](RandomStore& s) { s.builder.remove("blobs"); }},
    {"empty_blobs_directory", [](RandomStore& s) { s.builder.remove("blobs").directory("blobs"); }},
    {"bad_repository_name",
     [](RandomStore& s) { s.builder.repo("Upper/Case").image("1", {s.layers[0]}); }},
    {"repository_name_that_the_driver_refuses",
     [](RandomStore& s) { s.builder.repo("a b").image("1", {s.layers[0]}); }},
    {"underscore_file_in_repositories",
     [](RandomStore& s) { s.builder.stray_file("repositories/_x"); }},
    {"underscore_file_in_a_repository",
     [](RandomStore& s) { s.builder.stray_file("repositories/" + somewhere(s) + "/_b"); }},
    {"underscore_directory",
     [](RandomStore& s) { s.builder.repo("_y/z").image("1", {s.layers[0]}); }},
    {"stray_file_in_repositories",
     [](RandomStore& s) { s.builder.stray_file("repositories/readme"); }},
    {"marker_is_a_file", [](RandomStore& s) { s.builder.stray_file("repositories/odd/_layers"); }},
    // ---- layer links --------------------------------------------------------------------------
    {"empty_layer_link", [](RandomStore& s) { s.builder.empty_link(some_layer_link(s)); }},
    {"garbled_layer_link", [](RandomStore& s) { s.builder.garbled_link(some_layer_link(s)); }},
    {"layer_link_names_another_layer",
     [](RandomStore& s) {
       s.builder.link(some_layer_link(s),
                      s.builder.orphan(s.layers[0]).digest_of(s.layers[0].name));
     }},
    {"layer_blob_missing",
     [](RandomStore& s) {
       some_layer_link(s);
       const Layer& layer = s.random.pick(s.layers);
       s.builder.orphan(layer).missing(layer.name);
     }},
    {"sha512_alias",
     [](RandomStore& s) {
       somewhere(s);
       s.builder.image(s.random.one_in(2) ? "alias" : "", {sha512_layer("by sha512", 44)});
     }},
    {"unused_sha512_alias",
     [](RandomStore& s) { somewhere(s), s.builder.alias_sha512(s.random.pick(s.layers)); }},
    {"layer_directory_without_link", [](RandomStore& s) { s.builder.remove(some_layer_link(s)); }},
    // ---- blobs --------------------------------------------------------------------------------
    {"file_in_a_one_letter_directory",
     [](RandomStore& s) { s.builder.stray_file("blobs/sha256/a/data"); }},
    {"data_at_an_odd_depth",
     [](RandomStore& s) {
       s.builder.stray_file("blobs/sha256/" + std::string(64, 'e') + "/data");
     }},
    {"blob_directory_without_data",
     [](RandomStore& s) { s.builder.directory("blobs/sha256/ab/ab" + std::string(62, '0')); }},
    {"stray_file_in_blobs", [](RandomStore& s) { s.builder.stray_file("blobs/sha256/readme"); }},
    {"zero_length_blob",
     [](RandomStore& s) {
       some_layer_link(s);
       const Layer& layer = s.random.pick(s.layers);
       s.builder.orphan(layer).zero_length(layer.name);
     }},
    {"blob_of_sha512",
     [](RandomStore& s) {
       s.builder.stray_file("blobs/sha512/cc/" + std::string(128, 'c') + "/data");
     }},
    // ---- indexes and referrers ----------------------------------------------------------------
    {"untagged_child_of_a_tagged_index",
     [](RandomStore& s) {
       somewhere(s);
       s.builder.untagged({layer("child", 40)}, "child image").index("multi", {"child image"});
     }},
    {"nested_index",
     [](RandomStore& s) {
       const std::string child = s.any_manifest(somewhere(s));
       s.builder.index("", {child}, "inner").index("outer", {"inner", child});
     }},
    {"child_only_in_another_repository",
     [](RandomStore& s) {
       const std::string child = s.any_manifest(s.any_repository());
       s.builder.repo("elsewhere")
           .index("multi", {child})
           .directory("repositories/elsewhere/_layers");
     }},
    {"child_without_revision",
     [](RandomStore& s) {
       somewhere(s);
       s.builder.untagged({layer("loose", 41)}, "loose image").index("multi", {"loose image"});
       s.builder.remove(s.builder.revision_path("loose image"));
     }},
    {"referrer",
     [](RandomStore& s) { s.builder.referrer(s.any_manifest(somewhere(s)), {layer("sbom", 42)}); }},
    {"cosign_signature",
     [](RandomStore& s) { s.builder.cosign_signature(s.any_manifest(somewhere(s))); }},
    // ---- clutter ------------------------------------------------------------------------------
    {"symlink", [](RandomStore& s) { s.builder.symlink("elsewhere", "/dev"); }},
    {"temporary_files",
     [](RandomStore& s) {
       const std::string repository = somewhere(s);
       s.builder.stray_file(s.builder.revision_path(s.any_manifest(repository)) + ".0815.tmp");
       s.builder.stray_file(some_layer_link(s) + ".0815.tmp");
     }},
    {"empty_directories",
     [](RandomStore& s) {
       s.builder.directory("repositories/nothing/here").directory("blobs/sha256/00");
     }},
    {"old_upload",
     [](RandomStore& s) { somewhere(s), s.builder.upload("u", "2020-01-01T00:00:00Z", 77); }},
};

}  // namespace

const std::vector<OddCase>& odd_cases() { return kCases; }

std::string add_odd_cases(RandomStore& store) {
  std::string names;
  for (std::uint64_t i = 1 + store.random.below(2); i > 0; --i) {
    const OddCase& odd = store.random.pick(kCases);
    odd.apply(store);
    names += std::string(names.empty() ? "" : ", ") + odd.name;
  }
  return names;
}

}  // namespace regsweep::tests
