#include "analyzer/finding.h"

#include <algorithm>

#include "analyzer/has_path.h"
#include "analyzer/unread_repositories.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::Event;
using storage::EventKind;
using storage::LinkState;

/// A tag that no registry serves although its manifest is there: its repository does not link it.
/// Where not all was read, the link may be there.
bool lacks_its_revision(const Survey& survey, const Repository& repository, const Tag& tag) {
  return survey.complete && tag.state == LinkState::kRead &&
         survey.graph.has(tag.digest, kPresent) &&
         !has_path(survey.graph, repository.revisions, tag.digest);
}

/// Gathers findings in the order in which they are added; grave ones are sorted to the front.
class Findings {
 public:
  Findings(const Survey& survey, const Accounts& accounts, const Damage& damage,
           const FindingContext& context, const FindingScope& scope)
      : survey_(survey),
        graph_(survey.graph),
        accounts_(accounts),
        damage_(damage),
        context_(context),
        scope_(scope) {}

  std::vector<Finding> take() {
    std::stable_sort(all_.begin(), all_.end(), [](const Finding& a, const Finding& b) {
      return static_cast<int>(a.concern) > static_cast<int>(b.concern);
    });
    return std::move(all_);
  }

  void store_as_a_whole() {
    if (survey_.interrupted) add({FindingCode::kInterrupted, Concern::kDanger, 1, {}, {}, {}, {}});
    if (survey_.changed) add({FindingCode::kChanged, Concern::kDanger, 1, {}, {}, {}, {}});
    from_events(EventKind::kUnreadable, FindingCode::kUnreadable, Concern::kDanger);
    if (context_.database_lock) {
      add({FindingCode::kDatabaseManaged, Concern::kDanger, 1, {}, {}, {}, {}});
    }
    if (context_.harbor) add({FindingCode::kHarborManaged, Concern::kDanger, 1, {}, {}, {}, {}});
    if (context_.proxy_cache) add({FindingCode::kProxyCache, Concern::kWarning, 1, {}, {}, {}, {}});
    if (!survey_.has_repositories) {
      add({FindingCode::kNoRepositories, Concern::kWarning, 1, {}, {}, {}, {}});
    }
    if (!survey_.has_blobs) add({FindingCode::kNoBlobs, Concern::kWarning, 1, {}, {}, {}, {}});
    const bool tags = std::any_of(
        survey_.repositories.begin(), survey_.repositories.end(), [](const Repository& r) {
          return std::any_of(r.tags.begin(), r.tags.end(),
                             [](const Tag& tag) { return tag.state == LinkState::kRead; });
        });
    if (!tags && !survey_.repositories.empty()) {
      add({FindingCode::kNoTags, Concern::kWarning, 1, {}, {}, {}, {}});
    }
  }

  void content() {
    Finding broken{FindingCode::kBrokenTags, Concern::kDanger, 0, {}, {}, {}, {}};
    for (const BrokenTag& tag : damage_.broken_tags) {
      if (scope_.has_repository(survey_.repositories[tag.tag.repository])) {
        name(broken, tag_and_cause(tag));
      }
    }
    add(std::move(broken));
    by_digest(FindingCode::kEmptyBlobs, damage_.empty, Concern::kDanger);
    by_digest(FindingCode::kMissingBlobs, damage_.missing, Concern::kDanger);
    by_digest(FindingCode::kWrongSizeBlobs, damage_.wrong_size, Concern::kDanger);
    by_digest(FindingCode::kBlobsNotFiles, damage_.not_files, Concern::kDanger);
    by_digest(FindingCode::kHollowIndexes, damage_.hollow_indexes, Concern::kDanger);
    by_digest(FindingCode::kSparseIndexes, damage_.sparse_indexes, Concern::kNote);
    by_digest(FindingCode::kForeignLayers, damage_.foreign_layers, Concern::kNote);
    Finding unclear{FindingCode::kNotUnderstood, Concern::kDanger, 0, {}, {}, {}, {}};
    Finding refused{FindingCode::kRefusedManifests, Concern::kNote, 0, {}, {}, {}, {}};
    for (const ManifestOddity& oddity : graph_.oddities) {
      const bool hides = graph_.has(oddity.id, kNotUnderstood);
      Finding& finding = hides ? unclear : refused;
      if (!hides && oddity.error_2_8.empty() && oddity.error_3.empty()) continue;
      if (graph_.has(oddity.id, kUnread)) continue;  // reported as unreadable
      if (!scope_.has_digest(oddity.id)) continue;
      const std::string& why = hides                    ? oddity.problem
                               : oddity.error_3.empty() ? oddity.error_2_8
                                                        : oddity.error_3;
      name(finding, graph_.digests[oddity.id].text() + " (" + why + ")");
    }
    add(std::move(unclear));
    add(std::move(refused));
  }

