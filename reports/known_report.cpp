#include "reports/known_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/humanize.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using analyzer::DigestId;
using analyzer::KnownComparison;
using analyzer::KnownList;
using analyzer::SizeDifference;
using analyzer::SpaceRow;
using analyzer::TagRef;

/// Names in a report: how each is said.
class Names {
 public:
  explicit Names(const Audit& audit) : survey_(audit.survey) {}

  std::string operator()(DigestId id) const { return survey_.graph.digests[id].text(); }
  std::string operator()(const TagRef& ref) const {
    const analyzer::Repository& in = survey_.repositories[ref.repository];
    return printable(in.name) + ':' + printable(in.tags[ref.tag].name);
  }
  std::string operator()(const KnownList::Blob& blob) const { return blob.digest.text(); }
  std::string operator()(const KnownList::Tag& tag) const {
    return printable(tag.repository) + ':' + printable(tag.name);
  }
  std::string operator()(const KnownList::Revision& revision) const {
    return printable(revision.repository) + '@' + revision.digest.text();
  }

 private:
  const analyzer::Survey& survey_;
};

std::size_t shown(std::size_t all, bool verbose) {
  return verbose ? all : std::min(all, kMostKnown);
}

std::uint64_t sum(const std::vector<SizeDifference>& list, std::uint64_t SizeDifference::*of) {
  std::uint64_t total = 0;
  for (const SizeDifference& one : list) total += one.*of;
  return total;
}

class KnownText {
 public:
  KnownText(const Audit& audit, const KnownComparison& known, const TextOptions& options,
            std::ostream& out)
      : audit_(audit), known_(known), options_(options), out_(out), names_(audit) {}

  void write() {
    write_heading(fmt::format("COMPARED WITH A LIST (digests: {}, tags: {}, images by digest: {})",
                              grouped(known_.listed_blobs), grouped(known_.listed_tags),
                              grouped(known_.listed_revisions)),
                  options_, out_);
    figures();
    names("blobs only in storage", known_.only_stored, [&](DigestId id) {
      const bool garbage = audit_.accounts.live[analyzer::row(id)] == 0;
      return fmt::format("{}  {}{}", names_(id), size_text(audit_.survey.graph.bytes(id), options_),
                         garbage ? "  garbage" : "");
    });
    names("tags only in storage", known_.tags_only_stored, names_);
    names("blobs only in the list", known_.blobs_only_listed, names_);
    names("tags only in the list", known_.tags_only_listed, names_);
    names("images only in the list", known_.revisions_only_listed, names_);
    names("blobs of another size", known_.size_differences, [&](const SizeDifference& one) {
      return fmt::format("{}  {} bytes listed, {} stored", names_(one.blob), one.listed_bytes,
                         one.stored_bytes);
    });
  }

 private:
  void figures() {
    Table table({Align::kLeft, Align::kRight, Align::kRight, Align::kLeft});
    const auto row = [&](const char* what, std::uint64_t count, const std::string& size,
                         const std::string& note = "") {
      table.row({what, grouped(count), size, note});
    };
    const auto space = [&](const SpaceRow& of) { return size_text(of.bytes, options_); };
    row("blobs in both", known_.blobs_in_both.objects, space(known_.blobs_in_both));
    row("blobs only in storage", known_.blobs_only_stored.objects, space(known_.blobs_only_stored),
        known_.garbage_only_stored.objects == 0
            ? ""
            : fmt::format("of these {} are garbage, {}: only those regsweep gc takes",
                          grouped(known_.garbage_only_stored.objects),
                          space(known_.garbage_only_stored)));
    row("blobs only in the list", known_.blobs_only_listed.size(),
        size_text(known_.only_listed_bytes, options_),
        known_.blobs_only_listed.empty() ? "" : "as listed; a pull of what needs them fails");
    if (const auto& other = known_.size_differences; !other.empty()) {
      row("blobs of another size", other.size(),
          size_text(sum(other, &SizeDifference::stored_bytes), options_),
          fmt::format("listed as {}; whether they are whole: regsweep verify",
                      size_text(sum(other, &SizeDifference::listed_bytes), options_)));
    } else {
      row("blobs of another size", 0, size_text(0, options_));
    }
    if (known_.tags_compared) {
      row("tags in both", known_.tags_in_both, "");
      row("tags only in storage", known_.tags_only_stored.size(), "");
      row("tags only in the list", known_.tags_only_listed.size(), "");
    }
    if (known_.listed_revisions != 0) {
      row("images only in the list", known_.revisions_only_listed.size(), "");
    }
    table.print(out_);
    if (!known_.tags_compared) out_ << "tags were not compared: the list names none\n";
  }

