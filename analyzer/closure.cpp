#include "analyzer/closure.h"

#include <algorithm>
#include <set>
#include <utility>

#include "analyzer/repair_parts.h"

namespace regsweep::analyzer {
namespace {

using storage::Digest;

bool has_wrong_size(const Graph& graph, DigestId manifest, DigestId blob) {
  const auto& all = graph.size_mismatches;  // by blob
  auto at = std::lower_bound(all.begin(), all.end(), blob,
                             [](const SizeMismatch& one, DigestId id) { return one.blob < id; });
  for (; at != all.end() && at->blob == blob; ++at) {
    if (at->manifest == manifest) return true;
  }
  return false;
}

}  // namespace

Closure Closures::of(const Digest& digest) {
  Closure closure;
  std::set<std::pair<Digest, bool>> seen;  // and whether as a manifest: one may be named as both
  std::set<Digest> lacking;
  std::set<Digest> stored;
  std::vector<Part> pending = {{digest, Role::kManifest, false, false}};
  for (std::size_t next = 0; next < pending.size(); ++next) {
    const Part part = pending[next];  // the vector grows below
    if (!seen.emplace(part.digest, part.role == Role::kManifest).second) continue;
    std::string problem = problem_of(part);
    const auto id = graph_.digests.find(part.digest);
    const DigestId blob = id ? graph_.present_blob(*id) : kNoDigest;
    if (blob != kNoDigest && stored.insert(graph_.digests[blob]).second) {
      closure.blobs.push_back(graph_.digests[blob]);
      closure.size += graph_.file_bytes(blob);
    }
    if (problem.empty() && part.role == Role::kManifest) {
      const Document& document = document_of(part.digest, blob);
      problem = document.problem;
      if (next == 0) closure.type = document.type;
      if (problem.empty()) closure.manifests.push_back(part.digest);
      for (const Part& one : document.parts) {
        if (one.role != Role::kSubject) {
          pending.push_back(one);
        } else if (next == 0) {
          closure.subjects.push_back(one.digest);
        }
      }
    } else if (problem.empty() && blob != kNoDigest) {
      closure.parts.push_back(part.digest);
    }
    if (!problem.empty() && lacking.insert(part.digest).second) {
      closure.lacks.push_back({part.digest, part_name(part.role), std::move(problem)});
    }
  }
  return closure;
}

/// What keeps a part from being served; empty if nothing does, as far as metadata tells.
std::string Closures::problem_of(const Part& part) const {
  const auto id = graph_.digests.find(part.digest);
  const bool is_unknown = id ? graph_.has(*id, kUnread) : !survey_.complete;
  const DigestId blob = id ? graph_.present_blob(*id) : kNoDigest;
  if (blob == kNoDigest) {
    if (is_unknown) return "could not be looked for";
    // A layer may be kept elsewhere, by its URLs; a manifest is fetched from the registry alone.
    return part.foreign && part.role != Role::kManifest ? "" : "is not there";
  }
  // A registry serves a manifest through the link of the digest that is asked for: an alias of one
  // needs a link that only a push writes.
  if (part.role == Role::kManifest && blob != *id) return "is not there under this digest";
  if (graph_.has(blob, kNotAFile)) return "is no file";
  if (graph_.has(blob, kUnread)) return "could not be read";
  if (graph_.size_bytes[row(blob)] == 0) return "is empty";
  if (part.wrong_size) return "has another size than is declared";
  return {};
}

const Closures::Document& Closures::document_of(const Digest& digest, DigestId id) {
  if (graph_.is_manifest(id)) {
    linked_ = from_graph(id);
    return linked_;
  }
  const auto at = unlinked_.find(digest);
  if (at != unlinked_.end()) return at->second;
  return unlinked_.emplace(digest, from_blob(digest, id)).first->second;
}

Closures::Document Closures::from_graph(DigestId id) const {
  Document document;
  document.type = graph_.type(id);
  if (!is_served_as_manifest(graph_, id))
    document.problem = "is no manifest that can be understood";
  graph_.each_reference(id, [&](const Edge& edge) {
    document.parts.push_back({graph_.digests[edge.to], edge.role(), (edge.flags & kForeign) != 0,
                              has_wrong_size(graph_, id, edge.to)});
  });
  return document;
}

Closures::Document Closures::from_blob(const Digest& digest, DigestId id) {
  Document document;
  if (graph_.size_bytes[row(id)] > kMaxManifestBytes) {
    document.problem = "is no manifest: it is larger than one may be";
    return document;
  }
  const auto text = store_.read_blob(
      digest, buffer_,
      {kMaxManifestBytes, ManifestParser::padding_bytes(), graph_.size_bytes[row(id)]});
  if (!text) {
    document.problem = "could not be read: " + text.error().message;
    return document;
  }
  const Manifest& manifest = parser_.parse(*text);
  document.type = manifest.type;
  if (!manifest.understood || manifest.type == ManifestType::kUnknown ||
      manifest.type == ManifestType::kUnreadable) {
    document.problem = "is no manifest that can be understood";
    return document;
  }
  for (const Reference& reference : manifest.references) {
    if (!reference.valid) continue;
    const auto blob = graph_.digests.find(reference.digest);
    const bool wrong_size =
        blob && reference.size_bytes >= 0 && graph_.has(*blob, kPresent) &&
        graph_.size_bytes[row(*blob)] != static_cast<std::uint64_t>(reference.size_bytes);
    document.parts.push_back({reference.digest, reference.role, reference.foreign, wrong_size});
  }
  return document;
}

}  // namespace regsweep::analyzer
