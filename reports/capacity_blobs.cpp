// Sheets of blobs: by media type, by age, the largest.
#include <fmt/format.h>

#include "analyzer/age.h"
#include "analyzer/largest_blobs.h"
#include "analyzer/media_type_of.h"
#include "reports/capacity.h"
#include "reports/humanize.h"
#include "reports/space_names.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::ClassSplit;
using analyzer::SpaceClass;
using Kind = SheetRow::Kind;

constexpr Metric kBlobs = {"blobs", "BLOBS", "Blobs", Unit::kCount, true};
constexpr Metric kSize = {"size", "SIZE", "What the blobs take", Unit::kBytes, true};

/// A first column, and the columns of a ClassSplit.
std::vector<Metric> split_columns(const Metric& first) {
  return {first,
          kBlobs,
          kSize,
          {"tagged", "TAGGED", "Of the size, what a tag reaches", Unit::kBytes, true},
          {"untagged", "UNTAGGED", "Of the size, what only untagged revisions reach", Unit::kBytes,
           true},
          {"garbage", "GARBAGE", "Of the size, what nothing reaches", Unit::kBytes, true}};
}

std::vector<Cell> split_cells(std::string name, const ClassSplit& split) {
  return {std::move(name), split.blobs, split.total(), split.tagged, split.untagged, split.garbage};
}

/// All blobs, from the audit's own rows.
ClassSplit all_blobs(const Audit& audit) {
  const auto& tagged = audit.accounts[SpaceClass::kTagged];
  const auto& untagged = audit.accounts[SpaceClass::kUntagged];
  const auto& garbage = audit.accounts[SpaceClass::kGarbage];
  return {tagged.objects + untagged.objects + garbage.objects, tagged.bytes, untagged.bytes,
          garbage.bytes};
}

/// "under 1 day", "1 to 7 days", "730 days or more".
std::string age_name(std::size_t row) {
  if (row == 0) return fmt::format("under {} day", analyzer::kAgeDays[0]);
  if (row == analyzer::kAgeDays.size()) {
    return fmt::format("{} days or more", analyzer::kAgeDays.back());
  }
  return fmt::format("{} to {} days", analyzer::kAgeDays[row - 1], analyzer::kAgeDays[row]);
}

/// Some names, and how many there are besides.
std::string owner_names(const Audit& audit, const analyzer::LargeBlob& blob) {
  std::string names;
  for (const std::uint32_t owner : blob.owners) {
    if (!names.empty()) names += ' ';
    names += printable(audit.survey.repositories[owner].name);
  }
  if (blob.repositories > blob.owners.size()) {
    names += fmt::format(" and {} more", grouped(blob.repositories - blob.owners.size()));
  }
  return names;
}

}  // namespace

Sheet media_type_sheet(const Audit& audit) {
  Sheet sheet;
  sheet.name = "media_type";
  sheet.columns =
      split_columns({"media_type", "MEDIA TYPE",
                     "What manifests say of the blobs, or a manifest's own type", Unit::kText});
  for (const auto& type : analyzer::blobs_by_media_type(audit.survey, audit.accounts)) {
    const bool has_no_name = type.name.empty();
    const std::string name = has_no_name ? "(nothing says)" : printable(type.name);
    sheet.rows.push_back({Kind::kItem, split_cells(name, type.split), has_no_name});
  }
  sheet.total = split_cells("total", all_blobs(audit));
  return sheet;
}

Sheet blob_age_sheet(const Audit& audit, std::int64_t now_seconds) {
  Sheet sheet;
  sheet.name = "blob_age";
  sheet.columns = split_columns({"age", "AGE OF BLOB", "Since it was pushed first", Unit::kText});
  const auto rows = analyzer::blobs_by_age(audit.survey, audit.accounts, now_seconds);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sheet.rows.push_back({Kind::kItem, split_cells(age_name(i), rows[i])});
  }
  sheet.total = split_cells("total", all_blobs(audit));
  return sheet;
}

Sheet push_age_sheet(const Audit& audit, std::int64_t now_seconds) {
  Sheet sheet;
  sheet.name = "push_age";
  sheet.columns = {
      {"age", "LAST PUSH", "Since the tags were pushed last", Unit::kText},
      {"tags", "TAGS", "Tags", Unit::kCount, true},
      kBlobs,
      {"size", "SIZE", "What these tags reach and no younger one does", Unit::kBytes, true}};
  sheet.note = "SIZE is what no younger tag reaches: it goes if these tags and all older ones go";
  const analyzer::PushAges ages = analyzer::tags_by_push(audit.survey, now_seconds);
  std::uint64_t tags = ages.unknown.tags;
  const auto cells = [](std::string name, const analyzer::PushAge& age) -> std::vector<Cell> {
    return {std::move(name), age.tags, age.blobs, age.bytes};
  };
  if (ages.unknown.tags != 0 || ages.unknown.blobs != 0) {
    sheet.rows.push_back({Kind::kItem, cells("not known", ages.unknown)});
  }
  for (std::size_t i = 0; i < ages.rows.size(); ++i) {
    tags += ages.rows[i].tags;
    sheet.rows.push_back({Kind::kItem, cells(age_name(i), ages.rows[i])});
  }
  const auto& tagged = audit.accounts[SpaceClass::kTagged];
  sheet.total = {"total", tags, tagged.objects, tagged.bytes};
  return sheet;
}

Sheet largest_blob_sheet(const Audit& audit, std::size_t most) {
  Sheet sheet;
  sheet.name = "blob";
  sheet.columns = {{"digest", "DIGEST", "A blob", Unit::kText},
                   {"class", "CLASS", "What keeps it: tagged, untagged or garbage", Unit::kText},
                   {"size", "SIZE", "What it takes", Unit::kBytes, true},
                   {"repositories", "REPOSITORIES",
                    "Repositories that reach it, or link it if it is garbage", Unit::kCount},
                   {"media_type", "MEDIA TYPE", "What manifests say of it", Unit::kText},
                   {"owners", "WHOSE", "The first of these repositories", Unit::kText}};
  const ClassSplit all = all_blobs(audit);
  analyzer::Bytes rest = all.total();
  const analyzer::MediaTypeOf types = analyzer::media_type_of(audit.survey);
  const auto blobs = analyzer::largest_blobs(audit.survey, audit.accounts, most);
  for (const analyzer::LargeBlob& blob : blobs) {
    const analyzer::Bytes bytes = audit.survey.graph.bytes(blob.id);
    rest -= bytes;
    sheet.rows.push_back(
        {Kind::kItem,
         {audit.survey.graph.digests[blob.id].text(),
          std::string(kSpaceNames[static_cast<std::size_t>(blob.space_class)].name), bytes,
          blob.repositories, printable(types[blob.id]), owner_names(audit, blob)}});
  }
  if (all.blobs > blobs.size()) {
    const std::uint64_t more = all.blobs - blobs.size();
    sheet.rows.push_back({Kind::kOthers,
                          {fmt::format("({} more {})", grouped(more), more == 1 ? "blob" : "blobs"),
                           {},
                           rest,
                           {},
                           {},
                           {}}});
  }
  sheet.total = {"total", {}, all.total(), {}, {}, {}};
  return sheet;
}

}  // namespace regsweep::reports