  void links() {
    Finding revisions{FindingCode::kDamagedRevisionLinks, Concern::kDanger, 0, {}, {}, {}, {}};
    Finding layers{FindingCode::kDamagedLayerLinks, Concern::kDanger, 0, {}, {}, {}, {}};
    Finding crossed{FindingCode::kCrossedRevisionLinks, Concern::kWarning, 0, {}, {}, {}, {}};
    Finding crossed_layers{FindingCode::kCrossedLayerLinks, Concern::kWarning, 0, {}, {}, {}, {}};
    Finding dangling{FindingCode::kDanglingRevisions, Concern::kWarning, 0, {}, {}, {}, {}};
    Finding dangling_layers{FindingCode::kDanglingLayerLinks, Concern::kNote, 0, {}, {}, {}, {}};
    each_repository([&](const Repository& repository) {
      odd_links(repository, repository.revisions.odd, revisions, crossed, false);
      odd_links(repository, repository.layers.odd, layers, crossed_layers, true);
      dangling_links(repository, repository.revisions, dangling);
      dangling_links(repository, repository.layers, dangling_layers);
    });
    for (Finding* finding :
         {&revisions, &layers, &crossed, &crossed_layers, &dangling, &dangling_layers}) {
      add(std::move(*finding));
    }
  }

  void tags() {
    Finding damaged{FindingCode::kDamagedTagLinks, Concern::kDanger, 0, {}, {}, {}, {}};
    Finding stray{FindingCode::kStrayInTags, Concern::kWarning, 0, {}, {}, {}, {}};
    Finding absent{FindingCode::kTagsWithoutCurrent, Concern::kWarning, 0, {}, {}, {}, {}};
    Finding unlinked{FindingCode::kTagsWithoutRevision, Concern::kDanger, 0, {}, {}, {}, {}};
    Finding stale{FindingCode::kStaleTagIndex, Concern::kNote, 0, {}, {}, {}, {}};
    each_repository([&](const Repository& repository) {
      for (const Tag& tag : repository.tags) {
        const std::string tag_name = repository.name + ':' + tag.name;
        if (!tag.is_directory) {
          name(stray, repository.name + '/' + storage::layout::kTags + '/' + tag.name);
        } else if (tag.state == LinkState::kAbsent) {
          name(absent, tag_name);
        } else if (tag.state == LinkState::kUnreadable) {
          continue;  // reported as unreadable
        } else if (tag.state != LinkState::kRead) {
          name(damaged, tag_name);
        } else if (lacks_its_revision(survey_, repository, tag)) {
          name(unlinked, tag_name + " (" + graph_.digests[tag.digest].text() + ")");
        }
        if (tag.index_counted && tag.index_entries > 1) {
          stale.objects += tag.index_entries - 1;
          if (stale.subjects.size() < kMostSubjects) stale.subjects.push_back(tag_name);
        }
      }
    });
    for (Finding* finding : {&damaged, &stray, &absent, &unlinked, &stale})
      add(std::move(*finding));
  }

  void repositories() {
    Finding bad{FindingCode::kBadRepositoryNames, Concern::kWarning, 0, {}, {}, {}, {}};
    Finding empty{FindingCode::kEmptyRepositories, Concern::kNote, 0, {}, {}, {}, {}};
    const std::vector<std::uint8_t> unread = unread_repositories(survey_);
    each_repository([&](const Repository& repository) {
      if (!storage::repository_name_error(repository.name).empty()) name(bad, repository.name);
      const bool is_empty = repository.revisions.paths.empty() && repository.tags.empty();
      const auto at = static_cast<std::size_t>(&repository - survey_.repositories.data());
      if (is_empty && unread[at] == 0) name(empty, repository.name);
    });
    add(std::move(bad));
    add(std::move(empty));
  }

