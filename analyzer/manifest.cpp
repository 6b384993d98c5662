#include "analyzer/manifest.h"

#include <simdjson.h>

#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "analyzer/go_json.h"
#include "analyzer/manifest_careful.h"
#include "analyzer/manifest_registry.h"

namespace regsweep::analyzer {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

/// Documents up to this size need no allocation from the first on.
constexpr std::size_t kUsualBytes = 32 << 10;

/// From this size on, documents that need care are read one at a time.
constexpr std::size_t kLargeBytes = 256 << 10;

// The hot path knows the keys below in exactly these letters, each at most once in an object. A key
// that Go may take for one of them, and whatever else Go has a rule of its own for, makes the
// document one to be read carefully.
enum class Key : std::uint8_t {
  kOther,  ///< of no meaning to anyone
  kOdd,    ///< perhaps one of ours in other letters
  kSchemaVersion,
  kMediaType,
  kConfig,
  kLayers,
  kManifests,
  kSubject,
  kAnnotations,
  kArtifactType,
  kBlobs,
  kFsLayers,  // of a document
  kDigest,
  kSize,
  kUrls,
  kData,
  kPlatform,  // of a descriptor
  kArchitecture,
  kOs,
  kOsVersion,
  kOsFeatures,
  kVariant,
  kFeatures,  // of a platform
};

struct Spelling {
  std::string_view text;
  Key key;
};

/// Finds `name` in `spellings`, all of its length.
template <std::size_t N>
Key among(const Spelling (&spellings)[N], std::string_view name) {
  for (const Spelling& s : spellings) {
    if (s.text == name) return s.key;
  }
  for (const Spelling& s : spellings) {
    if (go_json::fold_equal(s.text, name)) return Key::kOdd;
  }
  return Key::kOther;
}

/// A key of a document, a descriptor or a platform. One table for all three: a key that belongs to
/// another of them is refused by whoever meets it, which costs time and changes nothing.
Key find_key(std::string_view name) {
  for (const char c : name) {
    if (static_cast<unsigned char>(c) >= 0x80) return Key::kOdd;  // U+017F is an s to Go
  }
  switch (name.size()) {
    case 2:
      return among({{"os", Key::kOs}}, name);
    case 4:
      return among({{"size", Key::kSize}, {"urls", Key::kUrls}, {"data", Key::kData}}, name);
    case 5:
      return among({{"blobs", Key::kBlobs}}, name);
    case 6:
      return among({{"digest", Key::kDigest}, {"layers", Key::kLayers}, {"config", Key::kConfig}},
                   name);
    case 7:
      return among({{"subject", Key::kSubject}, {"variant", Key::kVariant}}, name);
    case 8:
      return among({{"platform", Key::kPlatform},
                    {"fsLayers", Key::kFsLayers},
                    {"features", Key::kFeatures}},
                   name);
    case 9:
      return among({{"mediaType", Key::kMediaType}, {"manifests", Key::kManifests}}, name);
    case 10:
      return among({{"os.version", Key::kOsVersion}}, name);
    case 11:
      return among({{"annotations", Key::kAnnotations}, {"os.features", Key::kOsFeatures}}, name);
    case 12:
      return among({{"architecture", Key::kArchitecture}, {"artifactType", Key::kArtifactType}},
                   name);
    case 13:
      return among({{"schemaVersion", Key::kSchemaVersion}}, name);
    default:
      return Key::kOther;
  }
}

/// The keys that one object had.
class KeySet {
 public:
  bool add(Key key) {
    const std::uint32_t bit = 1U << static_cast<unsigned>(key);
    const bool fresh = (bits_ & bit) == 0;
    bits_ |= bit;
    return fresh;
  }
  bool has(Key key) const { return (bits_ >> static_cast<unsigned>(key) & 1U) != 0; }

 private:
  std::uint32_t bits_ = 0;
};

/// Calls `f(key, value)` for each member that means anything; false if `f` is, or there is an
/// oddity.
template <typename F>
bool each_member(element object, F f) {
  simdjson::dom::object members;
  if (object.get(members) != simdjson::SUCCESS) return false;
  KeySet seen;
  for (const auto member : members) {
    const Key key = find_key(member.key);
    if (key == Key::kOther) continue;
    if (key == Key::kOdd || !seen.add(key) || !f(key, member.value)) return false;
  }
  return true;
}

template <typename F>
bool each_element(element array, F f) {
  simdjson::dom::array elements;
  if (array.get(elements) != simdjson::SUCCESS) return false;
  for (const element value : elements) {
    if (!f(value)) return false;
  }
  return true;
}

bool get_string(element value, std::string_view& out) {
  return value.get(out) == simdjson::SUCCESS;
}

bool is_string_list(element value) {
  return each_element(value, [](element e) { return e.type() == element_type::STRING; });
}

bool is_string_map(element value) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return false;
  for (const auto member : members) {
    if (member.value.type() != element_type::STRING) return false;
  }
  return true;
}