  template <class List, class Say>
  void names(const char* title, const List& list, const Say& say) {
    if (list.empty()) return;
    out_ << title << ":\n";
    const std::size_t count = shown(list.size(), options_.verbose);
    for (std::size_t i = 0; i < count; ++i) out_ << "  " << say(list[i]) << '\n';
    if (count < list.size()) {
      out_ << fmt::format("  … and {} more (-v)\n", grouped(list.size() - count));
    }
  }

  const Audit& audit_;
  const KnownComparison& known_;
  const TextOptions& options_;
  std::ostream& out_;
  const Names names_;
};

template <class List, class Say>
Json listed(const List& list, bool verbose, const Say& say) {
  Json out = Json::array();
  const std::size_t count = shown(list.size(), verbose);
  for (std::size_t i = 0; i < count; ++i) out.push_back(say(list[i]));
  return out;
}

Json space(const SpaceRow& row) { return objects_and_bytes(row.objects, row.bytes); }

}  // namespace

void write_known(const Audit& audit, const KnownComparison& known, const TextOptions& options,
                 std::ostream& out) {
  KnownText(audit, known, options, out).write();
}

Json known_json(const Audit& audit, const KnownComparison& known, bool verbose) {
  const Names names(audit);
  Json only_stored = space(known.blobs_only_stored);
  only_stored["garbage"] = space(known.garbage_only_stored);
  only_stored["digests"] = listed(known.only_stored, verbose, names);
  const auto counted = [&](const auto& list) -> Json {
    return {{"objects", list.size()}, {"names", listed(list, verbose, names)}};
  };
  Json stored_tags = nullptr;
  Json tags_in_both = nullptr;
  if (known.tags_compared) {
    stored_tags = counted(known.tags_only_stored);
    tags_in_both = known.tags_in_both;
  }
  return {
      {"listed",
       {{"digests", known.listed_blobs},
        {"tags", known.listed_tags},
        {"revisions", known.listed_revisions}}},
      {"in_both", {{"blobs", space(known.blobs_in_both)}, {"tags", std::move(tags_in_both)}}},
      {"only_in_storage", {{"blobs", std::move(only_stored)}, {"tags", std::move(stored_tags)}}},
      {"only_in_list",
       {{"blobs",
         {{"objects", known.blobs_only_listed.size()},
          {"listed_bytes", known.only_listed_bytes},
          {"digests", listed(known.blobs_only_listed, verbose, names)}}},
        {"tags", counted(known.tags_only_listed)},
        {"revisions", counted(known.revisions_only_listed)}}},
      {"size_differences",
       {{"objects", known.size_differences.size()},
        {"listed_bytes", sum(known.size_differences, &SizeDifference::listed_bytes)},
        {"stored_bytes", sum(known.size_differences, &SizeDifference::stored_bytes)},
        {"blobs", listed(known.size_differences, verbose, [&](const SizeDifference& one) {
           return Json{{"digest", names(one.blob)},
                       {"listed_bytes", one.listed_bytes},
                       {"stored_bytes", one.stored_bytes}};
         })}}}};
}

}  // namespace regsweep::reports
