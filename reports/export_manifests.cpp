// Rows of manifests and of their references.
#include <algorithm>

#include "analyzer/media_type_of.h"
#include "analyzer/sort_unique.h"
#include "reports/export_rows.h"
#include "reports/humanize.h"
#include "reports/why_report.h"

namespace regsweep::reports {
namespace {

using analyzer::Bytes;
using analyzer::DigestId;
using analyzer::Edge;
using analyzer::Graph;
using analyzer::kNoDigest;
using analyzer::Role;
using analyzer::SizeMismatch;

/// Calls `f(id)` for each manifest, by the text of its digest.
template <class F>
void each_manifest(const ExportModel& model, F&& f) {
  for (const DigestId id : model.by_text) {
    if (model.audit.survey.graph.is_manifest(id)) f(id);
  }
}

/// What a manifest's references add up to.
struct Contents {
  DigestId subject = kNoDigest;
  std::int64_t references = 0;
  std::int64_t manifests = 0;
  std::vector<DigestId> layers;  ///< sorted, each once
  Bytes bytes;                   ///< of `layers`
};

void read_contents(const Graph& graph, DigestId id, Contents& contents) {
  contents.layers.clear();
  contents.subject = kNoDigest;
  contents.references = contents.manifests = 0;
  contents.bytes = {};
  graph.each_edge(id, [&](const Edge& edge) {
    ++contents.references;
    const Role role = edge.role();
    if (role == Role::kManifest) ++contents.manifests;
    if ((edge.flags & analyzer::kInvalid) != 0) return;
    if (role == Role::kSubject && contents.subject == kNoDigest) contents.subject = edge.to;
    if (role == Role::kLayer || role == Role::kFsLayer || role == Role::kBlob) {
      contents.layers.push_back(edge.to);
    }
  });
  auto& layers = contents.layers;
  analyzer::sort_unique(layers);
  for (const DigestId layer : layers) {
    const DigestId blob = graph.present_blob(layer);
    if (blob != kNoDigest) contents.bytes += graph.bytes(blob);
  }
}

void put_message(RowSink& sink, const std::string& message) {
  message.empty() ? sink.null() : sink.text(message_text(message));
}

/// Declared sizes that differ, by the manifest.
std::vector<SizeMismatch> by_manifest(const Graph& graph) {
  std::vector<SizeMismatch> rows = graph.size_mismatches;
  std::stable_sort(rows.begin(), rows.end(), [](const SizeMismatch& a, const SizeMismatch& b) {
    return a.manifest < b.manifest;
  });
  return rows;
}

/// What a manifest declares for a blob of another size; nothing is noted of a subject. Where it
/// names the blob twice with different sizes, the smallest.
const SizeMismatch* declared(const std::vector<SizeMismatch>& mismatches, DigestId manifest,
                             const Edge& edge) {
  if (mismatches.empty() || edge.role() == Role::kSubject) return nullptr;
  auto at = std::lower_bound(
      mismatches.begin(), mismatches.end(), manifest,
      [](const SizeMismatch& mismatch, DigestId id) { return mismatch.manifest < id; });
  for (; at != mismatches.end() && at->manifest == manifest; ++at) {
    if (at->blob == edge.to) return &*at;
  }
  return nullptr;
}

}  // namespace

void manifest_rows(const ExportModel& model, RowSink& sink) {
  const Graph& graph = model.audit.survey.graph;
  Contents contents;
  each_manifest(model, [&](DigestId id) {
    read_contents(graph, id, contents);
    sink.digest(id);
    sink.text(manifest_type_name(graph.type(id)));
    const std::string_view media_type = analyzer::media_type_of(graph.type(id));
    media_type.empty() ? sink.null() : sink.text(media_type);
    contents.subject == kNoDigest ? sink.null() : sink.digest(contents.subject);
    sink.integer(contents.references);
    sink.integer(contents.manifests);
    sink.integer(static_cast<std::int64_t>(contents.layers.size()));
    sink.integer(static_cast<std::int64_t>(contents.bytes.apparent));
    sink.integer(static_cast<std::int64_t>(contents.bytes.allocated));
    sink.boolean(!graph.has(id, analyzer::kNotUnderstood));
    static const analyzer::ManifestOddity kPlain;
    const analyzer::ManifestOddity* oddity = graph.oddity(id);
    const analyzer::ManifestOddity& odd = oddity == nullptr ? kPlain : *oddity;
    put_message(sink, odd.problem);
    put_message(sink, odd.error_2_8);
    put_message(sink, odd.error_3);
    sink.end_row();
  });
}

void edge_rows(const ExportModel& model, RowSink& sink) {
  const Graph& graph = model.audit.survey.graph;
  const std::vector<SizeMismatch> mismatches = by_manifest(graph);
  each_manifest(model, [&](DigestId id) {
    std::int64_t position = 0;
    graph.each_edge(id, [&](const Edge& edge) {
      const bool invalid = (edge.flags & analyzer::kInvalid) != 0;
      sink.digest(id);
      sink.integer(position++);
      invalid ? sink.null() : sink.digest(edge.to);
      sink.text(role_name(edge.role()));
      const std::string& media_type = model.media_types[edge.media];
      media_type.empty() ? sink.null() : sink.text(media_type);
      sink.boolean((edge.flags & analyzer::kForeign) != 0);
      const SizeMismatch* mismatch = invalid ? nullptr : declared(mismatches, id, edge);
      mismatch == nullptr ? sink.null() : sink.integer(mismatch->declared_bytes);
      sink.boolean((edge.flags & analyzer::kMarkedBy28) != 0);
      sink.boolean((edge.flags & analyzer::kMarkedBy3) != 0);
      invalid ? sink.text(printable(graph.invalid_texts[row(edge.to)])) : sink.null();
      sink.end_row();
    });
  });
}

}  // namespace regsweep::reports
