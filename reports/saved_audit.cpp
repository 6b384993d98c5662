// Reads a saved audit piece by piece: each repository and each finding is taken out of the document
// as soon as it is whole, so that a large audit never stands in memory as JSON.
#include "reports/saved_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "reports/finding_text.h"
#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/space_names.h"

namespace regsweep::reports {
namespace {

using analyzer::Bytes;
using analyzer::SpaceClass;
using analyzer::SpaceRow;

constexpr std::string_view kSchema = "regsweep.audit/1";
constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

/// What is wrong with the document, for the user.
struct Malformed {
  std::string message;
};

/// An object of the document with the place where it stands.
class Part {
 public:
  Part(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (json_.is_object()) return;
    throw Malformed{(place_.empty() ? "the document" : place_) + " is not an object"};
  }

  std::uint64_t number(const char* name) const {
    const Json& value = at(name);
    if (value.is_number_unsigned() && value.get<std::uint64_t>() <= kMost) {
      return value.get<std::uint64_t>();
    }
    if (value.is_number_integer() && !value.is_number_unsigned()) {
      throw Malformed{inside(name) + " is negative"};
    }
    const bool large = value.is_number() && value.get<double>() >= static_cast<double>(kMost);
    throw Malformed{inside(name) + (large ? " is too large" : " is not a whole number")};
  }
  bool flag(const char* name) const {
    if (!at(name).is_boolean()) throw Malformed{inside(name) + " is neither true nor false"};
    return at(name).get<bool>();
  }
  std::string text(const char* name) const {
    if (!at(name).is_string()) throw Malformed{inside(name) + " is not a text"};
    return message_text(at(name).get_ref<const std::string&>());
  }
  Part part(const char* name) const { return {at(name), inside(name)}; }
  const Json& list(const char* name) const {
    if (!at(name).is_array()) throw Malformed{inside(name) + " is not a list"};
    return at(name);
  }

  Bytes bytes() const { return {number("apparent_bytes"), number("allocated_bytes")}; }
  Bytes bytes(const char* name) const { return part(name).bytes(); }
  SpaceRow space_row() const { return {number("objects"), bytes(), flag("estimated")}; }

 private:
  const Json& at(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end()) throw Malformed{inside(name) + " is missing"};
    return *found;
  }
  std::string inside(const char* name) const { return place_.empty() ? name : place_ + '.' + name; }

  const Json& json_;
  std::string place_;
};

SavedRepository read_repository(const Part& part) {
  SavedRepository repository;
  repository.name = part.text("name");
  repository.tags = part.number("tags");
  repository.revisions = part.number("revisions");
  repository.layer_links = part.number("layer_links");
  repository.size = part.bytes("size");
  repository.exclusive = part.bytes("exclusive");
  repository.shared = part.bytes("shared");
  repository.untagged = part.bytes("untagged");
  repository.reclaimable = part.bytes("reclaimable");
  return repository;
}

analyzer::Concern read_concern(const Part& part) {
  const std::string name = part.text("concern");
  for (const auto concern : {analyzer::Concern::kNote, analyzer::Concern::kWarning}) {
    if (name == concern_name(concern)) return concern;
  }
  return analyzer::Concern::kDanger;  // a word that is not known must not look harmless
}

void add(std::uint64_t& sum, std::uint64_t number, const char* what) {
  if (number > kMost - sum) throw Malformed{std::string(what) + " add up to too large a number"};
  sum += number;
}
void add(Bytes& sum, const Bytes& bytes, const char* what) {
  add(sum.apparent, bytes.apparent, what);
  add(sum.allocated, bytes.allocated, what);
}

/// Takes the events of the parser.
class Reader {
 public:
  explicit Reader(SavedAudit& audit) : audit_(audit) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (static_cast<std::size_t>(depth) > kDeepestJson) throw Malformed{"it is nested too deeply"};
    if (event == Event::key && depth == 1) {
      section_ = parsed.get<std::string>();
      return is_known(section_);
    }
    if (event == Event::value && depth == 1 && section_ == "schema") check_schema(parsed);
    if (event != Event::object_end || depth != 2) return true;
    if (section_ != "repositories" && section_ != "findings") return true;
    try {
      section_ == "findings" ? add_finding(parsed) : add_repository(parsed);
    } catch (const Malformed& malformed) {  // the schema may stand further down, and tell more
      if (!problem_) problem_ = malformed;
    }
    return false;
  }

