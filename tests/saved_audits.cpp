#include "tests/saved_audits.h"

#include <gtest/gtest.h>

#include <sstream>

#include "reports/space_names.h"

namespace regsweep::tests {
namespace {

using analyzer::SpaceClass;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kBlock = 4096;

Json pair(std::uint64_t bytes) {
  return {{"apparent_bytes", bytes}, {"allocated_bytes", (bytes + kBlock - 1) / kBlock * kBlock}};
}

void add(Json& sum, const Json& more) {
  for (const char* name : {"apparent_bytes", "allocated_bytes"}) {
    sum[name] = sum.at(name).get<std::uint64_t>() + more.at(name).get<std::uint64_t>();
  }
}

void add_one(Json& number, std::uint64_t more) { number = number.get<std::uint64_t>() + more; }

std::size_t row(SpaceClass space_class) { return static_cast<std::size_t>(space_class); }

}  // namespace

AuditWriter::AuditWriter() {
  json = {{"schema", "regsweep.audit/1"},
          {"complete", true},
          {"exact", true},
          {"store",
           {{"root", "/var/lib/registry"},
            {"repositories", 0},
            {"tags", 0},
            {"revisions", 0},
            {"layer_links", 0},
            {"blobs", 0},
            {"managed_by", nullptr}}},
          {"space", Json::array()},
          {"total", {{"objects", 0}}},
          {"reclaimable", Json::object()},
          {"garbage",
           {{"one_repository", pair(0)}, {"several_repositories", pair(0)}, {"orphan", pair(0)}}},
          {"disk", nullptr},
          {"repositories", Json::array()},
          {"findings", Json::array()}};
  for (const reports::SpaceName& name : reports::kSpaceNames) {
    Json one = {{"class", name.name}, {"objects", 0}};
    one.update(pair(0));
    one["estimated"] = false;
    json["space"].push_back(std::move(one));
  }
  json["total"].update(pair(0));
  json["total"]["estimated"] = false;
}

void AuditWriter::add_space(std::size_t at, std::uint64_t objects, std::uint64_t bytes) {
  for (Json* sum : {&json["space"][at], &json["total"]}) {
    add_one((*sum)["objects"], objects);
    add(*sum, pair(bytes));
  }
  if (at <= row(SpaceClass::kGarbage)) add_one(json["store"]["blobs"], objects);
}

AuditWriter& AuditWriter::repo(const std::string& name, std::uint64_t tags, SavedSizes sizes) {
  Json size = pair(sizes.exclusive);
  add(size, pair(sizes.shared));
  json["repositories"].push_back({{"name", name},
                                  {"tags", tags},
                                  {"revisions", tags + 1},
                                  {"layer_links", 2 * tags},
                                  {"size", size},
                                  {"exclusive", pair(sizes.exclusive)},
                                  {"shared", pair(sizes.shared)},
                                  {"untagged", pair(sizes.untagged)},
                                  {"reclaimable", pair(sizes.reclaimable)}});
  Json& store = json["store"];
  add_one(store["repositories"], 1);
  add_one(store["tags"], tags);
  add_one(store["revisions"], tags + 1);
  add_one(store["layer_links"], 2 * tags);
  add_space(row(SpaceClass::kTagged), 1, sizes.exclusive);
  if (sizes.reclaimable != 0) add_space(row(SpaceClass::kGarbage), 1, sizes.reclaimable);
  add(json["garbage"]["one_repository"], pair(sizes.reclaimable));
  return *this;
}

AuditWriter& AuditWriter::shared_blobs(std::uint64_t bytes) {
  add_space(row(SpaceClass::kTagged), 1, bytes);
  return *this;
}

AuditWriter& AuditWriter::shared_garbage(std::uint64_t bytes) {
  add_space(row(SpaceClass::kGarbage), 1, bytes);
  add(json["garbage"]["several_repositories"], pair(bytes));
  return *this;
}

AuditWriter& AuditWriter::orphans(std::uint64_t bytes) {
  add_space(row(SpaceClass::kGarbage), 1, bytes);
  add(json["garbage"]["orphan"], pair(bytes));
  return *this;
}

AuditWriter& AuditWriter::uploads(std::uint64_t bytes) {
  add_space(row(SpaceClass::kUploads), 1, bytes);
  return *this;
}

AuditWriter& AuditWriter::links(std::uint64_t objects, bool estimated) {
  add_space(row(SpaceClass::kStructure), objects, 100 * objects);
  json["space"][row(SpaceClass::kStructure)]["estimated"] = estimated;
  json["total"]["estimated"] = estimated;
  json["exact"] = !estimated;
  return *this;
}

AuditWriter& AuditWriter::finding(const std::string& code, const std::string& concern,
                                  std::uint64_t objects) {
  json["findings"].push_back({{"code", code},
                              {"concern", concern},
                              {"objects", objects},
                              {"message", std::to_string(objects) + " times " + code},
                              {"meaning", "it means"},
                              {"next", ""},
                              {"subjects", Json::array()}});
  return *this;
}

storage::Result<reports::SavedAudit> read_saved(const std::string& text) {
  std::istringstream in(text);
  return reports::read_saved_audit(in, "audit.json");
}

reports::SavedAudit AuditWriter::saved(const std::string& file) const {
  std::istringstream in(text());
  auto audit = reports::read_saved_audit(in, file);
  if (audit) return std::move(*audit);
  ADD_FAILURE() << audit.error().message;
  return {};
}

}  // namespace regsweep::tests