bool is_platform(element value) {
  return each_member(value, [](Key key, element e) {
    switch (key) {
      case Key::kArchitecture:
      case Key::kOs:
      case Key::kOsVersion:
      case Key::kVariant:
        return e.type() == element_type::STRING;
      case Key::kOsFeatures:
      case Key::kFeatures:
        return is_string_list(e);
      default:
        return false;
    }
  });
}

bool add_descriptor(element value, Role role, std::vector<Reference>& out) {
  Reference& reference = out.emplace_back();
  reference.role = role;
  reference.is_manifest = role == Role::kManifest || role == Role::kSubject;
  bool has_digest = false;
  const bool plain = each_member(value, [&](Key key, element e) {
    std::string_view text;
    switch (key) {
      case Key::kDigest:
        has_digest = true;
        return get_string(e, text) &&
               storage::parse_digest(text, reference.digest) == storage::DigestError::kNone;
      case Key::kMediaType:
        if (!get_string(e, text)) return false;
        if (is_manifest_media_type(text)) reference.is_manifest = true;
        reference.media_type = capped(text);
        return true;
      case Key::kSize:
        return e.type() == element_type::INT64 && e.get(reference.size_bytes) == simdjson::SUCCESS;
      case Key::kUrls: {
        simdjson::dom::array urls;
        if (e.get(urls) != simdjson::SUCCESS) return false;
        reference.foreign = urls.begin() != urls.end();
        return is_string_list(e);
      }
      case Key::kAnnotations:
        return is_string_map(e);
      case Key::kData:
        return get_string(e, text) && go_json::base64_error(text).empty();
      case Key::kPlatform:
        return is_platform(e);
      case Key::kArtifactType:
        return e.type() == element_type::STRING;
      default:
        return false;
    }
  });
  return plain && has_digest;
}

bool add_descriptors(element value, Role role, std::vector<Reference>& out) {
  return each_element(value, [&](element e) { return add_descriptor(e, role, out); });
}

/// What an image or index is made of.
struct Fields {
  KeySet seen;
  std::int64_t version = 0;
  std::string_view media_type;
  std::string_view artifact_type;
  element config;
  element layers;
  element manifests;
  element subject;
};

/// False for a document that must be read with care: one member is of a kind that it should not be,
/// or of an unknown name.
bool read_fields(element root, Fields& fields) {
  return each_member(root, [&](Key key, element value) {
    fields.seen.add(key);
    switch (key) {
      case Key::kSchemaVersion:
        return value.get(fields.version) == simdjson::SUCCESS && fields.version == 2;
      case Key::kMediaType:
        return get_string(value, fields.media_type);
      case Key::kArtifactType:
        return get_string(value, fields.artifact_type);
      case Key::kAnnotations:
        return is_string_map(value);
      case Key::kConfig:
        fields.config = value;
        return true;
      case Key::kLayers:
        fields.layers = value;
        return true;
      case Key::kManifests:
        fields.manifests = value;
        return true;
      case Key::kSubject:
        fields.subject = value;
        return true;
      case Key::kSize:
      case Key::kDigest:
      case Key::kUrls:
      case Key::kData:
      case Key::kPlatform:
      case Key::kArchitecture:
      case Key::kOs:
      case Key::kOsVersion:
      case Key::kOsFeatures:
      case Key::kVariant:
      case Key::kFeatures:
        return true;
      default:
        return false;
    }
  });
}

/// The type of an ordinary image or index of version 2, which has the members of one of them alone;
/// nothing for any other document.
std::optional<ManifestType> plain_type(const Fields& fields) {
  const bool config = fields.seen.has(Key::kConfig);
  const bool layers = fields.seen.has(Key::kLayers);
  const bool index = fields.seen.has(Key::kManifests);
  const bool image = config && layers;
  if (fields.version != 2 || image == index || config != layers) return std::nullopt;
  const std::string_view media_type = fields.media_type;
  if (media_type.empty()) return image ? ManifestType::kOciImage : ManifestType::kOciIndex;
  if (image) {
    if (media_type == kMediaDockerImage) return ManifestType::kDockerImage;
    if (media_type == kMediaOciImage) return ManifestType::kOciImage;
    return std::nullopt;
  }
  if (media_type == kMediaDockerList) return ManifestType::kDockerList;
  if (media_type == kMediaOciIndex) return ManifestType::kOciIndex;
  return std::nullopt;
}

}  // namespace

