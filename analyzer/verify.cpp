#include "analyzer/verify.h"

#include <algorithm>
#include <map>

#include "analyzer/audit.h"
#include "analyzer/hazard.h"
#include "analyzer/sort_unique.h"

namespace regsweep::analyzer {
namespace {

/// A finding that is told here; the others are the audit's: space, collectors, strays.
bool is_of_verify(FindingCode code) noexcept {
  switch (code) {
    case FindingCode::kUnreadable:
    case FindingCode::kInterrupted:
    case FindingCode::kChanged:
    case FindingCode::kDamagedRevisionLinks:
    case FindingCode::kDamagedTagLinks:
    case FindingCode::kDamagedLayerLinks:
    case FindingCode::kCrossedRevisionLinks:
    case FindingCode::kCrossedLayerLinks:
    case FindingCode::kDanglingRevisions:
    case FindingCode::kDanglingLayerLinks:
    case FindingCode::kTagsWithoutRevision:
    case FindingCode::kTagsWithoutCurrent:
    case FindingCode::kStrayInTags:
    case FindingCode::kBlobsWithoutData:
    case FindingCode::kSparseIndexes:
    case FindingCode::kForeignLayers:
    case FindingCode::kRefusedManifests:
    case FindingCode::kNotUnderstood:
    case FindingCode::kNoRepositories:
    case FindingCode::kNoBlobs:
      return true;
    default:
      return false;
  }
}

/// Joins what metadata and content tell of damage, one fault a blob.
class Faults {
 public:
  explicit Faults(const Verification& of) : of_(of), graph_(of.survey.graph) {
    for (const SizeMismatch& mismatch : graph_.size_mismatches) {
      declared_.try_emplace(mismatch.blob, mismatch.declared_bytes);
    }
  }

  void from_metadata(const Damage& damage) {
    each(damage.not_files, Fault::kNotAFile);
    each(damage.empty, Fault::kEmpty);
    each(damage.missing, Fault::kMissing);
    each(damage.wrong_size, Fault::kWrongSize);
    each(damage.garbled, Fault::kGarbled);
    each(damage.hollow_indexes, Fault::kHollow);
  }

  void from_content() {
    for (const Misread& misread : of_.content.misreads) {
      if (misread.state == ContentState::kUnknown) continue;
      DamagedBlob blob;
      blob.detail = misread.message;
      if (misread.state == ContentState::kUnreadable) {
        note(misread.id, Fault::kUnreadable, std::move(blob));
        continue;
      }
      blob.actual = misread.actual;
      const auto other = graph_.digests.find(misread.actual);
      blob.actual_is_here = other && graph_.has(*other, kPresent);
      note(misread.id, misread.read_bytes == 0 ? Fault::kEmpty : Fault::kWrongContent,
           std::move(blob));
    }
  }

  Marks bad() const {
    Marks marks(graph_.node_count());
    for (const auto& [id, blob] : faults_) marks[row(id)] = 1;
    return marks;
  }

  std::vector<DamagedBlob> take(std::vector<BlamedBlob> blamed) {
    std::vector<DamagedBlob> damaged;
    for (BlamedBlob& blame : blamed) {
      DamagedBlob& blob = faults_[blame.id];
      blob.blame = std::move(blame);
      damaged.push_back(std::move(blob));
    }
    std::sort(damaged.begin(), damaged.end(), [&](const DamagedBlob& a, const DamagedBlob& b) {
      return graph_.digests.less(a.blame.id, b.blame.id);
    });
    return damaged;
  }

 private:
  void each(const std::vector<DigestId>& ids, Fault fault) {
    for (const DigestId id : ids) note(id, fault, {});
  }

  void note(DigestId id, Fault fault, DamagedBlob blob) {
    if (of_.in_scope[row(id)] == 0) return;
    const auto known = faults_.find(id);
    if (known != faults_.end() && known->second.fault <= fault) return;
    blob.fault = fault;
    blob.size_bytes = graph_.has(id, kPresent) ? graph_.size_bytes[row(id)] : 0;
    if (const auto declared = declared_.find(id); declared != declared_.end()) {
      blob.declared_bytes = declared->second;
    }
    if (fault == Fault::kGarbled && graph_.oddity(id) != nullptr) {
      blob.detail = graph_.oddity(id)->problem;
    }
    faults_[id] = std::move(blob);
  }