  /// The rest, when all is read.
  void finish(const Json& json) {
    const Part top(json, "");
    top.text("schema");
    if (problem_) throw *problem_;
    for (const char* name : {"repositories", "findings"}) {
      if (!top.list(name).empty()) {
        throw Malformed{std::string(name) + " holds something that is not an object"};
      }
    }
    audit_.complete = top.flag("complete");
    audit_.exact = top.flag("exact");
    const Part store = top.part("store");
    audit_.root = store.text("root");
    audit_.tags = store.number("tags");
    audit_.blobs = store.number("blobs");
    read_space(top);
    audit_.total = top.part("total").space_row();
    const Part garbage = top.part("garbage");
    audit_.garbage_of_one = garbage.bytes("one_repository");
    audit_.garbage_of_several = garbage.bytes("several_repositories");
    audit_.garbage_of_none = garbage.bytes("orphan");
    if (store.number("repositories") != audit_.repositories.size()) {
      throw Malformed{"repositories does not list as many as store.repositories says"};
    }
    for (auto& [code, finding] : findings_) audit_.findings.push_back(std::move(finding));
  }

 private:
  static bool is_known(std::string_view section) {
    constexpr std::array<std::string_view, 9> kKnown = {"schema",  "complete",     "exact",
                                                        "store",   "space",        "total",
                                                        "garbage", "repositories", "findings"};
    return std::find(kKnown.begin(), kKnown.end(), section) != kKnown.end();
  }

  static void check_schema(const Json& schema) {
    if (schema == kSchema) return;
    const std::string name =
        schema.is_string() ? message_text(schema.get_ref<const std::string&>()) : "?";
    if (name.starts_with("regsweep.audit/")) {
      throw Malformed{
          fmt::format("it is of format {}, this version of regsweep reads {}", name, kSchema)};
    }
    throw Malformed{fmt::format("its schema is {}, not {}", name, kSchema)};
  }

  void add_repository(const Json& json) {
    const Part part(json, fmt::format("repositories[{}]", rows_++));
    audit_.repositories.push_back(read_repository(part));
  }

  void add_finding(const Json& json) {
    const Part part(json, fmt::format("findings[{}]", finding_rows_++));
    const std::string code = part.text("code");
    const auto [at, is_new] = findings_.try_emplace(code);
    SavedFinding& finding = at->second;
    if (is_new) {
      finding.code = code;
      finding.message = part.text("message");
    }
    finding.concern = std::max(finding.concern, read_concern(part));
    add(finding.objects, part.number("objects"), "findings of one code");
  }

  void read_space(const Part& top) {
    const Json& rows = top.list("space");
    std::array<bool, analyzer::kSpaceClasses> seen{};
    for (const Json& json : rows) {
      const Part part(json, "space");
      const std::string name = part.text("class");
      const auto at = std::find_if(kSpaceNames.begin(), kSpaceNames.end(),
                                   [&](const SpaceName& known) { return known.name == name; });
      if (at == kSpaceNames.end()) throw Malformed{"space holds an unknown class: " + name};
      const auto i = static_cast<std::size_t>(at - kSpaceNames.begin());
      if (seen[i]) throw Malformed{"space holds a class twice: " + name};
      seen[i] = true;
      audit_.space[i] = part.space_row();
    }
    const auto missing = std::find(seen.begin(), seen.end(), false);
    if (missing == seen.end()) return;
    throw Malformed{
        "space lacks the class " +
        std::string(kSpaceNames[static_cast<std::size_t>(missing - seen.begin())].name)};
  }

