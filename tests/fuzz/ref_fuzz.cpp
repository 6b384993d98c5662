// What users name: a line is an object of the store, as arguments and the lists of --roots have
// them, and all lines together are a list of --known. The store is always the same. Checked:
// - every outcome is whole: rows that are there, a tag's digest, at least two candidates that begin
//   so and no more than promised, suggestions only where something is unknown;
// - what was found is found again by its own full name, and by its digest;
// - edit_distance() of a line and the one before is that of the full table;
// - a list is sorted and without duplicates, its digests and names are those of its lines, and a
//   refusal names a line or says that there is none.
#include <algorithm>
#include <map>
#include <sstream>

#include "analyzer/known_list.h"
#include "analyzer/ref.h"
#include "tests/analyze.h"
#include "tests/fuzz/fuzz.h"
#include "tests/store_builder.h"

namespace regsweep::fuzz {
namespace {

using analyzer::DigestId;
using analyzer::kNoDigest;
using analyzer::kNoRow;
using analyzer::KnownList;
using analyzer::Ref;
using analyzer::RefKind;
using analyzer::RefOutcome;
using analyzer::ResolvedRef;
using analyzer::Survey;

/// Names with all that may stand in them, digests of two algorithms, a tag that means nothing.
const Survey& fixed_survey() {
  static const Survey survey = [] {
    tests::StoreBuilder builder;
    builder.repo("app").image("1.0", {tests::layer("a", 10)}, "one").image("latest", {});
    builder.repo("team/app").image("1.0", {tests::layer("b", 20)}).tag("v1_x.y-z", "one");
    builder.repo("team/app/worker").index("multi", {"one"});
    builder.repo("host.example/x").image("a", {tests::sha512_layer("c", 30)});
    builder.repo("localhost/y").untagged({tests::layer("d", 40)});
    for (int i = 0; i < 300; ++i) builder.orphan(tests::layer("o" + std::to_string(i), 1));
    builder.empty_link("repositories/app/_manifests/tags/broken/current/link");
    return tests::survey_of(builder, {false, 1});
  }();
  return survey;
}

std::string name_of(const Survey& survey, const Ref& ref) {
  const std::string digest = ref.digest == kNoDigest ? "" : survey.graph.digests[ref.digest].text();
  if (ref.kind == RefKind::kDigest) return digest;
  const analyzer::Repository& repository = survey.repositories.at(ref.repository);
  if (ref.kind == RefKind::kTag) return repository.name + ':' + repository.tags.at(ref.tag).name;
  return ref.kind == RefKind::kRevision ? repository.name + '@' + digest : repository.name;
}

void check_resolved(const Survey& survey, const Ref& ref, std::string_view text) {
  REGSWEEP_HOLDS((ref.kind == RefKind::kDigest) == (ref.repository == kNoRow), shown(text));
  REGSWEEP_HOLDS((ref.kind == RefKind::kTag) == (ref.tag != kNoRow), shown(text));
  if (ref.kind == RefKind::kTag) {
    REGSWEEP_HOLDS(ref == ref_of_tag(survey, ref.repository, ref.tag), shown(text));
  } else {
    REGSWEEP_HOLDS((ref.kind == RefKind::kRepository) == (ref.digest == kNoDigest), shown(text));
  }
  if (ref.kind == RefKind::kRevision) {
    REGSWEEP_HOLDS(holds(survey.repositories.at(ref.repository), ref.digest), shown(text));
  }
  const ResolvedRef again = resolve_ref(survey, name_of(survey, ref));
  REGSWEEP_HOLDS(again.outcome == RefOutcome::kResolved && again.ref == ref, shown(text));
  if (ref.digest == kNoDigest) return;
  const ResolvedRef digest = resolve_ref(survey, survey.graph.digests[ref.digest].text());
  REGSWEEP_HOLDS(digest.ref.digest == ref.digest, shown(text));
}

void check_ambiguous(const ResolvedRef& resolved, std::string_view text) {
  const auto& candidates = resolved.candidates;
  REGSWEEP_HOLDS(resolved.candidate_count >= 2, shown(text));
  REGSWEEP_HOLDS(candidates.size() ==
                     std::min<std::uint64_t>(resolved.candidate_count, analyzer::kMostCandidates),
                 shown(text));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string& digest = candidates[i].digest;
    REGSWEEP_HOLDS(i == 0 || candidates[i - 1].digest < digest, shown(text));
    std::string hex(text.substr(text.find_last_of(":@") + 1));
    std::transform(hex.begin(), hex.end(), hex.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    REGSWEEP_HOLDS(digest.substr(7).starts_with(hex), shown(text) + ' ' + digest);
  }
}

void check_ref(const Survey& survey, std::string_view text) {
  const ResolvedRef resolved = resolve_ref(survey, text);
  const bool unknown = resolved.outcome == RefOutcome::kUnknownRepository ||
                       resolved.outcome == RefOutcome::kUnknownTag;
  REGSWEEP_HOLDS(resolved.suggestions.size() <= (unknown ? analyzer::kMostSuggestions : 0),
                 shown(text));
  for (const std::string& suggestion : resolved.suggestions) {
    REGSWEEP_HOLDS(resolve_ref(survey, suggestion).outcome == RefOutcome::kResolved,
                   shown(text) + ' ' + suggestion);
  }
  REGSWEEP_HOLDS(!text.empty() || resolved.outcome == RefOutcome::kNotARef, "empty");
  if (resolved.outcome == RefOutcome::kResolved) check_resolved(survey, resolved.ref, text);
  if (resolved.outcome == RefOutcome::kAmbiguous) check_ambiguous(resolved, text);
}

std::size_t full_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

void check_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t kLongest = 40;
  a = a.substr(0, kLongest);
  b = b.substr(0, kLongest);
  const std::size_t whole = full_distance(a, b);
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{3}, kLongest}) {
    REGSWEEP_HOLDS(analyzer::edit_distance(a, b, limit) == std::min(whole, limit + 1),
                   shown(a) + ' ' + shown(b) + ' ' + std::to_string(limit));
  }
}