  void clutter() {
    from_events(EventKind::kSymlink, FindingCode::kSymlinks, Concern::kWarning);
    from_events(EventKind::kSpecialFile, FindingCode::kSpecialFiles, Concern::kWarning);
    from_strays(survey_.stray_files, FindingCode::kStrayFiles);
    from_events(EventKind::kOddLink, FindingCode::kStrayFiles, Concern::kWarning);
    from_events(EventKind::kOddData, FindingCode::kStrayFiles, Concern::kWarning);
    from_strays(survey_.stray_directories, FindingCode::kStrayDirectories);
    from_events(EventKind::kTemporaryFile, FindingCode::kTemporaryFiles, Concern::kNote);
    from_events(EventKind::kBlobWithoutData, FindingCode::kBlobsWithoutData, Concern::kNote);
    from_events(EventKind::kEmptyDirectory, FindingCode::kEmptyDirectories, Concern::kNote);
    const SpaceRow old = old_uploads(survey_, context_.now_seconds, context_.upload_age_seconds);
    Finding uploads{FindingCode::kOldUploads, Concern::kNote, 0, {}, old.bytes, {}, {}};
    for (const Upload& upload : survey_.uploads) {
      if (!is_old_upload(upload, context_.now_seconds, context_.upload_age_seconds)) continue;
      name(uploads, survey_.repositories[upload.repository].name + '/' + storage::layout::kUploads +
                        '/' + upload.entry.id);
    }
    add(std::move(uploads));
  }

  void collectors(const std::vector<Hazard>& hazards) {
    for (const Hazard& hazard : hazards) {
      if (!hazard.abort.empty()) would_abort(hazard);
      if (!hazard.broken_tags.empty()) {
        Finding breaks{FindingCode::kCollectorBreaksTags,
                       Concern::kDanger,
                       0,
                       {},
                       hazard.lost_bytes,
                       {},
                       hazard};
        for (const BrokenTag& tag : hazard.broken_tags) name(breaks, tag_and_cause(tag));
        add(std::move(breaks));
      }
      if (hazard.lost_referrers != 0) {
        Finding drops{FindingCode::kCollectorDropsReferrers,
                      Concern::kWarning,
                      hazard.lost_referrers,
                      {},
                      {},
                      {},
                      hazard};
        add(std::move(drops));
      }
    }
  }

 private:
  template <class F>
  void each_repository(F&& f) const {
    for (const Repository& repository : survey_.repositories) {
      if (scope_.has_repository(repository)) f(repository);
    }
  }

  /// One finding for all collectors that stop at the same thing.
  void would_abort(const Hazard& hazard) {
    for (Finding& finding : all_) {
      if (finding.code == FindingCode::kCollectorAborts && finding.detail == hazard.abort &&
          finding.hazard->aborts_after_removing == hazard.aborts_after_removing) {
        finding.hazard->same_abort.push_back(hazard);
        return;
      }
    }
    Finding aborts;
    aborts.code = FindingCode::kCollectorAborts;
    aborts.concern = hazard.aborts_after_removing ? Concern::kDanger : Concern::kWarning;
    aborts.objects = 1;
    aborts.detail = hazard.abort;
    aborts.hazard = hazard;
    add(std::move(aborts));
  }

  static void name(Finding& finding, std::string subject) {
    ++finding.objects;
    if (finding.subjects.size() < kMostSubjects) finding.subjects.push_back(std::move(subject));
  }

  void add(Finding finding) {
    if (finding.objects != 0) all_.push_back(std::move(finding));
  }

  std::string tag_and_cause(const BrokenTag& broken) const {
    const Repository& repository = survey_.repositories[broken.tag.repository];
    return repository.name + ':' + repository.tags[broken.tag.tag].name + " (" +
           graph_.digests[broken.cause].text() + ")";
  }

  /// Damage in what is alive is as grave as given; in garbage it is a note.
  void by_digest(FindingCode code, const std::vector<DigestId>& digests, Concern concern) {
    Finding live{code, concern, 0, {}, {}, {}, {}};
    Finding dead{code, Concern::kNote, 0, {}, {}, "only garbage refers to them", {}};
    for (const DigestId id : digests) {
      if (!scope_.has_digest(id)) continue;
      name(accounts_.live[row(id)] != 0 ? live : dead, graph_.digests[id].text());
    }
    add(std::move(live));
    if (concern != Concern::kNote) add(std::move(dead));
  }

