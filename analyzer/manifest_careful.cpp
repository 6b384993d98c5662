#include "analyzer/manifest_careful.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>

#include "analyzer/manifest_registry.h"

namespace regsweep::analyzer {
namespace {

using go_json::Document;
using go_json::Kind;
using go_json::kNoNode;
using go_json::NodeId;

/// A field that holds references.
struct ReferenceField {
  std::string_view key;
  Role role;
  bool list;
  std::string_view digest_key;
};
constexpr std::array<ReferenceField, 6> kReferenceFields = {{
    {"config", Role::kConfig, false, "digest"},
    {"layers", Role::kLayer, true, "digest"},
    {"manifests", Role::kManifest, true, "digest"},
    {"blobs", Role::kBlob, true, "digest"},
    {"fsLayers", Role::kFsLayer, true, "blobSum"},
    {"subject", Role::kSubject, false, "digest"},
}};

/// One digest that stands in the document.
struct Occurrence {
  NodeId digest = kNoNode;
  Reference reference;
  bool listed = false;
};

/// Everything of a document that looks like a reference, and what may hide one.
class Collector {
 public:
  Collector(const Document& document, std::deque<std::string>& texts)
      : document_(document), texts_(texts) {}

  void collect();

  std::vector<Occurrence> occurrences;
  std::string hiding;  ///< where a reference may hide, empty if nowhere
  std::string oddity;  ///< what Go takes otherwise than others might
  std::string media_type;
  std::string artifact_type;
  std::int64_t schema_version = 0;
  std::array<bool, kReferenceFields.size()> present{};  ///< and not null

 private:
  void field(const ReferenceField& field, NodeId value);
  void descriptor(const ReferenceField& field, NodeId value);
  void digest(const ReferenceField& field, NodeId value, const Reference& shared);
  void hides(std::string reason) {
    if (hiding.empty()) hiding = std::move(reason);
  }

  const Document& document_;
  std::deque<std::string>& texts_;
};

void Collector::collect() {
  std::array<bool, kReferenceFields.size()> seen{};
  document_.each_member(Document::root(), [&](NodeId key, NodeId value) {
    const std::string name = document_.string(key);
    const bool is_string = document_.kind(value) == Kind::kString;
    for (std::size_t i = 0; i < kReferenceFields.size(); ++i) {
      const ReferenceField& candidate = kReferenceFields[i];
      if (!go_json::fold_equal(candidate.key, name)) continue;
      if (seen[i] && oddity.empty()) oddity = "more than one " + std::string(candidate.key);
      if (name != candidate.key && oddity.empty()) {
        oddity = std::string(candidate.key) + " spelled in other letters";
      }
      seen[i] = true;
      if (document_.kind(value) == Kind::kNull) return true;
      present[i] = true;
      field(candidate, value);
      return true;
    }
    if (is_string && go_json::fold_equal("mediaType", name)) {
      media_type = document_.string(value);
    } else if (is_string && go_json::fold_equal("artifactType", name)) {
      artifact_type = document_.string(value);
    } else if (go_json::fold_equal("schemaVersion", name)) {
      const std::string_view text = document_.raw(value);
      std::int64_t number = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
      if (read.ec == std::errc() && read.ptr == text.data() + text.size()) schema_version = number;
    }
    return true;
  });
}

void Collector::field(const ReferenceField& field, NodeId value) {
  const std::string key(field.key);
  const Kind kind = document_.kind(value);
  if (!field.list) {
    if (kind != Kind::kObject) return hides(key + " is not an object");
    return descriptor(field, value);
  }
  if (kind != Kind::kArray) return hides(key + " is not a list");
  document_.each_element(value, [&](NodeId element) {
    if (document_.kind(element) == Kind::kObject) {
      descriptor(field, element);
    } else if (document_.kind(element) != Kind::kNull) {
      hides(key + " holds what is not an object");
    }
    return true;
  });
}

void Collector::descriptor(const ReferenceField& field, NodeId value) {
  Reference shared;
  shared.role = field.role;
  std::string type;
  document_.each_member(value, [&](NodeId key, NodeId member) {
    const std::string name = document_.string(key);
    const Kind kind = document_.kind(member);
    if (kind == Kind::kString && go_json::fold_equal("mediaType", name)) {
      type = document_.string(member);
    } else if (kind == Kind::kArray && go_json::fold_equal("urls", name)) {
      shared.foreign = document_[member].next != member + 1;
    } else if (kind == Kind::kNumber && go_json::fold_equal("size", name)) {
      const std::string_view text = document_.raw(member);
      std::int64_t size = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), size);
      if (read.ec == std::errc() && read.ptr == text.data() + text.size()) shared.size_bytes = size;
    }
    return true;
  });
  shared.is_manifest =
      field.role == Role::kManifest || field.role == Role::kSubject || is_manifest_media_type(type);
  if (!type.empty()) shared.media_type = texts_.emplace_back(capped(type));
  document_.each_member(value, [&](NodeId key, NodeId member) {
    if (go_json::fold_equal(field.digest_key, document_.string(key))) {
      digest(field, member, shared);
    }
    return true;
  });
}

