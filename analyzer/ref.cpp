#include "analyzer/ref.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace regsweep::analyzer {
namespace {

using storage::Algorithm;
using storage::Digest;

char lower(char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The text without a registry's host in front, as docker tells one: a first component with a dot
/// or a port, or "localhost". Source: distribution reference/normalize.go, splitDockerDomain.
std::optional<std::string_view> without_host(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return std::nullopt;
  const std::string_view host = text.substr(0, slash);
  if (host != "localhost" && host.find_first_of(".:") == std::string_view::npos) {
    return std::nullopt;
  }
  return text.substr(slash + 1);
}

/// "team/app" and "1.0"; the tag is empty where there is none. A colon before the last '/' is a
/// port's.
std::pair<std::string_view, std::string_view> split_tag(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::size_t slash = text.rfind('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) {
    return {text, {}};
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// A digest's first holder by name: a tag that means it, else a repository that links it.
std::string owner_of(const Survey& survey, DigestId id) {
  for (const Repository& repository : survey.repositories) {
    for (const Tag& tag : repository.tags) {
      if (tag.state == storage::LinkState::kRead && tag.digest == id) {
        return repository.name + ':' + tag.name;
      }
    }
  }
  for (const Repository& repository : survey.repositories) {
    if (holds(repository, id)) return repository.name;
  }
  return {};
}

/// The names nearest to one that is not there.
class Nearest {
 public:
  explicit Nearest(std::string_view wanted)
      : wanted_(wanted), limit_(std::max<std::size_t>(1, wanted.size() / 3)) {}

  /// `says` is what to suggest for it.
  void consider(std::string_view name, const std::string& says) {
    std::size_t distance = edit_distance(wanted_, name, limit_);
    // "app" for "team/app": whoever forgets the namespace spells the rest right.
    const bool is_tail = name.size() > wanted_.size() && name.ends_with(wanted_) &&
                         name[name.size() - wanted_.size() - 1] == '/';
    if (is_tail) distance = 0;
    if (distance <= limit_) near_.emplace_back(distance, says);
    if (near_.size() > 64) keep_nearest();
  }

  std::vector<std::string> result() {
    keep_nearest();
    std::vector<std::string> names;
    for (auto& [distance, name] : near_) names.push_back(std::move(name));
    return names;
  }

 private:
  void keep_nearest() {
    std::sort(near_.begin(), near_.end());
    if (near_.size() > kMostSuggestions) near_.resize(kMostSuggestions);
  }

  std::string_view wanted_;
  std::size_t limit_;
  std::vector<std::pair<std::size_t, std::string>> near_;
};

class Resolver {
 public:
  explicit Resolver(const Survey& survey) : survey_(survey), table_(survey.graph.digests) {}

  ResolvedRef run(std::string_view text) {
    bool too_short = false;
    const std::optional<DigestText> digest = read_digest_text(text, too_short);
    const std::optional<Digest> full = digest ? full_digest(*digest) : std::nullopt;
    if (full && digest->algorithm) return known_digest(*full);
    for (std::optional<std::string_view> name = text; name; name = without_host(text)) {
      if (named(*name)) return std::move(result_);
      if (name->data() != text.data()) break;  // the host is left out already
    }
    if (full) return known_digest(*full);
    if (digest) return short_digest(*digest, kNoRow);
    if (too_short && text.find(':') != std::string_view::npos) {
      result_.outcome = RefOutcome::kNotARef;
    } else if (result_.outcome == RefOutcome::kNotARef && !text.empty()) {
      no_repository(text);
    }
    return std::move(result_);
  }

 private:
  /// Takes the text for a name. Returns false if it names nothing; `result_` then says how far it
  /// got, if it got anywhere.
  bool named(std::string_view text) {
    if (const auto repository = find_repository(survey_, text)) {
      resolve({RefKind::kRepository, *repository, kNoRow, kNoDigest});
      return true;
    }
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
      return member(text.substr(0, at), text.substr(at + 1));
    }
    const auto [name, tag] = split_tag(text);
    const auto repository = tag.empty() ? std::nullopt : find_repository(survey_, name);
    if (!repository) return false;
    if (const auto at = find_tag(survey_.repositories[*repository], tag)) {
      resolve(ref_of_tag(survey_, *repository, *at));
      return true;
    }
    no_tag(*repository, tag);
    return false;
  }

  bool member(std::string_view name, std::string_view digest) {
    auto repository = find_repository(survey_, name);
    if (!repository) repository = find_repository(survey_, split_tag(name).first);
    if (!repository) return false;
    result_ = {};
    result_.ref.repository = *repository;
    bool too_short = false;
    const auto wanted = read_digest_text(digest, too_short);
    if (!wanted) {
      result_.outcome = RefOutcome::kNotARef;
    } else {
      short_digest(*wanted, *repository);
    }
    return true;
  }

  ResolvedRef known_digest(const Digest& digest) {
    result_ = {};
    if (const auto id = table_.find(digest)) {
      resolve({RefKind::kDigest, kNoRow, kNoRow, *id});
    } else {
      result_.outcome = RefOutcome::kUnknownDigest;
    }
    return std::move(result_);
  }

  /// Also takes a full one: it is its own beginning.
  ResolvedRef& short_digest(const DigestText& text, std::uint32_t repository) {
    const bool member = repository != kNoRow;
    const RefKind kind = member ? RefKind::kRevision : RefKind::kDigest;
    std::vector<DigestId> found = beginning_with(table_, text);
    const std::vector<DigestId> anywhere = found;
    if (member) {
      std::erase_if(found,
                    [&](DigestId id) { return !holds(survey_.repositories[repository], id); });
    }
    result_ = {};
    result_.ref = {kind, repository, kNoRow, kNoDigest};
    if (found.size() == 1) {
      resolve({kind, repository, kNoRow, found.front()});
    } else if (found.size() > 1) {
      ambiguous(found);
    } else if (anywhere.size() == 1) {
      result_.outcome = RefOutcome::kNotInRepository;
      result_.ref.digest = anywhere.front();
    } else {
      result_.outcome = RefOutcome::kUnknownDigest;
    }
    return result_;
  }

  void ambiguous(const std::vector<DigestId>& found) {
    result_.outcome = RefOutcome::kAmbiguous;
    result_.candidate_count = found.size();
    for (const DigestId id : found) {
      if (result_.candidates.size() == kMostCandidates) break;
      RefCandidate candidate;
      candidate.ref = result_.ref;
      candidate.ref.digest = id;
      candidate.digest = table_[id].text();
      candidate.present = survey_.graph.has(id, kPresent);
      candidate.is_manifest = survey_.graph.is_manifest(id);
      if (candidate.is_manifest) candidate.type = survey_.graph.type(id);
      candidate.owner = owner_of(survey_, id);
      result_.candidates.push_back(std::move(candidate));
    }
  }

  void no_repository(std::string_view text) {
    result_.outcome = RefOutcome::kUnknownRepository;
    for (std::optional<std::string_view> name = text; name; name = without_host(text)) {
      const std::string_view wanted = split_tag(name->substr(0, name->find('@'))).first;
      Nearest nearest(wanted);
      for (const Repository& repository : survey_.repositories) {
        nearest.consider(repository.name, repository.name);
      }
      result_.suggestions = nearest.result();
      if (!result_.suggestions.empty() || name->data() != text.data()) break;
    }
  }

  void no_tag(std::uint32_t at, std::string_view tag) {
    const Repository& repository = survey_.repositories[at];
    result_.outcome = RefOutcome::kUnknownTag;
    result_.ref = {RefKind::kTag, at, kNoRow, kNoDigest};
    Nearest nearest(tag);
    for (const Tag& other : repository.tags) {
      nearest.consider(other.name, repository.name + ':' + other.name);
    }
    result_.suggestions = nearest.result();
  }

  void resolve(const Ref& ref) {
    result_ = {};
    result_.outcome = RefOutcome::kResolved;
    result_.ref = ref;
  }

  const Survey& survey_;
  const DigestTable& table_;
  ResolvedRef result_;
};

}  // namespace

bool DigestText::fits(const Digest& digest) const {
  return algorithm.value_or(digest.algorithm) == digest.algorithm && digest.hex().starts_with(hex);
}

std::optional<DigestText> read_digest_text(std::string_view text, bool& too_short) {
  DigestText result;
  std::size_t fewest = kFewestDigits;
  std::size_t most = 2 * storage::digest_bytes(Algorithm::kSha512);
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    Algorithm algorithm{};
    if (!storage::parse_algorithm(text.substr(0, colon), algorithm)) return std::nullopt;
    result.algorithm = algorithm;
    fewest = kFewestNamedDigits;
    most = 2 * storage::digest_bytes(algorithm);
    text.remove_prefix(colon + 1);
  }
  for (const char c : text) result.hex += lower(c);
  const bool is_hex = result.hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hex || result.hex.size() > most) return std::nullopt;
  if (result.hex.size() < fewest) {
    too_short = too_short || !result.hex.empty() || result.algorithm;
    return std::nullopt;
  }
  return result;
}

