#include <algorithm>

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/why_report.h"

namespace regsweep::reports {
namespace {

using analyzer::Chain;
using analyzer::DigestId;
using analyzer::RefKind;
using analyzer::Survey;
using analyzer::Why;

class WhyJson {
 public:
  WhyJson(const WhyReport& report, bool verbose)
      : report_(report), survey_(report.survey), why_(report.why), verbose_(verbose) {}

  Json document() const {
    return {{"schema", "regsweep.why/1"},
            {"complete", survey_.complete},
            {"store", printable(report_.root)},
            {"asked", printable(report_.asked)},
            {"ref", ref()},
            {"object", object()},
            {"needs", {{"blobs", why_.blobs}, {"size", bytes_pair(why_.size)}}},
            {"standing", standing_name(why_.standing)},
            {"chain", chain(why_.chain)},
            {"manifests", namers()},
            {"tags", tags(why_.tags)},
            {"kept_by_tags", tags(why_.kept_by)},
            {"attached_tags", tags(why_.attached)},
            {"attached_to", text_or_null(why_.attached_to)},
            {"repositories", holders()},
            {"damage", damage()},
            {"deletion", deletion()},
            {"collectors", collectors()}};
  }

 private:
  Json digest(DigestId id) const {
    return id == analyzer::kNoDigest ? Json() : Json(survey_.graph.digests[id].text());
  }
  Json name(std::uint32_t repository) const {
    return repository == analyzer::kNoRow ? Json()
                                          : Json(printable(survey_.repositories[repository].name));
  }
  Json tag_name(const analyzer::Ref& ref) const {
    if (ref.kind != RefKind::kTag) return nullptr;
    return printable(survey_.repositories[ref.repository].tags[ref.tag].name);
  }
  Json manifest_type(DigestId id) const {
    if (!survey_.graph.is_manifest(id)) return nullptr;
    return manifest_type_name(survey_.graph.type(id));
  }

  /// The first of a list, with how many there are.
  template <class T, class F>
  Json listed(const std::vector<T>& rows, F&& item) const {
    Json items = Json::array();
    for (const T& one : rows) {
      if (!verbose_ && items.size() == kMostReferrers) break;
      items.push_back(item(one));
    }
    return {{"count", rows.size()}, {"items", std::move(items)}};
  }

  Json ref() const {
    constexpr std::string_view kKinds[] = {"digest", "tag", "revision", "repository"};
    const analyzer::Ref& ref = why_.ref;
    return {{"kind", kKinds[static_cast<std::size_t>(ref.kind)]},
            {"repository", name(ref.repository)},
            {"tag", tag_name(ref)},
            {"digest", digest(ref.digest)}};
  }

  Json object() const {
    const DigestId id = why_.object;
    if (id == analyzer::kNoDigest) return nullptr;
    Json written = nullptr;
    if (why_.last_written_seconds != 0) written = rfc3339(why_.last_written_seconds);
    Json subjects = Json::array();
    for (const DigestId subject : why_.subjects) subjects.push_back(digest(subject));
    return {
        {"digest", digest(id)},
        {"type", object_type(survey_, why_)},
        {"media_type", text_or_null(why_.media_type)},
        {"state", why_.served == id                    ? "present"
                  : why_.served != analyzer::kNoDigest ? "alias"
                  : why_.is_foreign                    ? "foreign"
                  : why_.is_missing                    ? "missing"
                                                       : "unknown"},
        {"stored_as", digest(why_.served)},
        {"size", bytes_pair(why_.served == analyzer::kNoDigest ? analyzer::Bytes{}
                                                               : survey_.graph.bytes(why_.served))},
        {"last_written", std::move(written)},
        {"subjects", std::move(subjects)},
        {"not_understood", text_or_null(why_.not_understood)}};
  }

  Json chain(const std::optional<Chain>& chain) const {
    if (!chain) return nullptr;
    constexpr std::string_view kKinds[] = {"root", "reference", "alias", "referrer"};
    Json steps = Json::array();
    for (const analyzer::ChainStep& step : chain->steps) {
      Json role = nullptr;
      if (step.kind == analyzer::StepKind::kReference) role = role_name(step.role);
      steps.push_back({{"digest", digest(step.id)},
                       {"by", kKinds[static_cast<std::size_t>(step.kind)]},
                       {"role", std::move(role)},
                       {"type", manifest_type(step.id)},
                       {"platform", text_or_null(step.platform)}});
    }
    return {{"repository", name(chain->root.repository)},
            {"tag", tag_name(chain->root)},
            {"steps", std::move(steps)}};
  }

  Json namers() const {
    return listed(why_.namers, [&](const analyzer::Namer& namer) -> Json {
      return {{"digest", digest(namer.manifest)},
              {"type", manifest_type(namer.manifest)},
              {"role", role_name(namer.role)},
              {"foreign", namer.foreign},
              {"standing", standing_name(namer.standing)}};
    });
  }