void Collector::digest(const ReferenceField& field, NodeId value, const Reference& shared) {
  const std::string where = std::string(field.digest_key) + " of " + std::string(field.key);
  if (document_.kind(value) == Kind::kNull) return;
  if (document_.kind(value) != Kind::kString) return hides(where + " is not a string");
  const std::string text = document_.string(value);
  Occurrence occurrence{value, shared, false};
  const storage::DigestError error = storage::parse_digest(text, occurrence.reference.digest);
  if (error != storage::DigestError::kNone) {
    if (!text.empty()) hides(where + ": " + std::string(storage::digest_error_text(error)));
    occurrence.reference.digest = storage::Digest();
    occurrence.reference.valid = false;
    occurrence.reference.invalid_text = text;
    occurrence.listed = text.empty();  // refers to nothing; still marked if a registry does so
  }
  occurrences.push_back(std::move(occurrence));
}

/// Appends what a mark stands for to `out`, as marked by neither.
Reference& add_marked(const MarkedDigest& mark, std::vector<Occurrence>& occurrences,
                      std::vector<Reference>& out) {
  const auto found = std::lower_bound(
      occurrences.begin(), occurrences.end(), mark.digest,
      [](const Occurrence& occurrence, NodeId id) { return occurrence.digest < id; });
  if (found != occurrences.end() && found->digest == mark.digest) {
    found->listed = true;
    return out.emplace_back(found->reference);
  }
  Reference absent;
  absent.valid = false;
  absent.role = mark.role;
  absent.is_manifest = mark.role == Role::kManifest;
  return out.emplace_back(std::move(absent));
}

void list_references(const Verdict& two, const Verdict& three, std::vector<Occurrence>& occurrences,
                     std::vector<Reference>& out) {
  const bool same = two.marks == three.marks;
  for (const MarkedDigest& mark : two.marks) {
    Reference& reference = add_marked(mark, occurrences, out);
    reference.marked_by_2_8 = true;
    reference.marked_by_3 = same;
  }
  if (!same) {
    // Where both go on they mark the same; this is for a day on which that is no longer so.
    std::size_t at = 0;
    for (const MarkedDigest& mark : three.marks) {
      const auto begin = two.marks.begin() + static_cast<std::ptrdiff_t>(at);
      const auto found = std::find(begin, two.marks.end(), mark);
      if (found == two.marks.end()) {
        add_marked(mark, occurrences, out).marked_by_3 = true;
      } else {
        at = static_cast<std::size_t>(found - two.marks.begin());
        out[at++].marked_by_3 = true;
      }
    }
  }
  for (Occurrence& occurrence : occurrences) {
    if (!occurrence.listed) out.push_back(std::move(occurrence.reference));
  }
}

ManifestType classify(const Collector& seen) {
  const auto has = [&seen](Role role) {
    for (std::size_t i = 0; i < kReferenceFields.size(); ++i) {
      if (kReferenceFields[i].role == role) return seen.present[i];
    }
    return false;
  };
  if (seen.schema_version == 1) return ManifestType::kSchema1;
  if (seen.media_type == kMediaDockerImage) return ManifestType::kDockerImage;
  if (seen.media_type == kMediaDockerList) return ManifestType::kDockerList;
  if (seen.media_type == kMediaOciImage) return ManifestType::kOciImage;
  if (seen.media_type == kMediaOciIndex) return ManifestType::kOciIndex;
  if (seen.media_type == kMediaArtifact) return ManifestType::kArtifact;
  if (seen.media_type == kMediaSchema1 || seen.media_type == kMediaSchema1Signed) {
    return ManifestType::kSchema1;
  }
  if (!seen.media_type.empty()) return ManifestType::kUnknown;
  if (has(Role::kManifest)) return ManifestType::kOciIndex;
  return has(Role::kConfig) || has(Role::kLayer) ? ManifestType::kOciImage : ManifestType::kUnknown;
}

}  // namespace

std::string_view capped(std::string_view text) noexcept {
  if (text.size() <= kMaxTypeBytes) return text;
  std::size_t end = kMaxTypeBytes;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

bool is_manifest_media_type(std::string_view media_type) noexcept {
  static constexpr std::array kTypes = {kMediaDockerImage,  kMediaDockerList, kMediaOciImage,
                                        kMediaOciIndex,     kMediaArtifact,   kMediaSchema1,
                                        kMediaSchema1Signed};
  return std::find(kTypes.begin(), kTypes.end(), media_type) != kTypes.end();
}

void parse_carefully(std::string_view text, Document& document, Manifest& out) {
  document.parse(text);
  Verdict two = registry_2_8(document, text);
  Verdict three = registry_3(document, text);
  const bool is_object = document.has_root() && document.kind(Document::root()) == Kind::kObject;
  if (is_object) {
    Collector seen(document, out.texts);
    seen.collect();
    list_references(two, three, seen.occurrences, out.references);
    out.type = classify(seen);
    out.media_type = capped(seen.media_type);
    out.artifact_type = capped(seen.artifact_type);
    out.understood = seen.hiding.empty();
    out.problem = !out.understood             ? std::move(seen.hiding)
                  : !document.error().empty() ? "data behind the document: " + document.error()
                                              : std::move(seen.oddity);
  } else {
    out.type = document.has_root() ? ManifestType::kUnknown : ManifestType::kUnreadable;
    out.problem = document.has_root() ? "not a JSON object" : document.error();
  }
  out.error_2_8 = std::move(two.error);
  out.error_3 = std::move(three.error);
}

}  // namespace regsweep::analyzer
