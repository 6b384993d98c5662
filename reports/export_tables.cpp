#include "reports/export_tables.h"

#include <algorithm>
#include <array>

#include "reports/export_rows.h"

namespace regsweep::reports {
namespace {

using enum ColumnType;
using Column = ExportColumn;

constexpr Column kStore[] = {
    {"schema", kText, false, "`regsweep.export/1`: the form of these tables"},
    {"version", kText, false, "the regsweep that wrote them"},
    {"root", kText, false, "the store's root directory"},
    {"complete", kBoolean, false,
     "whether everything could be read; if not, nothing here may be used to delete"},
    {"exact", kBoolean, false, "with `--exact`: every inode was visited"},
    {"managed_by", kText, true,
     "`gitlab-database`, `harbor` or `pull-through-cache`: what else decides what is alive"},
    {"repositories", kInteger, false, "how many there are"},
    {"tags", kInteger, false, "tags that mean a digest"},
    {"revisions", kInteger, false, "revision links"},
    {"layer_links", kInteger, false, "layer links"},
    {"blobs", kInteger, false, "blobs that are there"},
    {"total_apparent_bytes", kBytes, false, "everything below the root: the sum of `space`"},
    {"total_allocated_bytes", kBytes, false, "the same on disk"},
    {"total_estimated", kBoolean, false, "links and directories were counted, not sized"},
    {"garbage_one_repository_apparent_bytes", kBytes, false,
     "garbage that one repository links: the sum of `repositories.reclaimable`"},
    {"garbage_one_repository_allocated_bytes", kBytes, false, "the same on disk"},
    {"garbage_several_repositories_apparent_bytes", kBytes, false, "garbage that several link"},
    {"garbage_several_repositories_allocated_bytes", kBytes, false, "the same on disk"},
    {"garbage_orphan_apparent_bytes", kBytes, false, "garbage that no repository links"},
    {"garbage_orphan_allocated_bytes", kBytes, false, "the same on disk"},
};

constexpr Column kSpace[] = {
    {"class", kText, false,
     "`tagged`, `untagged` and `garbage` are blobs; `uploads`, `quarantine`, `other`, `structure`"},
    {"objects", kInteger, false, "blobs, files, or links and directories"},
    {"apparent_bytes", kBytes, false, "their sizes"},
    {"allocated_bytes", kBytes, false, "what they take on disk"},
    {"estimated", kBoolean, false, "counted, but not every one was sized"},
};

constexpr Column kRepositories[] = {
    {"id", kId, false, "its rank by name, from 0"},
    {"name", kText, false, "as `team/app`"},
    {"namespace", kText, false, "the name up to its last slash, as `team`; empty if it has none"},
    {"tags", kInteger, false, "its tags that mean a digest"},
    {"revisions", kInteger, false, "its revision links"},
    {"layer_links", kInteger, false, "its layer links"},
    {"size_apparent_bytes", kBytes, false, "distinct blobs that its tags and revisions reach"},
    {"size_allocated_bytes", kBytes, false, "the same on disk"},
    {"exclusive_apparent_bytes", kBytes, false, "of its size, what no other repository reaches"},
    {"exclusive_allocated_bytes", kBytes, false, "the same on disk"},
    {"shared_apparent_bytes", kBytes, false, "the rest of its size; not to be added up"},
    {"shared_allocated_bytes", kBytes, false, "the same on disk"},
    {"untagged_apparent_bytes", kBytes, false,
     "of its size, what only its untagged revisions reach"},
    {"untagged_allocated_bytes", kBytes, false, "the same on disk"},
    {"reclaimable_apparent_bytes", kBytes, false, "garbage that it alone links"},
    {"reclaimable_allocated_bytes", kBytes, false, "the same on disk"},
    {"newest_push", kTime, true, "when the last of its tags was pushed"},
};

constexpr Column kTags[] = {
    {"repository", kRepository, false, "where the tag is"},
    {"tag", kText, false, "its name"},
    {"digest", kDigest, true, "what it means; null if its link holds no digest"},
    {"state", kText, false,
     "`ok`; `broken`: its content lacks something; `dangling`: its manifest is gone; `unreadable`; "
     "`stray`: a file where only tags should be"},
    {"pushed", kTime, true, "when it was made to mean this"},
    {"meanings", kInteger, true, "digests it ever meant, as far as that was counted"},
    {"size_apparent_bytes", kBytes, true,
     "distinct blobs it reaches, referrers left out; null without a digest"},
    {"size_allocated_bytes", kBytes, true, "the same on disk"},
    {"exclusive_apparent_bytes", kBytes, true, "of these, what no other tag of the store reaches"},
    {"exclusive_allocated_bytes", kBytes, true, "the same on disk"},
};
constexpr std::string_view kTagIndexes[] = {"digest"};

constexpr Column kBlobs[] = {
    {"id", kId, false, "the digest's rank by text, from 0"},
    {"digest", kText, false, "`alg:hex`"},
    {"class", kText, false,
     "of a blob that is there: `tagged` if a tag reaches it, `untagged` if only a revision does, "
     "`garbage` if nothing does. Else `missing`; `alias`: another name, see `aliases`; "
     "`not-a-file`: "
     "something stands in its place; `unknown`: it cannot be told"},
    {"needed_by", kText, true, "`tag` or `revision`: what reaches the digest, be it there or not"},
    {"present", kBoolean, false, "its file is there: a row of the first three classes"},
    {"apparent_bytes", kBytes, false, "its size; 0 if it is not there or counted elsewhere"},
    {"allocated_bytes", kBytes, false, "what it takes on disk"},
    {"counted_elsewhere", kBoolean, false,
     "a hard link to a file whose bytes stand with another blob"},
    {"media_type", kText, true,
     "a manifest's own, else what references to it declare, the first by text"},
    {"mtime", kTime, true, "when its file was written"},
    {"is_manifest", kBoolean, false, "it was read as a manifest: a row of `manifests`"},
};
constexpr std::string_view kBlobIndexes[] = {"digest UNIQUE", "class, allocated_bytes"};

constexpr Column kManifests[] = {
    {"digest", kDigest, false, "which"},
    {"type", kText, false,
     "`image`, `index`, `docker image`, `docker list`, `artifact`, `schema 1`, `unknown` or "
     "`unreadable`"},
    {"media_type", kText, true, "the media type of that type"},
    {"subject", kDigest, true, "what it refers to as its subject: a signature's or SBOM's image"},
    {"reference_count", kInteger, false, "its rows of `edges`"},
    {"manifest_count", kInteger, false, "of these, those of kind `manifest`: an index's children"},
    {"layer_count", kInteger, false, "distinct blobs of kind `layer`, `fs-layer` and `blob`"},
    {"layers_apparent_bytes", kBytes, false, "the sizes of those that are there"},
    {"layers_allocated_bytes", kBytes, false, "the same on disk"},
    {"understood", kBoolean, false, "if not, references may hide in it, and no blob may be swept"},
    {"problem", kText, true, "what is odd about it"},
    {"error_registry_2_8", kText, true, "why the collector of registry 2.8 aborts at it"},
    {"error_registry_3", kText, true, "why that of registry 3 does"},
};
constexpr std::string_view kManifestIndexes[] = {"subject"};

constexpr Column kEdges[] = {
    {"parent", kDigest, false, "the manifest"},
    {"position", kInteger, false, "of the reference in it, in the order in which a registry marks"},
    {"child", kDigest, true, "what is referred to; null if that is no digest"},
    {"kind", kText, false, "`config`, `layer`, `manifest`, `fs-layer`, `blob` or `subject`"},
    {"media_type", kText, true, "as the reference declares"},
    {"has_urls", kBoolean, false,
     "a foreign layer: its blob is usually not in the store, on purpose"},
    {"declared_bytes", kBytes, true, "the declared size where that is not the blob's; else null"},
    {"followed_by_registry_2_8", kBoolean, false, "the collector of registry 2.8 marks it"},
    {"followed_by_registry_3", kBoolean, false, "that of registry 3 does"},
    {"invalid", kText, true, "what stands there in place of a digest"},
};
constexpr std::string_view kEdgeIndexes[] = {"child"};

constexpr Column kLinks[] = {
    {"repository", kRepository, false, "where the link is"},
    {"kind", kText, false, "`layer` or `revision`"},
    {"digest", kDigest, false, "what its path names; of a stray one what it holds"},
    {"state", kText, false,
     "`ok`; `other`: it holds another digest; `malformed`: it holds none; `absent`: its directory "
     "is "
     "there, it is not; `not-a-file`; `unreadable`; `stray`: at a depth where a registry reads it "
     "although none is written there"},
    {"holds", kDigest, true,
     "the other digest that it holds; without `--exact` layer links are not read"},
};
constexpr std::string_view kLinkIndexes[] = {"digest"};

constexpr Column kAliases[] = {
    {"alias", kDigest, false, "the digest that links name by their path"},
    {"digest", kDigest, false, "the digest that they hold: what a registry serves"},
};

constexpr std::string_view kAliasIndexes[] = {"digest"};

constexpr Column kUploads[] = {
    {"repository", kRepository, false, "where the push was begun"},
    {"upload", kText, false, "its id"},
    {"started", kTime, true, "when"},
    {"touched", kTime, true, "when it was written to last"},
    {"files", kInteger, false, "files in its directory"},
    {"apparent_bytes", kBytes, false, "their sizes"},
    {"allocated_bytes", kBytes, false, "what they take on disk"},
};

constexpr Column kFindings[] = {
    {"finding", kInteger, false, "its place in the audit, the gravest first, from 0"},
    {"code", kText, false, "stable, as `zero-length-blob`"},
    {"concern", kText, false, "`danger`, `warning` or `note`"},
    {"objects", kInteger, false, "how many it was met on"},
    {"apparent_bytes", kBytes, false, "their sizes, where that is what matters"},
    {"allocated_bytes", kBytes, false, "the same on disk"},
    {"message", kText, false, "what there is; the words are not stable"},
    {"meaning", kText, false, "what that means"},
    {"next", kText, false, "what to do"},
};

constexpr Column kFindingSubjects[] = {
    {"finding", kInteger, false, "a row of `findings`"},
    {"position", kInteger, false, "from 0"},
    {"subject", kText, false, "a digest, repository, tag or path; at most 100 are named"},
};

constexpr std::span<const std::string_view> kNoIndexes;

constexpr std::array kTables = {
    ExportTable{"store", "The store as a whole: one row.", kStore, "schema", kNoIndexes,
                store_rows},
    ExportTable{"space", "Where the space is: every object is in exactly one row.", kSpace, "class",
                kNoIndexes, space_rows},
    ExportTable{"repositories", "A repository and its figures.", kRepositories, "", kNoIndexes,
                repository_rows},
    ExportTable{"blobs", "A digest that the store knows: a blob that is there or that is named.",
                kBlobs, "", kBlobIndexes, blob_rows},
    ExportTable{"tags", "A tag.", kTags, "repository, tag", kTagIndexes, tag_rows},
    ExportTable{"manifests", "A document that was read as a manifest.", kManifests, "digest",
                kManifestIndexes, manifest_rows},
    ExportTable{"edges", "A reference in a manifest.", kEdges, "parent, position", kEdgeIndexes,
                edge_rows},
    ExportTable{"links", "A revision or layer link: what makes a repository serve a digest.",
                kLinks, "repository, kind, digest, state", kLinkIndexes, link_rows},
    ExportTable{"aliases",
                "Two names of one blob: a link at the path of the first holds the second.",
                kAliases, "alias, digest", kAliasIndexes, alias_rows},
    ExportTable{"uploads", "An unfinished push.", kUploads, "repository, upload", kNoIndexes,
                upload_rows},
    ExportTable{"findings", "What is wrong or worth knowing.", kFindings, "finding", kNoIndexes,
                finding_rows},
    ExportTable{"finding_subjects", "What a finding is about.", kFindingSubjects,
                "finding, position", kNoIndexes, finding_subject_rows},
};

}  // namespace

std::span<const ExportTable> export_tables() { return kTables; }

const ExportTable* find_export_table(std::string_view name) {
  const auto found = std::find_if(kTables.begin(), kTables.end(),
                                  [&](const ExportTable& table) { return table.name == name; });
  return found == kTables.end() ? nullptr : &*found;
}

}  // namespace regsweep::reports