  void from_events(EventKind kind, FindingCode code, Concern concern) {
    Finding finding{code, concern, 0, {}, {}, {}, {}};
    for (const Event& event : survey_.events) {
      if (event.kind != kind) continue;
      const bool explain = kind == EventKind::kUnreadable && !event.message.empty();
      name(finding, explain ? event.path + " (" + event.message + ")" : event.path);
      finding.bytes += {event.facts.size_bytes, event.facts.allocated_bytes};
    }
    add(std::move(finding));
  }

  void from_strays(const Strays& strays, FindingCode code) {
    static_assert(Strays::kNamed == kMostSubjects);
    add({code, Concern::kNote, strays.objects, strays.paths, strays.bytes, {}, {}});
  }

  void odd_links(const Repository& repository, const std::vector<OddLink>& odd, Finding& damaged,
                 Finding& crossed, bool layers) {
    for (const OddLink& link : odd) {
      const storage::Digest path = graph_.digests[link.path];
      const std::string subject = repository.name + '@' + path.text();
      if (link.state == LinkState::kUnreadable) {
        continue;  // reported as unreadable: it may be sound
      } else if (link.state != LinkState::kRead) {
        name(damaged, subject);
      } else if (!layers || path.algorithm == storage::Algorithm::kSha256) {
        // A layer link below sha512 that names a sha256 digest is what a registry writes.
        name(crossed, subject + " (holds " + graph_.digests[link.content].text() + ")");
      }
    }
  }

  void dangling_links(const Repository& repository, const Links& links, Finding& finding) {
    for (const DigestId path : links.paths) {
      const DigestId content = links.blob_of(path);
      if (graph_.has(content, kPresent) || graph_.has(content, kUnread)) continue;
      name(finding, repository.name + '@' + graph_.digests[path].text());
    }
  }

  const Survey& survey_;
  const Graph& graph_;
  const Accounts& accounts_;
  const Damage& damage_;
  const FindingContext& context_;
  const FindingScope& scope_;
  std::vector<Finding> all_;
};

}  // namespace

std::vector<Finding> find_all(const Survey& survey, const Accounts& accounts, const Damage& damage,
                              const std::vector<Hazard>& hazards, const FindingContext& context,
                              const FindingScope& scope) {
  Findings findings(survey, accounts, damage, context, scope);
  findings.store_as_a_whole();
  findings.content();
  findings.tags();
  findings.links();
  findings.collectors(hazards);
  findings.repositories();
  findings.clutter();
  return findings.take();
}

bool live_damage(const Survey& survey, const Accounts& accounts, const Damage& damage) {
  for (const auto* list : damage.lists()) {
    if (damage.any(accounts.live, *list)) return true;
  }
  return live_link_damage(survey, accounts);
}

bool live_link_damage(const Survey& survey, const Accounts& accounts, const FindingScope& scope) {
  const auto holds_no_digest = [](LinkState state) {
    return state == LinkState::kMalformed || state == LinkState::kNotAFile;
  };
  for (const Repository& repository : survey.repositories) {
    if (!scope.has_repository(repository)) continue;
    for (const Tag& tag : repository.tags) {
      if (tag.is_directory && holds_no_digest(tag.state)) return true;
      if (lacks_its_revision(survey, repository, tag)) return true;
    }
    for (const Links* links : {&repository.revisions, &repository.layers}) {
      for (const OddLink& link : links->odd) {
        if (holds_no_digest(link.state) && accounts.live[row(link.path)] != 0) return true;
      }
    }
  }
  return false;
}

bool is_old_upload(const Upload& upload, std::int64_t now_seconds,
                   std::int64_t age_seconds) noexcept {
  const std::int64_t limit = now_seconds - age_seconds;
  return upload.entry.started_at_seconds <= limit && upload.entry.touched_at_seconds <= limit;
}

SpaceRow old_uploads(const Survey& survey, std::int64_t now_seconds, std::int64_t age_seconds) {
  SpaceRow old;
  for (const Upload& upload : survey.uploads) {
    if (!is_old_upload(upload, now_seconds, age_seconds)) continue;
    ++old.objects;
    old.bytes += {upload.entry.size_bytes, upload.entry.allocated_bytes};
  }
  return old;
}

}  // namespace regsweep::analyzer