  Json tags(const std::vector<analyzer::TagRef>& tags) const {
    return listed(tags, [&](const analyzer::TagRef& tag) -> Json {
      const analyzer::Repository& repository = survey_.repositories[tag.repository];
      return {{"repository", printable(repository.name)},
              {"tag", printable(repository.tags[tag.tag].name)}};
    });
  }

  Json holders() const {
    return listed(why_.holders, [&](const analyzer::Holder& holder) -> Json {
      return {{"repository", name(holder.repository)},
              {"revision", holder.revision},
              {"layer_link", holder.layer_link},
              {"other", digest(holder.other)}};
    });
  }

  Json damage() const {
    return {
        {"live", why_.live_damage()},
        {"objects",
         listed(why_.defects,
                [&](const analyzer::DefectOf& defect) -> Json {
                  return {{"digest", digest(defect.id)}, {"defect", defect_name(defect.defect)}};
                })},
        {"children", why_.children},
        {"absent_children", why_.absent_children}};
  }

  static Json freed(const analyzer::Freed& freed) {
    return {{"blobs", freed.blobs}, {"size", bytes_pair(freed.bytes)}};
  }

  Json deletion() const {
    const analyzer::DeletionEffect& deletion = why_.deletion;
    Json refusals = Json::array();
    for (const std::string& refusal : why_.refusals) refusals.push_back(printable(refusal));
    return {{"possible", !deletion.removal.empty()},
            {"tags", deletion.removal.tags.size()},
            {"revisions", deletion.removal.revisions.size()},
            {"frees_by_gc", freed(deletion.by_gc)},
            {"frees_by_gc_untagged", freed(deletion.by_gc_untagged)},
            {"standing_after", standing_name(deletion.after)},
            {"still_kept_by", chain(deletion.still)},
            {"refusals", std::move(refusals)}};
  }

  Json collectors() const {
    Json rows = Json::array();
    for (const analyzer::Fate& fate : why_.fates) {
      rows.push_back({{"registry", fate.version == analyzer::RegistryVersion::k3 ? "3" : "2.8"},
                      {"delete_untagged", fate.delete_untagged},
                      {"abort", text_or_null(fate.abort)},
                      {"removes_nothing", fate.removes_nothing()},
                      {"deletes_object", fate.deletes_object},
                      {"object_must_live", fate.object_must_live},
                      {"deletes_revisions", fate.revisions},
                      {"deletes_parts", fate.parts},
                      {"deletes_live_parts", fate.parts_alive},
                      {"first_live_part", digest(fate.first_part)},
                      {"loses_children", fate.lost_children},
                      {"first_lost_child", digest(fate.first_child)},
                      {"loss", fate.is_loss()}});
    }
    return rows;
  }

  const WhyReport& report_;
  const Survey& survey_;
  const Why& why_;
  const bool verbose_;
};

}  // namespace

std::string_view role_name(analyzer::Role role) noexcept {
  switch (role) {
    case analyzer::Role::kConfig:
      return "config";
    case analyzer::Role::kLayer:
      return "layer";
    case analyzer::Role::kManifest:
      return "manifest";
    case analyzer::Role::kFsLayer:
      return "fs-layer";
    case analyzer::Role::kBlob:
      return "blob";
    case analyzer::Role::kSubject:
      return "subject";
  }
  return "blob";
}

std::string_view standing_name(analyzer::Standing standing) noexcept {
  return standing == analyzer::Standing::kTagged     ? "tagged"
         : standing == analyzer::Standing::kUntagged ? "untagged"
                                                     : "garbage";
}

std::string_view defect_name(analyzer::Defect defect) noexcept {
  constexpr std::string_view kNames[] = {"empty",  "missing", "wrong-size",
                                         "hollow", "garbled", "not-a-file"};
  return kNames[static_cast<std::size_t>(defect)];
}

std::string object_type(const Survey& survey, const Why& why) {
  if (survey.graph.is_manifest(why.object)) {
    return std::string(manifest_type_name(survey.graph.type(why.object)));
  }
  for (const analyzer::Namer& namer : why.namers) {
    return namer.role == analyzer::Role::kFsLayer   ? "layer"
           : namer.role == analyzer::Role::kSubject ? "manifest"
                                                    : std::string(role_name(namer.role));
  }
  const bool revision = std::any_of(why.holders.begin(), why.holders.end(),
                                    [](const analyzer::Holder& holder) { return holder.revision; });
  return revision || !why.tags.empty() ? "manifest" : "blob";
}

void write_why_json(const WhyReport& report, bool verbose, std::ostream& out) {
  out << WhyJson(report, verbose).document().dump(1) << '\n';
}

}  // namespace regsweep::reports
