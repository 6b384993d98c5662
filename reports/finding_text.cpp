#include "reports/finding_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::Finding;
using analyzer::FindingCode;
using analyzer::Hazard;
using analyzer::RegistryVersion;

/// One finding's words. In `one` and `many`, {n} is the number; in `next`, {store} is STORE.
struct Words {
  FindingCode code;
  std::string_view key;
  std::string_view one;
  std::string_view many;
  std::string_view meaning;
  std::string_view next;
};

constexpr std::array kWords = {
    Words{
        FindingCode::kUnreadable, "unreadable", "one place could not be read",
        "{n} places could not be read",
        "what they hold is unknown: the figures are incomplete, and nothing may be deleted by them",
        "read the store as root or as the registry's user: sudo regsweep audit {store}"},
    Words{FindingCode::kInterrupted, "interrupted", "the reading was interrupted", "",
          "what was not looked at by then is unknown: the figures are of a part of the store, and "
          "nothing may be deleted by them",
          "let it come to its end: regsweep audit {store}"},
    Words{FindingCode::kChanged, "store-changed", "the store was written to while it was read", "",
          "figures of different moments are mixed: nothing may be deleted by them",
          "stop the registry or set it read-only, then: regsweep audit {store}"},
    Words{FindingCode::kDatabaseManaged, "database-managed",
          "a database owns this store (docker/registry/lockfiles/database-in-use)", "",
          "GitLab's registry keeps in its database what is alive: storage alone cannot tell, and a "
          "sweep by storage would destroy images",
          "use the registry's own online garbage collection; take figures here for sizes only"},
    Words{FindingCode::kHarborManaged, "harbor-managed", "Harbor works on this store", "",
          "it keeps tags in a database of its own: images in use may look untagged here",
          "clean with Harbor's own garbage collection, never with --untagged"},
    Words{FindingCode::kProxyCache, "pull-through-cache", "this is a pull-through cache", "",
          "the registry expires content itself and fetches again what is missing: absent blobs are "
          "no loss",
          "to free space at once, stop the registry and empty the cache's directory"},
    Words{FindingCode::kBrokenTags, "broken-tag", "one tag cannot be pulled whole",
          "{n} tags cannot be pulled whole",
          "each needs the digest named with it, which is missing, empty or of the wrong size",
          "push the image again; list the state of every tag: regsweep tags {store}"},
    Words{FindingCode::kEmptyBlobs, "zero-length-blob", "one blob is empty", "{n} blobs are empty",
          "the registry serves zero bytes for it and, when it is pushed again, says that the layer "
          "exists",
          "with the registry stopped: regsweep repair --apply {store}; then push the image again"},
    Words{
        FindingCode::kMissingBlobs, "missing-blob", "one blob that manifests need is missing",
        "{n} blobs that manifests need are missing", "pulls of what needs it fail",
        "push the image again, or take it from a second store: regsweep repair --from DIR {store}"},
    Words{FindingCode::kWrongSizeBlobs, "wrong-size-blob",
          "one blob has another size than manifests declare",
          "{n} blobs have another size than manifests declare",
          "it is truncated or overwritten, or the manifest lies: clients refuse it",
          "read it: regsweep verify {store}; if it is damaged: regsweep repair --apply {store}"},
    Words{
        FindingCode::kBlobsNotFiles, "blob-not-a-file", "one blob's data is no file",
        "{n} blobs' data are no files",
        "a symbolic link, directory or device stands in its place: it is not followed and not read",
        "put the file itself there, or move the blob's directory away and push the image again"},
    Words{FindingCode::kHollowIndexes, "hollow-index", "one index has no image left",
          "{n} indexes have no image left",
          "every image that it names is gone: no platform can be pulled. Registry 2.8's "
          "`garbage-collect -m` does this",
          "push the multi-arch image again with all its platforms"},
    Words{FindingCode::kNotUnderstood, "not-understood", "one manifest cannot be understood",
          "{n} manifests cannot be understood",
          "references may hide in it, so no blob may be swept while it is there",
          "look at it; if it is damage, push its image again or delete its revision"},
    Words{FindingCode::kDamagedRevisionLinks, "damaged-revision-link",
          "one revision link holds no digest", "{n} revision links hold no digest",
          "a registry's collector aborts at it; its path still names the manifest, which is kept",
          "with the registry stopped: regsweep repair --apply {store}"},
    Words{FindingCode::kDamagedTagLinks, "damaged-tag-link", "one tag's link holds no digest",
          "{n} tags' links hold no digest",
          "the tag cannot be pulled, and what it meant is unknown: every revision of its "
          "repository is "
          "kept alive for it",
          "what it may have meant, and how to let it mean that again: regsweep recover {store}"},
    Words{FindingCode::kDamagedLayerLinks, "damaged-layer-link", "one layer link holds no digest",
          "{n} layer links hold no digest",
          "pulls of the layer from this repository fail, and registry 3's collector aborts",
          "with the registry stopped: regsweep repair --apply {store}"},
    Words{FindingCode::kCrossedRevisionLinks, "crossed-revision-link",
          "one revision link names another digest than its path",
          "{n} revision links name another digest than their path",
          "a registry believes the content; both digests are kept here",
          "find out who wrote it; push the image again"},
    Words{FindingCode::kCrossedLayerLinks, "crossed-layer-link",
          "one layer link names another digest than its path",
          "{n} layer links name another digest than their path",
          "a registry serves the other blob under this name; both are kept while the name is used",
          "find out who wrote it; push the image again"},
    Words{FindingCode::kDanglingRevisions, "dangling-revision", "one revision's manifest is gone",
          "{n} revisions' manifests are gone", "pulls by this digest fail; no space is lost",
          "push the image again, or take it away: regsweep repair --apply --drop-dangling {store}"},
    Words{FindingCode::kDanglingLayerLinks, "dangling-layer-link", "one layer link's blob is gone",
          "{n} layer links' blobs are gone",
          "collectors of registry 2.8 leave such links for ever; the next push of the layer heals "
          "them",
          "nothing needs to be done; to take them away: regsweep gc --apply --links {store}"},
    Words{FindingCode::kTagsWithoutRevision, "tag-without-revision",
          "one tag's manifest is not linked as a revision",
          "{n} tags' manifests are not linked as revisions",
          "pulls of the tag fail although the manifest is there, and a registry's collector sweeps "
          "it; here it is kept",
          "with the registry stopped: regsweep repair --apply {store}; or push the tag again"},
    Words{FindingCode::kTagsWithoutCurrent, "tag-without-current", "one tag means nothing",
          "{n} tags mean nothing",
          "its `current` link is missing: it is listed but cannot be pulled",
          "what it may have meant, and how to let it mean that again: regsweep recover {store}"},
    Words{FindingCode::kStrayInTags, "stray-in-tags", "one stray file stands among the tags",
          "{n} stray files stand among the tags",
          "the registry lists it as a tag, and its `garbage-collect -m` aborts at it",
          "delete the file"},
    Words{FindingCode::kCollectorBreaksTags, "collector-breaks-tags", "", "", "",
          "do not run it here; what keeps them: regsweep gc --apply {store}"},
    Words{FindingCode::kCollectorDropsReferrers, "collector-drops-referrers", "", "",
          "signatures, SBOMs and attestations of living images would be gone",
          "do not run it here; what keeps them: regsweep gc --apply {store}"},
    Words{FindingCode::kCollectorAborts, "collector-aborts", "", "", "", ""},
    Words{FindingCode::kBadRepositoryNames, "bad-repository-name",
          "one repository has a name no registry accepts",
          "{n} repositories have names no registry accepts",
          "the registry does not serve it and its collector aborts there",
          "move the directory away with the registry stopped"},
    Words{FindingCode::kSymlinks, "symlink", "one symbolic link stands in the store",
          "{n} symbolic links stand in the store",
          "it is never followed here, but a registry follows it: what lies behind is not counted",
          "replace it by what it points to, or mount that in its place"},
    Words{FindingCode::kSpecialFiles, "special-file",
          "one device, pipe or socket stands in the store",
          "{n} devices, pipes or sockets stand in the store", "no registry makes such a thing",
          "find out who did, and delete it"},
    Words{FindingCode::kStrayFiles, "stray-file", "one file no registry writes",
          "{n} files no registry writes", "it takes space and may trip a registry's collector",
          "look at it, then delete it"},
    Words{FindingCode::kStrayDirectories, "stray-directory", "one directory no registry makes",
          "{n} directories no registry makes", "what lies in it is counted under other files",
          "look at it, then delete it"},
    Words{FindingCode::kTemporaryFiles, "temporary-file", "one temporary file was left by a crash",
          "{n} temporary files were left by a crash",
          "registry 3.1 and later write links through such files; no collector removes them",
          "take it away: regsweep gc --apply --temporary {store}"},
    Words{FindingCode::kBlobsWithoutData, "blob-without-data",
          "one blob directory is without its data", "{n} blob directories are without their data",
          "an interrupted deletion left it; it is no blob",
          "take it away: regsweep gc --apply --empty {store}"},
    Words{FindingCode::kEmptyDirectories, "empty-directory", "one directory is empty",
          "{n} directories are empty", "deletions leave them; each costs an inode",
          "take them away: regsweep gc --apply --empty {store}"},
    Words{FindingCode::kEmptyRepositories, "empty-repository",
          "one repository holds no manifest and no tag",
          "{n} repositories hold no manifest and no tag",
          "it is still listed in the catalog, and its layer links may keep nothing alive",
          "take it away: regsweep gc --apply --empty --links --uploads 7d {store}"},
    Words{FindingCode::kStaleTagIndex, "stale-tag-index",
          "one entry in a tag's index is of the past",
          "{n} entries in tags' indexes are of the past",
          "they record what a tag meant before; nothing is kept alive by them",
          "nothing needs to be done; to forget the past: regsweep gc --apply --stale-tags {store}"},
    Words{
        FindingCode::kOldUploads, "old-upload", "one unfinished upload is older than 7 days",
        "{n} unfinished uploads are older than 7 days",
        "a client gave up; the registry's upload purging is off or has not run, and its collector "
        "never removes them",
        "take them away: regsweep gc --apply --uploads 7d {store}"},
    Words{FindingCode::kSparseIndexes, "sparse-index", "one index lacks some of its images",
          "{n} indexes lack some of their images",
          "those platforms cannot be pulled; it was pushed without them, or a collector took them",
          "if it is not meant so, push the multi-arch image again"},
    Words{FindingCode::kForeignLayers, "foreign-layer",
          "one layer is kept elsewhere, as its URLs say",
          "{n} layers are kept elsewhere, as their URLs say",
          "Windows base layers are; clients fetch them from there", "nothing needs to be done"},
    Words{FindingCode::kRefusedManifests, "refused-manifest",
          "one manifest is none that a registry's collector accepts",
          "{n} manifests are none that a registry's collector accepts",
          "its references are understood and kept here; a registry aborts when it reads it",
          "delete the revision, or push the image again in a newer format"},
    Words{FindingCode::kNoTags, "no-tags", "no repository has a tag", "",
          "everything counts as untagged: a collection of untagged manifests would delete all",
          "make sure that this is the right store"},
    Words{FindingCode::kNoBlobs, "no-blobs", "there is no `blobs` directory", "",
          "nothing can be pulled: it may be a wrong or half-copied store",
          "make sure that this is the right store"},
    Words{FindingCode::kNoRepositories, "no-repositories", "there is no `repositories` directory",
          "",
          "every blob counts as garbage, and that is seldom true: it may be a wrong or half-copied "
          "store",
          "make sure that this is the right store; delete nothing"},
};

