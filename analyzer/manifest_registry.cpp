#include "analyzer/manifest_registry.h"

#include "analyzer/go_json_decode.h"

namespace regsweep::analyzer {
namespace {

using go_json::Document;
using go_json::GoField;
using go_json::GoKind;
using go_json::GoType;
using go_json::GoValue;
using go_json::NodeId;

// The types of both versions. Fields stand in no special order, except that code below reads some
// by position.
constexpr GoType kInt{GoKind::kInt, "int", "", {}, nullptr};
constexpr GoType kInt64{GoKind::kInt, "int64", "", {}, nullptr};
constexpr GoType kUint8{GoKind::kUint8, "uint8", "", {}, nullptr};
constexpr GoType kString{GoKind::kString, "string", "", {}, nullptr};
constexpr GoType kDigest{GoKind::kString, "digest.Digest", "", {}, nullptr};
constexpr GoType kStrings{GoKind::kSlice, "[]string", "", {}, &kString};
constexpr GoType kBytes{GoKind::kSlice, "[]uint8", "", {}, &kUint8};
constexpr GoType kStringMap{GoKind::kStringMap, "map[string]string", "", {}, nullptr};

constexpr GoField kPlatformFields[] = {
    {"architecture", &kString, ""}, {"os", &kString, ""},      {"os.version", &kString, ""},
    {"os.features", &kStrings, ""}, {"variant", &kString, ""},
};
constexpr GoType kPlatform{GoKind::kStructPtr, "v1.Platform", "Platform", kPlatformFields, nullptr};

constexpr GoField kPlatformSpecFields[] = {
    {"architecture", &kString, ""}, {"os", &kString, ""},      {"os.version", &kString, ""},
    {"os.features", &kStrings, ""}, {"variant", &kString, ""}, {"features", &kStrings, ""},
};
constexpr GoType kPlatformSpec{GoKind::kStruct, "manifestlist.PlatformSpec", "PlatformSpec",
                               kPlatformSpecFields, nullptr};

// A descriptor's digest comes first.
constexpr std::size_t kDigestField = 0;

// Fields 0 and 1 of every document.
constexpr std::size_t kSchemaVersionField = 0;
constexpr std::size_t kMediaTypeField = 1;

// Image: fields 2 and 3. Index: field 2. Schema 1: field 2.
constexpr std::size_t kConfigField = 2;
constexpr std::size_t kLayersField = 3;
constexpr std::size_t kListField = 2;

namespace v2 {

constexpr GoField kDescriptorFields[] = {
    {"digest", &kDigest, ""}, {"mediaType", &kString, ""},      {"size", &kInt64, ""},
    {"urls", &kStrings, ""},  {"annotations", &kStringMap, ""}, {"platform", &kPlatform, ""},
};
constexpr GoType kDescriptor{GoKind::kStruct, "distribution.Descriptor", "Descriptor",
                             kDescriptorFields, nullptr};
constexpr GoType kDescriptors{GoKind::kSlice, "[]distribution.Descriptor", "", {}, &kDescriptor};

constexpr GoField kListedFields[] = {
    {"digest", &kDigest, "Descriptor"},
    {"mediaType", &kString, "Descriptor"},
    {"size", &kInt64, "Descriptor"},
    {"urls", &kStrings, "Descriptor"},
    {"annotations", &kStringMap, "Descriptor"},
    {"platform", &kPlatformSpec, ""},
};
constexpr GoType kListed{GoKind::kStruct, "manifestlist.ManifestDescriptor", "ManifestDescriptor",
                         kListedFields, nullptr};
constexpr GoType kListedSlice{
    GoKind::kSlice, "[]manifestlist.ManifestDescriptor", "", {}, &kListed};

constexpr GoField kVersionedFields[] = {{"schemaVersion", &kInt, ""}, {"mediaType", &kString, ""}};
constexpr GoType kVersioned{GoKind::kStruct, "manifest.Versioned", "Versioned", kVersionedFields,
                            nullptr};

constexpr GoField kSchema2Fields[] = {
    {"schemaVersion", &kInt, "Versioned"},
    {"mediaType", &kString, "Versioned"},
    {"config", &kDescriptor, ""},
    {"layers", &kDescriptors, ""},
};
constexpr GoType kSchema2{GoKind::kStruct, "schema2.Manifest", "Manifest", kSchema2Fields, nullptr};

constexpr GoField kOciFields[] = {
    {"schemaVersion", &kInt, "Versioned"}, {"mediaType", &kString, "Versioned"},
    {"config", &kDescriptor, ""},          {"layers", &kDescriptors, ""},
    {"annotations", &kStringMap, ""},
};
constexpr GoType kOci{GoKind::kStruct, "ocischema.Manifest", "Manifest", kOciFields, nullptr};

constexpr GoField kListFields[] = {
    {"schemaVersion", &kInt, "Versioned"},
    {"mediaType", &kString, "Versioned"},
    {"manifests", &kListedSlice, ""},
};
constexpr GoType kList{GoKind::kStruct, "manifestlist.ManifestList", "ManifestList", kListFields,
                       nullptr};

constexpr GoField kFsLayerFields[] = {{"blobSum", &kDigest, ""}};
constexpr GoType kFsLayer{GoKind::kStruct, "schema1.FSLayer", "FSLayer", kFsLayerFields, nullptr};
constexpr GoType kFsLayers{GoKind::kSlice, "[]schema1.FSLayer", "", {}, &kFsLayer};
constexpr GoField kHistoryFields[] = {{"v1Compatibility", &kString, ""}};
constexpr GoType kHistory{GoKind::kStruct, "schema1.History", "History", kHistoryFields, nullptr};
constexpr GoType kHistories{GoKind::kSlice, "[]schema1.History", "", {}, &kHistory};
constexpr GoField kSchema1Fields[] = {
    {"schemaVersion", &kInt, "Versioned"},
    {"mediaType", &kString, "Versioned"},
    {"fsLayers", &kFsLayers, ""},
    {"name", &kString, ""},
    {"tag", &kString, ""},
    {"architecture", &kString, ""},
    {"history", &kHistories, ""},
};
constexpr GoType kSchema1{GoKind::kStruct, "schema1.Manifest", "Manifest", kSchema1Fields, nullptr};

}  // namespace v2

namespace v3 {

constexpr GoField kDescriptorFields[] = {
    {"digest", &kDigest, ""},     {"mediaType", &kString, ""},      {"size", &kInt64, ""},
    {"urls", &kStrings, ""},      {"annotations", &kStringMap, ""}, {"data", &kBytes, ""},
    {"platform", &kPlatform, ""}, {"artifactType", &kString, ""},
};
constexpr GoType kDescriptor{GoKind::kStruct, "v1.Descriptor", "Descriptor", kDescriptorFields,
                             nullptr};
constexpr GoType kDescriptors{GoKind::kSlice, "[]v1.Descriptor", "", {}, &kDescriptor};

constexpr GoField kListedFields[] = {
    {"digest", &kDigest, "Descriptor"},
    {"mediaType", &kString, "Descriptor"},
    {"size", &kInt64, "Descriptor"},
    {"urls", &kStrings, "Descriptor"},
    {"annotations", &kStringMap, "Descriptor"},
    {"data", &kBytes, "Descriptor"},
    {"artifactType", &kString, "Descriptor"},
    {"platform", &kPlatformSpec, ""},
};
constexpr GoType kListed{GoKind::kStruct, "manifestlist.ManifestDescriptor", "ManifestDescriptor",
                         kListedFields, nullptr};
constexpr GoType kListedSlice{
    GoKind::kSlice, "[]manifestlist.ManifestDescriptor", "", {}, &kListed};

constexpr GoField kVersionedFields[] = {{"schemaVersion", &kInt, "Versioned"},
                                        {"mediaType", &kString, ""}};
constexpr GoType kVersioned{
    GoKind::kStruct,
    "struct { specs.Versioned; MediaType string \"json:\\\"mediaType,omitempty\\\"\" }", "",
    kVersionedFields, nullptr};

constexpr GoField kSchema2Fields[] = {
    {"schemaVersion", &kInt, "Versioned"},
    {"mediaType", &kString, ""},
    {"config", &kDescriptor, ""},
    {"layers", &kDescriptors, ""},
};
constexpr GoType kSchema2{GoKind::kStruct, "schema2.Manifest", "Manifest", kSchema2Fields, nullptr};

constexpr GoField kOciFields[] = {
    {"schemaVersion", &kInt, "Versioned"}, {"mediaType", &kString, ""},
    {"config", &kDescriptor, ""},          {"layers", &kDescriptors, ""},
    {"annotations", &kStringMap, ""},
};
constexpr GoType kOci{GoKind::kStruct, "ocischema.Manifest", "Manifest", kOciFields, nullptr};

constexpr GoField kListFields[] = {
    {"schemaVersion", &kInt, "Versioned"},
    {"mediaType", &kString, ""},
    {"manifests", &kListedSlice, ""},
};
constexpr GoType kList{GoKind::kStruct, "manifestlist.ManifestList", "ManifestList", kListFields,
                       nullptr};

constexpr GoField kIndexFields[] = {
    {"schemaVersion", &kInt, "Versioned"},
    {"mediaType", &kString, ""},
    {"manifests", &kDescriptors, ""},
    {"annotations", &kStringMap, ""},
};
constexpr GoType kIndex{GoKind::kStruct, "ocischema.ImageIndex", "ImageIndex", kIndexFields,
                        nullptr};

}  // namespace v3

/// What tells the versions apart once the schema version is known to be 2.
struct Dialect {
  bool name_embedded;
  const GoType& versioned;
  const GoType& schema2;
  const GoType& oci;
  const GoType& list;
  const GoType& index;
  std::string_view panic;  ///< no mediaType, and not decodable as an index
};

constexpr Dialect kDialect2{false,
                            v2::kVersioned,
                            v2::kSchema2,
                            v2::kOci,
                            v2::kList,
                            v2::kList,
                            "panic: interface conversion: distribution.Manifest is nil, not "
                            "*manifestlist.DeserializedManifestList"};
constexpr Dialect kDialect3{true,
                            v3::kVersioned,
                            v3::kSchema2,
                            v3::kOci,
                            v3::kList,
                            v3::kIndex,
                            "panic: interface conversion: distribution.Manifest is nil, not "
                            "*ocischema.DeserializedImageIndex"};

void mark_slice(const GoValue& slice, Role role, std::vector<MarkedDigest>& marks) {
  for (std::size_t i = 0; i < slice.length; ++i) {
    const GoValue& element = slice[i];
    marks.push_back(
        {element.children.empty() ? go_json::kNoNode : element[kDigestField].node, role});
  }
}

Verdict image(const Document& document, const GoType& type, const Dialect& dialect) {
  Verdict verdict;
  GoValue value;
  verdict.error = go_json::decode(document, type, dialect.name_embedded, value);
  if (!verdict.error.empty()) return verdict;
  const GoValue& config = value[kConfigField];
  verdict.marks.push_back(
      {config.children.empty() ? go_json::kNoNode : config[kDigestField].node, Role::kConfig});
  mark_slice(value[kLayersField], Role::kLayer, verdict.marks);
  return verdict;
}

/// `has_manifests` says whether the list was there at all.
Verdict index(const Document& document, const GoType& type, const Dialect& dialect,
              bool& has_manifests) {
  Verdict verdict;
  GoValue value;
  verdict.error = go_json::decode(document, type, dialect.name_embedded, value);
  if (!verdict.error.empty()) return verdict;
  has_manifests = value[kListField].set;
  mark_slice(value[kListField], Role::kManifest, verdict.marks);
  return verdict;
}

Verdict refuse(std::string error) { return {std::move(error), {}}; }

Verdict schema_2(const Document& document, std::string_view media_type, const Dialect& dialect) {
  bool has_manifests = false;
  if (media_type == kMediaDockerImage) return image(document, dialect.schema2, dialect);
  if (media_type == kMediaOciImage) return image(document, dialect.oci, dialect);
  if (media_type == kMediaDockerList) return index(document, dialect.list, dialect, has_manifests);
  if (media_type == kMediaOciIndex) return index(document, dialect.index, dialect, has_manifests);
  if (!media_type.empty()) {
    return refuse("errors verifying manifest: unrecognized manifest content type " +
                  std::string(media_type));
  }
  Verdict verdict = index(document, dialect.index, dialect, has_manifests);
  if (!verdict.error.empty()) return refuse(std::string(dialect.panic));
  return has_manifests ? verdict : image(document, dialect.oci, dialect);
}

/// 2.8 signs a schema 1 manifest with a throw-away key, parses what it signed and takes the payload
/// out again, counting from the wrong place if the document begins with white space.
Verdict schema_1(const Document& document, std::string_view text) {
  for (NodeId id = 0; id < document.nodes().size(); ++id) {
    if (document.kind(id) == go_json::Kind::kNumber &&
        go_json::overflows_float64(document.raw(id))) {
      return refuse("json: cannot unmarshal number " + std::string(document.raw(id)) +
                    " into Go value of type float64");
    }
  }
  const std::size_t lead = document[Document::root()].begin;
  if (lead != 0) {
    const std::size_t brace = text.find_last_not_of(" \t\r\n");
    const std::size_t length = text.find_last_not_of(" \t\r\n", brace - 1) + 1;
    std::string signed_part = ",\"signatures\":[{\"header\":{\"jwk\":{\"crv\":\"P-256\",\"kid\":\"";
    signed_part.resize(lead, 'A');  // behind the key id nothing here comes out well-formed
    Document shifted;
    std::string payload(text.substr(lead, length - lead));
    payload += signed_part;
    payload += text.substr(length);
    shifted.parse(payload);
    return refuse(shifted.error());
  }
  Verdict verdict;
  GoValue value;
  verdict.error = go_json::decode(document, v2::kSchema1, kDialect2.name_embedded, value);
  if (verdict.error.empty()) mark_slice(value[kListField], Role::kFsLayer, verdict.marks);
  return verdict;
}

Verdict any_schema(const Document& document, std::string_view text, const Dialect& dialect) {
  if (text.size() > kMaxManifestBytes) return refuse(std::string(kTooLarge));
  if (!document.error().empty()) return refuse(document.error());
  GoValue versioned;
  std::string error =
      go_json::decode(document, dialect.versioned, dialect.name_embedded, versioned);
  if (!error.empty()) return refuse(std::move(error));
  const std::int64_t version = versioned[kSchemaVersionField].number;
  if (version == 1 && &dialect == &kDialect2) return schema_1(document, text);
  if (version != 2) {
    return refuse("unrecognized manifest schema version " + std::to_string(version));
  }
  const NodeId media_type = versioned[kMediaTypeField].node;
  return schema_2(document, media_type == go_json::kNoNode ? "" : document.string(media_type),
                  dialect);
}

}  // namespace

Verdict registry_2_8(const Document& document, std::string_view text) {
  return any_schema(document, text, kDialect2);
}

Verdict registry_3(const Document& document, std::string_view text) {
  return any_schema(document, text, kDialect3);
}

}  // namespace regsweep::analyzer