  const Verification& of_;
  const Graph& graph_;
  std::map<DigestId, std::int64_t> declared_;  ///< where it is another size than the file's
  std::map<DigestId, DamagedBlob> faults_;
};

/// Compares what manifests say of sound blobs with how these begin.
std::vector<OddKind> find_odd_kinds(const Verification& of) {
  const Graph& graph = of.survey.graph;
  std::vector<ContentKind> claims;  // by row of media_types
  for (const std::string& media_type : graph.media_types)
    claims.push_back(claimed_kind(media_type));
  std::vector<OddKind> odd;
  for (const ManifestRow& manifest : graph.manifests) {
    graph.each_reference(manifest, [&](const Edge& edge) {
      if ((edge.flags & kManifestEdge) != 0) return;
      if (of.content.states[row(edge.to)] != ContentState::kSound) return;
      // Schema 1 has no media types: its layers are gzip.
      const ContentKind claim =
          edge.role() == Role::kFsLayer ? ContentKind::kGzip : claims[edge.media];
      const ContentKind found = of.content.kinds[row(edge.to)];
      if (!fits(claim, found)) odd.push_back({edge.to, claim, found});
    });
  }
  sort_unique(odd);
  std::stable_sort(odd.begin(), odd.end(), [&](const OddKind& a, const OddKind& b) {
    return graph.digests.less(a.id, b.id);
  });
  return odd;
}

void count_blobs(Verification& of, const std::vector<DigestId>& chosen) {
  const Graph& graph = of.survey.graph;
  graph.each_blob([&](DigestId id) {
    ++of.blobs_in_store;
    of.bytes_in_store = storage::saturating_add(of.bytes_in_store, graph.size_bytes[row(id)]);
  });
  of.chosen_blobs = chosen.size();
  for (const DigestId id : chosen) {
    of.chosen_bytes = storage::saturating_add(of.chosen_bytes, graph.size_bytes[row(id)]);
  }
}

}  // namespace

std::string_view fault_name(Fault fault) noexcept {
  constexpr std::string_view kNames[kFaults] = {"not-a-file", "empty",   "wrong-content",
                                                "unreadable", "missing", "wrong-size",
                                                "garbled",    "hollow"};
  return kNames[static_cast<std::size_t>(fault)];
}

std::vector<std::string> missing_repositories(const Survey& survey, const Selection& selection) {
  std::vector<std::string> missing;
  for (const std::string& name : selection.repositories) {
    if (!find_repository(survey, name)) missing.push_back(name);
  }
  return missing;
}

Verification verify(const storage::Store& store, const VerifyOptions& options,
                    ContentProgress& progress) {
  Verification result;
  result.context = options.context;
  result.selection = options.selection;
  SurveyOptions survey_options;
  survey_options.read_layer_links = true;
  survey_options.interrupted = options.content.interrupted;
  Damage damage;
  result.survey = confirmed_survey(store, survey_options, damage);
  // Hours of reading would answer another question than was asked.
  if (result.survey.complete && !missing_repositories(result.survey, options.selection).empty()) {
    return result;
  }
  const Accounts accounts = account(result.survey);
  result.in_scope = scope(result.survey, options.selection);
  const FindingScope of_selection{
      [&](const Repository& repository) { return is_selected(repository, options.selection); },
      [&](DigestId id) { return result.in_scope[row(id)] != 0; }};
  const std::vector<Hazard> no_hazards;
  for (Finding& finding :
       find_all(result.survey, accounts, damage, no_hazards, options.context, of_selection)) {
    if (is_of_verify(finding.code)) result.findings.push_back(std::move(finding));
  }
  const std::vector<DigestId> chosen = choose(result.survey, options.selection, result.in_scope);
  count_blobs(result, chosen);
  result.content = read_content(store, result.survey, chosen, options.content, progress);

  Faults faults(result);
  faults.from_metadata(damage);
  faults.from_content();
  Blame blame = find_blame(store, result.survey, accounts, faults.bad());
  result.broken_tags = std::move(blame.tags);
  result.damaged = faults.take(std::move(blame.blobs));
  result.odd_kinds = find_odd_kinds(result);
  for (const Misread& misread : result.content.misreads) {
    if (misread.state == ContentState::kUnknown) result.unknown.push_back(misread);
  }
  const auto by_text = [&](const auto& a, const auto& b) {
    return result.survey.graph.digests.less(a.id, b.id);
  };
  std::sort(result.unknown.begin(), result.unknown.end(), by_text);
  result.live_damage = live_link_damage(result.survey, accounts, of_selection);
  for (const DamagedBlob& blob : result.damaged) {
    result.live_damage |= blob.blame.loss != Loss::kGarbage;
  }
  result.complete = result.survey.complete && result.unknown.empty() && !result.content.stopped &&
                    !result.content.interrupted;
  return result;
}

}  // namespace regsweep::analyzer
