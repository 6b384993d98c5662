#include "cli/roots.h"

#include <algorithm>
#include <string_view>

#include "analyzer/ref.h"
#include "cli/list_file.h"
#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

using analyzer::RefKind;
using analyzer::RefOutcome;
using analyzer::Survey;

/// What a line keeps: a digest, or everything that a repository serves.
void add_digests(const Survey& survey, const analyzer::Ref& ref,
                 std::vector<storage::Digest>& pinned) {
  const auto add = [&](analyzer::DigestId id) {
    if (id != analyzer::kNoDigest) pinned.push_back(survey.graph.digests[id]);
  };
  if (ref.kind != RefKind::kRepository) return add(ref.digest);
  const analyzer::Repository& repository = survey.repositories[ref.repository];
  for (const analyzer::Tag& tag : repository.tags) add(tag.digest);
  for (const analyzer::DigestId path : repository.revisions.paths) add(path);
}

bool all_of(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alphanumeric || punctuation.find(c) != std::string_view::npos;
  });
}

/// Whether a text has the form of an image's name, `[host/]path[:tag][@digest]`, or of a digest.
/// Source: distribution reference/regexp.go; a host may be an IPv6 address, too.
bool is_image_name(std::string_view text) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    storage::Digest digest;
    if (parse_digest(text.substr(at + 1), digest) != storage::DigestError::kNone) return false;
    text = text.substr(0, at);
  }
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos) {
    const std::string_view tag = text.substr(colon + 1);
    if (tag.empty() || tag.size() > 128 || !all_of(tag, "_.-")) return false;
    text = text.substr(0, colon);
  }
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view host = text.substr(0, slash);
    if (host.empty() || host.ends_with(':') || !all_of(host, "._-:[]")) return false;
    text = text.substr(slash + 1);
  }
  return !text.empty() && all_of(text, "._-/") && !text.ends_with('/') && !text.starts_with('/') &&
         text.find("//") == std::string_view::npos;
}

/// What a line means: its image without the scheme that a pod's imageID has in front, or the digest
/// behind its '@' where the store has that one, under whatever name.
analyzer::ResolvedRef resolve(const Survey& survey, std::string_view text) {
  for (const std::string_view scheme : {"docker-pullable://", "docker://"}) {
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  }
  analyzer::ResolvedRef resolved = analyzer::resolve_ref(survey, text);
  if (resolved.outcome == RefOutcome::kResolved) return resolved;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    analyzer::ResolvedRef digest = analyzer::resolve_ref(survey, text.substr(at + 1));
    const bool is_digest = digest.ref.kind == RefKind::kDigest;
    if (is_digest && digest.outcome == RefOutcome::kResolved) return digest;
  }
  if (resolved.outcome != RefOutcome::kAmbiguous && !is_image_name(text)) {
    resolved.outcome = RefOutcome::kNotARef;
  }
  return resolved;
}

}  // namespace

void add_roots_option(CLI::App& command, std::string& roots) {
  command
      .add_option("--roots", roots,
                  "Keep what this list names, as images in use in a cluster; - is standard input")
      ->type_name("FILE");
}

bool read_roots(const CommonArgs& args, const std::string& file, const OpenStore& opened,
                const Io& io, std::vector<storage::Digest>& pinned, Exit& exit) {
  if (file.empty()) return true;
  const auto fail = [&](const std::string& why) {
    io.err << "regsweep: " << reports::printable(file) << ": " << why << "; nothing was changed\n";
    exit = Exit::kUsage;
    return false;
  };
  const auto lines = read_list(file, io);
  if (!lines) return fail("this list of roots cannot be read");
  if (lines->empty()) return fail("this list of roots names nothing");
  Survey survey;
  run_parallel(args, *opened.store, io, [&] { survey = analyzer::survey(*opened.store, {}); });
  std::size_t elsewhere = 0;
  std::size_t unserved = 0;
  for (const ListLine& line : *lines) {
    const analyzer::ResolvedRef resolved = resolve(survey, line.text);
    if (resolved.outcome == RefOutcome::kAmbiguous || resolved.outcome == RefOutcome::kNotARef) {
      return fail("line " + std::to_string(line.number) + ": " + reports::printable(line.text) +
                  (resolved.outcome == RefOutcome::kAmbiguous ? " can mean several digests"
                                                              : " names no image"));
    }
    if (resolved.outcome != RefOutcome::kResolved) {
      storage::Algorithm algorithm{};
      storage::Digest whole;
      const bool digest_meant =
          storage::parse_algorithm(line.text.substr(0, line.text.find(':')), algorithm);
      if (digest_meant && parse_digest(line.text, whole) != storage::DigestError::kNone) {
        return fail("line " + std::to_string(line.number) + ": " + reports::printable(line.text) +
                    " is no whole digest, and none of the store begins so");
      }
      ++elsewhere;
      continue;
    }
    const analyzer::DigestId id = resolved.ref.digest;
    if (id != analyzer::kNoDigest && !survey.graph.is_manifest(id)) ++unserved;
    add_digests(survey, resolved.ref, pinned);
  }
  if (elsewhere == lines->size()) {
    return fail("none of these roots is in this store: is it the right list?");
  }
  // With --quiet, too: what keeps nothing may go.
  if (elsewhere != 0) {
    io.err << "regsweep: " << elsewhere << " of " << lines->size()
           << " roots are not in this store, and keep nothing\n";
  }
  if (unserved != 0) {
    io.err << "regsweep: " << unserved
           << " roots are no manifests that a repository serves: each keeps that blob alone\n";
  }
  return true;
}

}  // namespace regsweep::cli
