#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/repair.h"
#include "analyzer/survey.h"
#include "storage/digest.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// A manifest, whoever links it, and all that a pull of it needs.
struct Closure {
  ManifestType type = ManifestType::kUnreadable;  ///< of the manifest itself
  Bytes size;                                     ///< distinct present blobs of all of it
  std::vector<storage::Digest> manifests;  ///< readable ones: itself first, then those it names
  std::vector<storage::Digest> subjects;   ///< what the manifest itself is about
  std::vector<storage::Digest> parts;      ///< present configs and layers, as manifests name them
  std::vector<storage::Digest> blobs;      ///< what all of these are stored under
  std::vector<Lack> lacks;                 ///< what a pull would miss; each digest once

  bool is_whole() const noexcept { return lacks.empty(); }
};

/// Finds closures of manifests that are linked, as a survey knows them, and of those that no
/// repository links any more, which it reads itself. Content is not hashed. For one thread.
class Closures {
 public:
  /// Both must outlive it.
  Closures(const storage::Store& store, const Survey& survey)
      : store_(store), survey_(survey), graph_(survey.graph) {}

  /// Unlike a tag's state in an audit, an index is whole only with every manifest that it names.
  Closure of(const storage::Digest& digest);

 private:
  /// A reference, kept beyond the parser's next document.
  struct Part {
    storage::Digest digest;
    Role role = Role::kLayer;
    bool foreign = false;
    bool wrong_size = false;  ///< its blob has another size than is declared
  };
  struct Document {
    ManifestType type = ManifestType::kUnreadable;
    std::vector<Part> parts;
    std::string problem;  ///< why it is no manifest that can be served; empty if it is
  };

  const Document& document_of(const storage::Digest& digest, DigestId id);
  Document from_graph(DigestId id) const;
  Document from_blob(const storage::Digest& digest, DigestId id);
  std::string problem_of(const Part& part) const;

  const storage::Store& store_;
  const Survey& survey_;
  const Graph& graph_;
  ManifestParser parser_;
  std::vector<char> buffer_;
  Document linked_;                               ///< the last that came from the graph
  std::map<storage::Digest, Document> unlinked_;  ///< those that were read here
};

}  // namespace regsweep::analyzer