struct ManifestParser::Impl {
  simdjson::dom::parser parser;
  go_json::Document document;
  Manifest manifest;

  void clear();
  bool parse_plain(std::string_view text);
  bool take_plain(element root);
};

void ManifestParser::Impl::clear() {
  manifest.type = ManifestType::kUnreadable;
  manifest.understood = false;
  manifest.problem.clear();
  manifest.media_type.clear();
  manifest.artifact_type.clear();
  manifest.references.clear();
  manifest.texts.clear();
  manifest.error_2_8.clear();
  manifest.error_3.clear();
}

/// An ordinary image or index of version 2, on which both registries agree. Returns false for
/// anything else, and leaves `manifest` in disorder.
bool ManifestParser::Impl::take_plain(element root) {
  Fields fields;
  if (!read_fields(root, fields)) return false;
  const std::optional<ManifestType> type = plain_type(fields);
  if (!type) return false;
  std::vector<Reference>& references = manifest.references;
  const bool image = fields.seen.has(Key::kConfig);
  const bool taken = image ? add_descriptor(fields.config, Role::kConfig, references) &&
                                 add_descriptors(fields.layers, Role::kLayer, references)
                           : add_descriptors(fields.manifests, Role::kManifest, references);
  if (!taken) return false;
  for (Reference& reference : references) {
    reference.marked_by_2_8 = true;
    reference.marked_by_3 = true;
  }
  if (fields.seen.has(Key::kSubject) &&
      !add_descriptor(fields.subject, Role::kSubject, references)) {
    return false;
  }
  manifest.type = *type;
  manifest.media_type = capped(fields.media_type);
  manifest.artifact_type = capped(fields.artifact_type);
  manifest.understood = true;
  return true;
}

bool ManifestParser::Impl::parse_plain(std::string_view text) {
  if (text.empty() || text.size() > kMaxManifestBytes) return false;
  if (static_cast<unsigned char>(text[0]) >= 0x80) return false;  // a byte order mark
  element root;
  const auto error = parser.parse(text.data(), text.size(), false).get(root);
  // A parser that got no memory must not be used again; and the text may well be a manifest.
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error != simdjson::SUCCESS) return false;
  return take_plain(root);
}

ManifestParser::ManifestParser() : impl_(std::make_unique<Impl>()) {
  // Used after it got only a part of its memory, this parser would write to nowhere.
  if (impl_->parser.allocate(kUsualBytes) != simdjson::SUCCESS) throw std::bad_alloc();
}
ManifestParser::~ManifestParser() = default;
ManifestParser::ManifestParser(ManifestParser&&) noexcept = default;
ManifestParser& ManifestParser::operator=(ManifestParser&&) noexcept = default;

std::size_t ManifestParser::padding_bytes() noexcept { return simdjson::SIMDJSON_PADDING; }

const Manifest& ManifestParser::parse(std::string_view document) {
  impl_->clear();
  if (!impl_->parse_plain(document)) {
    impl_->clear();
    // A document may take fifty times its size while it is read with care: large ones in turn.
    static std::mutex large;
    std::unique_lock<std::mutex> turn;
    if (document.size() > kLargeBytes) turn = std::unique_lock(large);
    parse_carefully(document, impl_->document, impl_->manifest);
    if (turn) impl_->document = go_json::Document();
  }
  return impl_->manifest;
}

std::string_view manifest_type_name(ManifestType type) noexcept {
  switch (type) {
    case ManifestType::kUnknown:
      return "unknown";
    case ManifestType::kDockerImage:
      return "docker image";
    case ManifestType::kDockerList:
      return "docker list";
    case ManifestType::kOciImage:
      return "image";
    case ManifestType::kOciIndex:
      return "index";
    case ManifestType::kArtifact:
      return "artifact";
    case ManifestType::kSchema1:
      return "schema 1";
    case ManifestType::kUnreadable:
      return "unreadable";
  }
  return "unknown";
}

}  // namespace regsweep::analyzer
