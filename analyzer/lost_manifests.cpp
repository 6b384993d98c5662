#include "analyzer/lost_manifests.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "analyzer/manifest.h"
#include "analyzer/platform.h"
#include "storage/content_hash.h"

namespace regsweep::analyzer {
namespace {

using storage::Digest;

constexpr std::size_t kPeekBytes = 512;

/// A reference, kept beyond the parser's next document.
struct Part {
  Digest digest;
  bool is_manifest = false;
  bool is_config = false;
  bool foreign = false;
};

struct Document {
  DigestId id = kNoDigest;
  ManifestType type = ManifestType::kUnknown;
  std::vector<Part> parts;
};

bool begins_like_json(std::string_view text) noexcept {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at != std::string_view::npos && text[at] == '{';
}

/// Reads and parses one blob after the other; one a thread.
class Reader {
 public:
  std::vector<Document> found;

  void look(const storage::Store& store, const Graph& graph, DigestId id) {
    const Digest digest = graph.digests[id];
    const std::size_t size = graph.size_bytes[row(id)];
    buffer_.resize(std::max(buffer_.size(), size + ManifestParser::padding_bytes()));
    if (!read(store, digest, size)) return;
    hash_.begin(digest.algorithm);
    hash_.add({buffer_.data(), size});
    if (hash_.finish() != digest) return;
    const Manifest& manifest = parser_.parse({buffer_.data(), size});
    if (!manifest.understood || manifest.type == ManifestType::kUnknown ||
        manifest.type == ManifestType::kUnreadable) {
      return;
    }
    Document document{id, manifest.type, {}};
    for (const Reference& reference : manifest.references) {
      if (!reference.valid || reference.role == Role::kSubject) continue;
      document.parts.push_back({reference.digest, reference.role == Role::kManifest,
                                reference.role == Role::kConfig, reference.foreign});
    }
    found.push_back(std::move(document));
  }

 private:
  /// Fills the buffer; false if it is not JSON, or cannot be read.
  bool read(const storage::Store& store, const Digest& digest, std::size_t size) {
    const auto reader = store.open_blob(digest, storage::Freshness::kCachedToo);
    if (!reader) return false;
    for (std::size_t done = 0; done < size;) {
      const std::size_t ask = done == 0 ? std::min(size, kPeekBytes) : size - done;
      const auto got = (*reader)->read({buffer_.data() + done, ask});
      if (!got || *got == 0) return false;
      if (done == 0 && !begins_like_json({buffer_.data(), *got})) return false;
      done += *got;
    }
    return true;
  }

  ManifestParser parser_;
  storage::ContentHash hash_;
  std::vector<char> buffer_;
};

std::vector<Document> read_documents(const storage::Store& store, const Survey& survey,
                                     const Marks& held) {
  const Graph& graph = survey.graph;
  tbb::enumerable_thread_specific<Reader> readers;
  tbb::parallel_for(std::size_t{0}, graph.node_count(), [&](std::size_t i) {
    const DigestId id = digest_id(i);
    if (held[i] != 0 || !graph.is_counted(id)) return;
    if (graph.size_bytes[i] == 0 || graph.size_bytes[i] > kMaxManifestBytes) return;
    readers.local().look(store, graph, id);
  });
  std::vector<Document> documents;
  for (Reader& reader : readers) {
    std::move(reader.found.begin(), reader.found.end(), std::back_inserter(documents));
  }
  std::sort(documents.begin(), documents.end(),
            [&](const Document& a, const Document& b) { return graph.digests.less(a.id, b.id); });
  return documents;
}

/// Follows what a lost manifest names.
class Expansion {
 public:
  Expansion(const storage::Store& store, const Survey& survey,
            const std::map<Digest, const Document*>& documents)
      : store_(store), graph_(survey.graph), documents_(documents) {}

  LostManifest of(const Document& document) {
    lost_ = {};
    seen_.clear();
    pending_.clear();
    lost_.digest = graph_.digests[document.id];
    lost_.type = document.type;
    visit({lost_.digest, true, false, false});
    while (!pending_.empty()) {
      const Digest digest = pending_.back();
      pending_.pop_back();
      each_part(digest, [&](const Part& part) { visit(part); });
    }
    lost_.children.erase(lost_.children.begin());  // itself
    std::sort(lost_.children.begin(), lost_.children.end());
    std::sort(lost_.parts.begin(), lost_.parts.end());
    lost_.platform = platform_of(document);
    return std::move(lost_);
  }