const Words& words_of(FindingCode code) noexcept {
  const auto* at = std::find_if(kWords.begin(), kWords.end(),
                                [code](const Words& words) { return words.code == code; });
  return at == kWords.end() ? kWords.front() : *at;
}

/// Wherever it stands; not in what is put in.
std::string replaced(std::string_view text, std::string_view what, const std::string& by) {
  std::string out(text);
  for (std::size_t at = out.find(what); at != std::string::npos;
       at = out.find(what, at + by.size())) {
    out.replace(at, what.size(), by);
  }
  return out;
}

std::string collector_name(const Hazard& hazard) {
  return fmt::format("registry {} `garbage-collect{}`",
                     hazard.version == RegistryVersion::k2_8 ? "2.8" : "3",
                     hazard.delete_untagged ? " -m" : "");
}

/// Findings about the registry's own collectors say which one, and how much it would cost.
void say_hazard(const Finding& finding, const TextOptions& options, FindingText& text) {
  const Hazard& hazard = *finding.hazard;
  const std::string who = collector_name(hazard);
  switch (finding.code) {
    case FindingCode::kCollectorBreaksTags: {
      text.message = fmt::format("{} would break {} tag{}", who, grouped(finding.objects),
                                 finding.objects == 1 ? "" : "s");
      if (hazard.lost_children != 0) {
        text.message +=
            fmt::format(": it deletes {} image{} that tagged indexes need",
                        grouped(hazard.lost_children), hazard.lost_children == 1 ? "" : "s");
      }
      text.meaning =
          fmt::format("it would delete {} living blob{} ({})", grouped(hazard.lost_blobs),
                      hazard.lost_blobs == 1 ? "" : "s", size_text(hazard.lost_bytes, options));
      if (hazard.lost_blobs == 0) text.meaning = "the images' revisions would be deleted";
      break;
    }
    case FindingCode::kCollectorDropsReferrers:
      text.message = fmt::format("{} would delete {} referrer{} of living images", who,
                                 grouped(finding.objects), finding.objects == 1 ? "" : "s");
      break;
    default:
      text.message = who;
      for (const Hazard& other : hazard.same_abort) text.message += ", " + collector_name(other);
      text.message += " would abort";
      text.meaning =
          (hazard.aborts_after_removing ? "it would have deleted content by then, and says: "
                                        : "it would delete nothing, and says: ") +
          printable(finding.detail);
      text.next = "mend what the message names, or keep that collector away from this store";
      break;
  }
}

}  // namespace

std::string_view finding_code(FindingCode code) noexcept { return words_of(code).key; }

std::string_view concern_name(analyzer::Concern concern) noexcept {
  switch (concern) {
    case analyzer::Concern::kDanger:
      return "danger";
    case analyzer::Concern::kWarning:
      return "warning";
    default:
      return "note";
  }
}

FindingText finding_text(const Finding& finding, const std::string& store,
                         const TextOptions& options) {
  const Words& words = words_of(finding.code);
  const bool one = finding.objects == 1 || words.many.empty();
  FindingText text;
  text.message = replaced(one ? words.one : words.many, "{n}", grouped(finding.objects));
  text.meaning = words.meaning;
  text.next = replaced(words.next, "{store}", store);
  if (finding.hazard) {
    say_hazard(finding, options, text);
  } else if (!finding.detail.empty()) {
    text.meaning = printable(finding.detail) + "; " + text.meaning;
  }
  return text;
}

}  // namespace regsweep::reports