/// Sorted and each only once.
template <class T, class Key>
bool is_strict(const std::vector<T>& list, Key key) {
  return std::adjacent_find(list.begin(), list.end(), [&](const T& a, const T& b) {
           return !(key(a) < key(b));
         }) == list.end();
}

void check_known(std::string_view input) {
  std::istringstream in{std::string(input)};
  const auto list = analyzer::read_known_list(in, "list");
  if (!list) {
    const std::string& message = list.error().message;
    REGSWEEP_HOLDS(list.error().code == storage::Errc::kUsage, message);
    REGSWEEP_HOLDS(message.starts_with("line ") || message.starts_with("is an empty list"),
                   message);
    return;
  }
  REGSWEEP_HOLDS(is_strict(list->blobs, [](const auto& blob) { return blob.digest; }), "blobs");
  REGSWEEP_HOLDS(is_strict(list->tags, [](const auto& tag) { return tag; }), "tags");
  REGSWEEP_HOLDS(is_strict(list->revisions, [](const auto& one) { return one; }), "revisions");
  REGSWEEP_HOLDS(list->blobs.size() + list->tags.size() + list->revisions.size() != 0, "empty");
  for (const KnownList::Blob& blob : list->blobs) {
    REGSWEEP_HOLDS(input.find(blob.digest.text()) != std::string_view::npos, blob.digest.text());
  }
  for (const KnownList::Tag& tag : list->tags) {
    REGSWEEP_HOLDS(!tag.repository.empty() && !tag.name.empty(), shown(tag.repository));
    REGSWEEP_HOLDS(input.find(tag.repository + ':' + tag.name) != std::string_view::npos,
                   shown(tag.repository));
  }
  for (const KnownList::Revision& one : list->revisions) {
    REGSWEEP_HOLDS(input.find(one.repository + '@' + one.digest.text()) != std::string_view::npos,
                   shown(one.repository));
  }
}

}  // namespace

REGSWEEP_FUZZER(ref) {
  const Survey& survey = fixed_survey();
  std::string_view before;
  constexpr int kMostLines = 20;
  int lines = 0;
  for (Pieces pieces(input); !pieces.at_end() && lines < kMostLines; ++lines) {
    const std::string_view line = pieces.line();
    check_ref(survey, line);
    check_distance(before, line);
    before = line;
  }
  check_known(input);
}

}  // namespace regsweep::fuzz