std::optional<Digest> full_digest(const DigestText& text) {
  for (const Algorithm algorithm : {Algorithm::kSha256, Algorithm::kSha384, Algorithm::kSha512}) {
    Digest digest;
    if (text.algorithm.value_or(algorithm) == algorithm &&
        storage::parse_hex(algorithm, text.hex, digest)) {
      return digest;
    }
  }
  return std::nullopt;
}

std::vector<DigestId> beginning_with(const DigestTable& table, const DigestText& text) {
  std::vector<DigestId> found;
  for (const Algorithm algorithm : {Algorithm::kSha256, Algorithm::kSha384, Algorithm::kSha512}) {
    const std::size_t digits = 2 * storage::digest_bytes(algorithm);
    if (text.algorithm.value_or(algorithm) != algorithm || text.hex.size() > digits) continue;
    Digest least;
    Digest greatest;
    storage::parse_hex(algorithm, text.hex + std::string(digits - text.hex.size(), '0'), least);
    storage::parse_hex(algorithm, text.hex + std::string(digits - text.hex.size(), 'f'), greatest);
    least.algorithm = greatest.algorithm = algorithm;
    // Both parts of the table are sorted.
    const std::array<std::pair<std::size_t, std::size_t>, 2> parts = {
        {{0, table.ranked_size()}, {table.ranked_size(), table.size()}}};
    for (auto [begin, end] : parts) {
      std::size_t low = begin;
      for (std::size_t high = end; low < high;) {
        const std::size_t middle = low + (high - low) / 2;
        if (table[digest_id(middle)] < least) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      for (; low < end && table[digest_id(low)] <= greatest; ++low) found.push_back(digest_id(low));
    }
  }
  std::sort(found.begin(), found.end(), [&](DigestId a, DigestId b) { return table.less(a, b); });
  return found;
}

std::string attached_tag_name(const Digest& digest) {
  return std::string(storage::algorithm_name(digest.algorithm)) + '-' + digest.hex();
}

ResolvedRef resolve_ref(const Survey& survey, std::string_view text) {
  return Resolver(survey).run(text);
}

Ref ref_of_tag(const Survey& survey, std::uint32_t repository, std::uint32_t tag) {
  const Tag& at = survey.repositories[repository].tags[tag];
  const bool read = at.state == storage::LinkState::kRead;
  return {RefKind::kTag, repository, tag, read ? at.digest : kNoDigest};
}

bool holds(const Repository& repository, DigestId digest) {
  for (const Links* links : {&repository.revisions, &repository.layers}) {
    // Few links are odd; the paths are sorted by text, which is not quite the order of ids.
    if (std::find(links->paths.begin(), links->paths.end(), digest) != links->paths.end()) {
      return true;
    }
    for (const OddLink& odd : links->odd) {
      if (odd.content == digest) return true;
    }
  }
  return std::any_of(repository.tags.begin(), repository.tags.end(), [&](const Tag& tag) {
    return tag.state == storage::LinkState::kRead && tag.digest == digest;
  });
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before_last[j - 2] + 1);
      }
      least = std::min(least, now[j]);
    }
    if (least > limit) return limit + 1;  // no later row gets below it
    before_last.swap(last);
    last.swap(now);
  }
  return std::min(last[b.size()], limit + 1);
}

}  // namespace regsweep::analyzer