  SavedAudit& audit_;
  std::string section_;  ///< the name at the top of the document that is being read
  std::map<std::string, SavedFinding> findings_;
  std::size_t rows_ = 0;
  std::size_t finding_rows_ = 0;
  std::optional<Malformed> problem_;
};

void sort_repositories(std::vector<SavedRepository>& repositories) {
  std::sort(repositories.begin(), repositories.end(),
            [](const SavedRepository& a, const SavedRepository& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(
      repositories.begin(), repositories.end(),
      [](const SavedRepository& a, const SavedRepository& b) { return a.name == b.name; });
  if (twice != repositories.end()) throw Malformed{"repositories holds one twice: " + twice->name};
}

/// What docs/json.md promises. A file in which it does not hold was changed by hand, and nothing
/// said from it would be true.
void check_sums(const SavedAudit& audit) {
  const auto want = [](bool so, const char* what) {
    if (!so) throw Malformed{std::string("its figures do not add up: ") + what};
  };
  SpaceRow space;
  for (const SpaceRow& row : audit.space) {
    add(space.objects, row.objects, "objects of space");
    add(space.bytes, row.bytes, "bytes of space");
  }
  want(space.objects == audit.total.objects && space.bytes == audit.total.bytes,
       "total is not the sum of space");
  std::uint64_t tags = 0;
  std::uint64_t others = 0;
  Bytes exclusive;
  Bytes reclaimable;
  for (const SavedRepository& repository : audit.repositories) {
    want(repository.exclusive + repository.shared == repository.size,
         "the size of a repository is not exclusive + shared");
    add(tags, repository.tags, "tags of repositories");
    add(others, repository.revisions, "revisions and layer links of repositories");
    add(others, repository.layer_links, "revisions and layer links of repositories");
    add(exclusive, repository.exclusive, "exclusive bytes of repositories");
    add(reclaimable, repository.reclaimable, "reclaimable bytes of repositories");
  }
  want(tags == audit.tags, "store.tags is not the sum of repositories");
  want(reclaimable == audit.garbage_of_one,
       "garbage.one_repository is not the sum of repositories");
  Bytes garbage;
  for (const Bytes& part :
       {audit.garbage_of_one, audit.garbage_of_several, audit.garbage_of_none}) {
    add(garbage, part, "bytes of garbage");
  }
  want(garbage == audit[SpaceClass::kGarbage].bytes,
       "garbage is not the class of that name in space");
  const Bytes reached =
      audit[SpaceClass::kTagged].bytes + audit[SpaceClass::kUntagged].bytes;  // no more than space
  want(exclusive.apparent <= reached.apparent && exclusive.allocated <= reached.allocated,
       "repositories hold more exclusive bytes than are tagged and untagged");
}

}  // namespace

storage::Result<SavedAudit> read_saved_audit(std::istream& in, const std::string& file) {
  const auto corrupt = [&](const std::string& message) {
    return storage::Error{storage::Errc::kCorrupt, file, message, 0};
  };
  SavedAudit audit;
  audit.file = message_text(file);
  try {
    Reader reader(audit);
    const Json json = Json::parse(in, [&](int depth, Json::parse_event_t event, Json& parsed) {
      return reader(depth, event, parsed);
    });
    reader.finish(json);
    sort_repositories(audit.repositories);
    check_sums(audit);
  } catch (const Malformed& malformed) {
    return corrupt("is not a saved audit that can be compared: " + malformed.message);
  } catch (const Json::parse_error& error) {
    if (error.byte <= 1) return corrupt("is not a saved audit: it is empty or not JSON");
    return corrupt(fmt::format(
        "is not a saved audit: no JSON from byte {} on; it is cut off or was changed", error.byte));
  } catch (const Json::exception& error) {
    return corrupt(std::string("is not a saved audit: ") + error.what());
  }
  return audit;
}

}  // namespace regsweep::reports