 private:
  void visit(const Part& part) {
    if (!seen_.insert(part.digest).second) return;
    const auto id = graph_.digests.find(part.digest);
    const DigestId blob = id ? graph_.present_blob(*id) : kNoDigest;
    if (blob == kNoDigest && part.foreign) return;
    if (blob == kNoDigest) {
      ++lost_.missing;
    } else {
      lost_.blobs.push_back(graph_.digests[blob]);
      lost_.size += graph_.file_bytes(blob);
    }
    if (part.is_manifest) {
      lost_.children.push_back(part.digest);
      pending_.push_back(part.digest);
    } else {
      lost_.parts.push_back(part.digest);
    }
  }

  /// The parts of a manifest that is lost as well, or of one that something holds.
  template <class F>
  void each_part(const Digest& digest, F&& f) const {
    if (const auto at = documents_.find(digest); at != documents_.end()) {
      for (const Part& part : at->second->parts) f(part);
      return;
    }
    const auto id = graph_.digests.find(digest);
    if (!id) return;
    graph_.each_part(*id, [&](const Edge& edge) {
      f(Part{graph_.digests[edge.to], edge.role() == Role::kManifest, edge.role() == Role::kConfig,
             (edge.flags & kForeign) != 0});
    });
  }

  std::string platform_of(const Document& document) const {
    std::set<std::string> platforms;
    for (const auto& [child, platform] : index_platforms(store_, lost_.digest)) {
      platforms.insert(platform);
    }
    for (const Part& part : document.parts) {
      if (part.is_config) platforms.insert(config_platform(store_, part.digest));
    }
    std::string text;
    for (const std::string& platform : platforms) {
      if (!platform.empty()) text += (text.empty() ? "" : ", ") + platform;
    }
    return text;
  }

  const storage::Store& store_;
  const Graph& graph_;
  const std::map<Digest, const Document*>& documents_;
  LostManifest lost_;
  std::set<Digest> seen_;
  std::vector<Digest> pending_;
};

/// For each of `digests` the repositories that link it, in order.
std::map<Digest, std::vector<std::uint32_t>> who_links(const Survey& survey,
                                                       const std::set<Digest>& digests) {
  const Graph& graph = survey.graph;
  Marks wanted(graph.node_count());
  for (const Digest& digest : digests) {
    if (const auto id = graph.digests.find(digest)) wanted[row(*id)] = 1;
  }
  std::map<Digest, std::vector<std::uint32_t>> linking;
  for (std::size_t r = 0; r < survey.repositories.size(); ++r) {
    const Links& links = survey.repositories[r].layers;
    for (const DigestId path : links.paths) {
      if (wanted[row(path)] == 0) continue;
      const DigestId content = links.content_of(path);
      if (content == kNoDigest || content != graph.present_blob(path)) continue;
      linking[graph.digests[path]].push_back(static_cast<std::uint32_t>(r));
    }
  }
  return linking;
}

void find_repositories(const Survey& survey, std::vector<LostManifest>& lost) {
  std::set<Digest> parts;
  for (const LostManifest& one : lost) parts.insert(one.parts.begin(), one.parts.end());
  const auto linking = who_links(survey, parts);
  for (LostManifest& one : lost) {
    std::map<std::uint32_t, std::size_t> links;  // repository → how many of the parts
    for (const Digest& part : one.parts) {
      const auto at = linking.find(part);
      if (at == linking.end()) continue;
      for (const std::uint32_t repository : at->second) ++links[repository];
    }
    for (const auto& [repository, count] : links) {
      if (count != one.parts.size()) continue;
      one.repositories.push_back(survey.repositories[repository].name);
    }
  }
}

}  // namespace

std::vector<LostManifest> find_lost_manifests(const storage::Store& store, const Survey& survey,
                                              const Marks& held) {
  const std::vector<Document> documents = read_documents(store, survey, held);
  std::map<Digest, const Document*> by_digest;
  std::set<Digest> children;
  for (const Document& document : documents) {
    by_digest.emplace(survey.graph.digests[document.id], &document);
    for (const Part& part : document.parts) {
      if (part.is_manifest) children.insert(part.digest);
    }
  }
  Expansion expansion(store, survey, by_digest);
  std::vector<LostManifest> lost;
  for (const Document& document : documents) {
    if (children.contains(survey.graph.digests[document.id])) continue;
    lost.push_back(expansion.of(document));
  }
  find_repositories(survey, lost);
  return lost;
}

}  // namespace regsweep::analyzer
