#include "cli/roots.h"

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
    const analyzer::ResolvedRef resolved = analyzer::resolve_ref(survey, line.text);
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
  if (!args.quiet && elsewhere != 0) {
    io.err << "regsweep: " << elsewhere << " of " << lines->size()
           << " roots are not in this store, and keep nothing\n";
  }
  if (!args.quiet && unserved != 0) {
    io.err << "regsweep: " << unserved
           << " roots are no manifests that a repository serves: each keeps that blob alone\n";
  }
  return true;
}

}  // namespace regsweep::cli
