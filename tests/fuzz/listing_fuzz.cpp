// Whole stores. The input lists files and directories (tree.h); they are made on a file system in
// memory, and the store is read. Checked:
// - the accounts add up, of an exact audit to the byte as `du` says (tests/invariants.h);
// - one thread and four give the same JSON, for every fourth input without --exact, too;
// - no registry marks what the safe closure does not keep;
// - the safe closure and every repository's figures are those of tests/naive_store.h, unless
//   hard links (whose bytes it does not share out), symbolic links on the way to a tag (which it
//   follows), documents that are not understood (of which it takes the beginning), documents that
//   only Go's rules read so, or media types that only look like a manifest's are there;
// - a plan that takes all that may be taken, whatever its age, names each thing once, by a path of
//   its class, and no blob that is alive; no blob at all if not everything could be read, or if
//   something that is alive was not understood.
#include <algorithm>
#include <set>

#include "analyzer/plan.h"
#include "storage/layout.h"
#include "storage/sweeper_shape.h"
#include "tests/analyze.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/manifest_reference.h"
#include "tests/fuzz/tree.h"
#include "tests/invariants.h"

namespace regsweep::fuzz {
namespace {

using analyzer::Audit;
using analyzer::Graph;
using tests::NaiveStore;
using tests::StoreBuilder;

/// Every media type that a second reading takes for a manifest's is one.
bool has_plain_types(const Graph& graph) {
  static const std::set<std::string> known = {
      "application/vnd.docker.distribution.manifest.v2+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.docker.distribution.manifest.v1+json",
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.oci.artifact.manifest.v1+json"};
  return std::all_of(graph.media_types.begin(), graph.media_types.end(), [&](const auto& type) {
    const bool looks =
        type.find(".manifest.") != std::string::npos || type.find(".index.") != std::string::npos;
    return !looks || known.contains(type);
  });
}

/// Every document is one that all readers read alike: what Go reads in its own way (letters that
/// fold, bytes that are no UTF-8, numbers beyond all bounds) is the manifest fuzzer's.
bool has_plain_documents(const StoreBuilder& builder, const Graph& graph) {
  const auto store = tests::open_store(builder);
  std::vector<char> buffer;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const analyzer::DigestId id = analyzer::digest_id(i);
    if (graph.has(id, analyzer::kNotUnderstood)) return false;
    if (!graph.has(id, analyzer::kParsed)) continue;
    const auto text = store->read_blob(graph.digests[id], buffer, {std::size_t{1} << 20});
    if (!text || text->find("\\u") != std::string_view::npos) return false;
    const bool ascii = std::all_of(text->begin(), text->end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    const Reading reading = read_json(*text);
    if (!ascii || !reading.for_simdjson || !reading.has_value) return false;
  }
  return true;
}

/// Something that a tag or revision reaches may hide references.
bool is_unclear(const Audit& audit) {
  const Graph& graph = audit.survey.graph;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const analyzer::DigestId id = analyzer::digest_id(i);
    if (audit.accounts.live[i] != 0 && graph.has(id, analyzer::kNotUnderstood)) return true;
  }
  return false;
}

/// An exact audit's survey has all that a plan needs.
void check_plan(const StoreBuilder& builder, Audit& audit) {
  analyzer::PlanRules rules;
  rules.untagged = rules.dead_links = rules.temporary = rules.stale_tags = rules.empty = true;
  rules.uploads_age_seconds = 0;
  rules.min_age_seconds = 0;
  analyzer::PlanContext context;
  context.root = builder.root();
  context.v2 = builder.v2();
  context.now_seconds = INT64_C(1) << 32;  // everything is old by then
  const auto store = tests::open_store(builder);
  analyzer::Plan plan;
  tests::with_threads(4, [&] { plan = analyzer::make_plan(*store, audit.survey, rules, context); });
  std::set<std::string> paths;
  bool blobs = false;
  for (const storage::Removal& removal : plan.removals) {
    REGSWEEP_HOLDS(has_shape(removal.removal_class, removal.path), shown(removal.path));
    REGSWEEP_HOLDS(paths.insert(removal.path).second, shown(removal.path));
    blobs = blobs || removal.removal_class == storage::RemovalClass::kBlob;
  }
  const Graph& graph = audit.survey.graph;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    if (audit.accounts.live_by_tag[i] == 0) continue;
    const storage::Digest digest = graph.digests[analyzer::digest_id(i)];
    const std::string path = storage::parent_of(storage::layout::blob_path(digest));
    REGSWEEP_HOLDS(!paths.contains(path), path);
  }
  REGSWEEP_HOLDS(!blobs || audit.survey.complete, "blobs go though not everything was read");
  REGSWEEP_HOLDS(!blobs || plan.refusals.empty(), "blobs go though it was refused");
  REGSWEEP_HOLDS(!blobs || !is_unclear(audit), "blobs go though one that lives is unclear");
}

void check_same(const Audit& one, const Audit& four) {
  const std::string a = tests::json_of(one);
  const std::string b = tests::json_of(four);
  REGSWEEP_HOLDS(a == b, a + "\n-- and with four threads:\n" + b);
}

}  // namespace

REGSWEEP_FUZZER(listing) {
  StoreBuilder builder;
  builder.remove("blobs").remove("repositories");
  const Tree tree = make_tree(input, builder.root(), builder.v2());
  Audit exact = tests::audit_of(builder, {.exact = true, .threads = 1});
  const Audit fast = tests::audit_of(builder, {.exact = false, .threads = 4});
  tests::check_accounts(exact, builder.root());
  tests::check_accounts(fast, builder.root());
  tests::check_safe_is_superset(exact);
  const Graph& graph = exact.survey.graph;
  if (!tree.has_hard_links && !tree.has_symlinks && has_plain_types(graph) &&
      has_plain_documents(builder, graph)) {
    tests::check_closure(exact, NaiveStore(builder.v2()));
  }
  check_same(exact, tests::audit_of(builder, {.exact = true, .threads = 4}));
  if (input.size() % 4 == 0) {  // not always: reading a store is what takes the time
    check_same(tests::audit_of(builder, {.exact = false, .threads = 1}), fast);
  }
  check_plan(builder, exact);
}

}  // namespace regsweep::fuzz
