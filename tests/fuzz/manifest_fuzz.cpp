// Manifests: what ManifestParser makes of any bytes. Checked:
// - kind, references with all their fields, and whether the document is understood are those of a
//   second reading by nlohmann's reader (manifest_reference.h says where the readers differ by
//   nature; the kind is not compared where a name is given twice: the last one counts for Go, any
//   of them for the safe closure);
// - what registries mark is that of the second reading wherever the document is ordinary, and is
//   what the repeated decoders of Go mark, in their order, always: so it is a part of the safe
//   closure's references;
// - the hot path's answer is the careful reader's, whole;
// - an understood document has only digests, and one that is not says why.
#include <algorithm>
#include <memory>

#include "analyzer/manifest.h"
#include "analyzer/manifest_careful.h"
#include "analyzer/manifest_registry.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/manifest_reference.h"

namespace regsweep::fuzz {
namespace {

using analyzer::Manifest;
using analyzer::ManifestType;
using analyzer::Reference;
using analyzer::Role;
namespace go_json = analyzer::go_json;

std::string text_of(const Reference& reference) {
  return reference.valid ? reference.digest.text() : reference.invalid_text;
}

std::string role_name(Role role) {
  switch (role) {
    case Role::kConfig:
      return "config";
    case Role::kLayer:
      return "layers";
    case Role::kManifest:
      return "manifests";
    case Role::kFsLayer:
      return "fslayers";
    case Role::kBlob:
      return "blobs";
    case Role::kSubject:
      return "subject";
  }
  return "";
}

/// Every field of a reference, as text.
std::string line_of(const Reference& r) {
  return role_name(r.role) + ' ' + (r.valid ? "" : "invalid ") + text_of(r) + ' ' +
         std::to_string(r.size_bytes) + (r.foreign ? " foreign" : "") +
         (r.is_manifest ? " manifest" : "") + (r.marked_by_2_8 ? " 2.8" : "") +
         (r.marked_by_3 ? " 3" : "") + ' ' + std::string(r.media_type);
}

std::string line_of(const Manifest& m) {
  std::string text = std::string(manifest_type_name(m.type)) + (m.understood ? "" : " unclear") +
                     '\n' + m.problem + '\n' + m.media_type + '\n' + m.artifact_type + '\n' +
                     m.error_2_8 + '\n' + m.error_3;
  for (const Reference& reference : m.references) text += '\n' + line_of(reference);
  return text;
}

/// `kept` is `whole`, or its beginning up to a character where it is too long to be kept.
bool is_capped(std::string_view kept, std::string_view whole) {
  if (whole.size() <= analyzer::kMaxTypeBytes) return kept == whole;
  return whole.starts_with(kept) && kept.size() <= analyzer::kMaxTypeBytes &&
         kept.size() + 3 >= analyzer::kMaxTypeBytes &&
         (static_cast<unsigned char>(whole[kept.size()]) & 0xC0) != 0x80;
}

bool is_same(const Reference& found, const WantedReference& wanted) {
  return role_name(found.role) == wanted.role && text_of(found) == wanted.digest &&
         found.valid == is_digest(wanted.digest) && found.size_bytes == wanted.size_bytes &&
         found.foreign == wanted.foreign && found.is_manifest == wanted.is_manifest &&
         is_capped(found.media_type, wanted.media_type);
}

using Marks = std::vector<std::string>;

Marks marks_of(const Manifest& manifest, bool Reference::*marked) {
  Marks marks;
  for (const Reference& reference : manifest.references) {
    if (reference.*marked) marks.push_back(text_of(reference));
  }
  return marks;
}

Marks marks_of(const analyzer::Verdict& verdict, const go_json::Document& document) {
  Marks marks;
  for (const analyzer::MarkedDigest& mark : verdict.marks) {
    marks.push_back(mark.digest == go_json::kNoNode ? "" : document.string(mark.digest));
  }
  return marks;
}

std::string joined(const Marks& marks) {
  std::string text;
  for (const std::string& mark : marks) text += mark + ' ';
  return text;
}

void check_itself(const Manifest& m) {
  for (const Reference& reference : m.references) {
    const std::string& text = reference.invalid_text;
    REGSWEEP_HOLDS(reference.valid ? text.empty() : !is_digest(text), line_of(m));
    REGSWEEP_HOLDS(!m.understood || reference.valid || text.empty(), line_of(m));
  }
  REGSWEEP_HOLDS(m.understood || !m.problem.empty(), line_of(m));
  REGSWEEP_HOLDS(m.type != ManifestType::kUnreadable || !m.understood, line_of(m));
}

/// The repeated decoders see the text itself, whichever way it was read.
void check_registries(const Manifest& m, std::string_view text) {
  go_json::Document document;
  document.parse(text);
  const analyzer::Verdict two = analyzer::registry_2_8(document, text);
  const analyzer::Verdict three = analyzer::registry_3(document, text);
  REGSWEEP_HOLDS(m.error_2_8 == two.error, m.error_2_8 + " / " + two.error);
  REGSWEEP_HOLDS(m.error_3 == three.error, m.error_3 + " / " + three.error);
  const Marks by_2_8 = marks_of(m, &Reference::marked_by_2_8);
  const Marks by_3 = marks_of(m, &Reference::marked_by_3);
  REGSWEEP_HOLDS(by_2_8 == marks_of(two, document), line_of(m));
  REGSWEEP_HOLDS(by_3 == marks_of(three, document), line_of(m));
  REGSWEEP_HOLDS(two.error.empty() || two.marks.empty(), two.error);
  REGSWEEP_HOLDS(three.error.empty() || three.marks.empty(), three.error);
}

void check_careful(const Manifest& m, std::string_view text) {
  go_json::Document document;
  Manifest careful;
  analyzer::parse_carefully(text, document, careful);
  REGSWEEP_HOLDS(line_of(m) == line_of(careful),
                 line_of(m) + "\n-- carefully:\n" + line_of(careful));
}

/// Each wanted reference is there once, and beside them only marks of empty digests are.
void check_references(const Manifest& m, const WantedManifest& wanted) {
  std::vector<WantedReference> open = wanted.references;
  for (const Reference& reference : m.references) {
    if (!reference.valid && reference.invalid_text.empty()) {
      REGSWEEP_HOLDS(reference.marked_by_2_8 || reference.marked_by_3, line_of(m));
      continue;
    }
    const auto at = std::find_if(open.begin(), open.end(), [&](const WantedReference& one) {
      return is_same(reference, one);
    });
    REGSWEEP_HOLDS(at != open.end(), "not wanted: " + line_of(reference) + "\nin " + line_of(m));
    open.erase(at);
  }
  REGSWEEP_HOLDS(open.empty(),
                 "missing: " + open[0].role + ' ' + open[0].digest + "\nin " + line_of(m));
}

void check_second_reading(const Manifest& m, std::string_view text) {
  const Reading reading = read_json(text);
  if (!reading.comparable) return;
  if (!reading.has_value || reading.value.kind != Value::Kind::kObject) {
    REGSWEEP_HOLDS(!m.understood && m.references.empty(), line_of(m));
    REGSWEEP_HOLDS(!m.error_2_8.empty() || !m.error_3.empty(), line_of(m));
    return;
  }
  const WantedManifest wanted = wanted_manifest(reading.value);
  REGSWEEP_HOLDS(m.understood != wanted.hides, line_of(m));
  check_references(m, wanted);
  REGSWEEP_HOLDS(is_capped(m.media_type, wanted.media_type), line_of(m));
  REGSWEEP_HOLDS(is_capped(m.artifact_type, wanted.artifact_type), line_of(m));
  if (wanted.plain) REGSWEEP_HOLDS(manifest_type_name(m.type) == wanted.type, line_of(m));
  if (!reading.ends) {
    REGSWEEP_HOLDS(!m.error_2_8.empty() && !m.error_3.empty(), line_of(m));
  } else if (wanted.refused) {
    REGSWEEP_HOLDS(!m.error_2_8.empty() && !m.error_3.empty(), line_of(m));
  } else if (wanted.marks) {
    REGSWEEP_HOLDS(m.error_2_8.empty() && m.error_3.empty(), line_of(m));
    for (const auto marked : {&Reference::marked_by_2_8, &Reference::marked_by_3}) {
      const Marks marks = marks_of(m, marked);
      REGSWEEP_HOLDS(marks == *wanted.marks, joined(*wanted.marks) + "\nin " + line_of(m));
    }
  }
}

}  // namespace

REGSWEEP_FUZZER(manifest) {
  // With buffers that others have used before, as in a scan.
  static analyzer::ManifestParser parser;
  const std::vector<char> copy = exact_copy(input, analyzer::ManifestParser::padding_bytes());
  const std::string_view text(copy.data(), input.size());
  const Manifest& manifest = parser.parse(text);
  check_itself(manifest);
  check_registries(manifest, text);
  check_careful(manifest, text);
  check_second_reading(manifest, text);
}

}  // namespace regsweep::fuzz
