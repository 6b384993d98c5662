#include "tests/analyze.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "reports/audit_json.h"

namespace regsweep::tests {
namespace {

class Lines final : public analyzer::CollectorOutput {
 public:
  explicit Lines(std::vector<std::string>& lines) : lines_(lines) {}
  void line(std::string_view text) override { lines_.emplace_back(text); }

 private:
  std::vector<std::string>& lines_;
};

std::size_t index_of(const analyzer::Survey& survey, const std::string& name) {
  for (std::size_t i = 0; i < survey.repositories.size(); ++i) {
    if (survey.repositories[i].name == name) return i;
  }
  throw std::logic_error("the survey has no repository " + name);
}

}  // namespace

void with_threads(int threads, const std::function<void()>& work) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(threads));
  tbb::task_arena arena(threads);
  arena.execute(work);
}

std::unique_ptr<storage::Store> open_store(const StoreBuilder& builder) {
  auto store = storage::open_directory_store(builder.root(), builder.v2());
  if (!store) throw std::runtime_error("cannot open the store: " + store.error().message);
  return *std::move(store);
}

analyzer::Survey survey_of(const StoreBuilder& builder, Choice choice) {
  const auto store = open_store(builder);
  analyzer::SurveyOptions options;
  options.exact = choice.exact;
  analyzer::Survey survey;
  with_threads(choice.threads, [&] { survey = analyzer::survey(*store, options); });
  return survey;
}

analyzer::Survey names_of(const StoreBuilder& builder) {
  const auto store = open_store(builder);
  analyzer::SurveyOptions options;
  options.exact = true;
  options.names_only = true;
  analyzer::Survey survey;
  with_threads(2, [&] { survey = analyzer::survey(*store, options); });
  return survey;
}

analyzer::Audit audit_of(const StoreBuilder& builder, Choice choice) {
  const auto store = open_store(builder);
  analyzer::AuditOptions options;
  options.exact = choice.exact;
  options.context.root = options.context.store = builder.root();
  options.context.now_seconds = kNow;
  analyzer::Audit audit;
  with_threads(choice.threads, [&] { audit = analyzer::audit(*store, options); });
  audit.disk.reset();  // what others write to the disk meanwhile is no matter of the store
  return audit;
}

std::string json_of(const analyzer::Audit& audit) {
  std::ostringstream out;
  reports::write_audit_json(audit, out);
  return out.str();
}

analyzer::DigestId id_of(const analyzer::Survey& survey, const std::string& digest) {
  storage::Digest parsed;
  if (parse_digest(digest, parsed) != storage::DigestError::kNone) {
    throw std::logic_error("no digest: " + digest);
  }
  const auto id = survey.graph.digests.find(parsed);
  if (!id) throw std::logic_error("the survey does not know " + digest);
  return *id;
}

std::vector<std::string> marked(const analyzer::Survey& survey, const analyzer::Marks& marks) {
  std::vector<std::string> digests;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] != 0) digests.push_back(survey.graph.digests[analyzer::digest_id(i)].text());
  }
  std::sort(digests.begin(), digests.end());
  return digests;
}

const analyzer::Repository& repository_of(const analyzer::Survey& survey, const std::string& name) {
  return survey.repositories[index_of(survey, name)];
}

const analyzer::RepositoryFigures& figures_of(const analyzer::Audit& audit,
                                              const std::string& name) {
  return audit.accounts.repositories[index_of(audit.survey, name)];
}

const analyzer::Finding* finding_of(const analyzer::Audit& audit, analyzer::FindingCode code) {
  for (const analyzer::Finding& finding : audit.findings) {
    if (finding.code == code) return &finding;
  }
  return nullptr;
}

const analyzer::Hazard& hazard_of(const analyzer::Audit& audit, analyzer::RegistryVersion version,
                                  bool delete_untagged) {
  for (const analyzer::Hazard& hazard : audit.hazards) {
    if (hazard.version == version && hazard.delete_untagged == delete_untagged) return hazard;
  }
  throw std::logic_error("the audit did not repeat this collector");
}

Collected collect(const analyzer::Survey& survey, const StoreBuilder& builder,
                  analyzer::RegistryVersion version, bool delete_untagged) {
  Collected collected;
  Lines lines(collected.lines);
  collected.run =
      analyzer::replay_collector(survey, {version, delete_untagged, builder.root()}, &lines);
  collected.lines = settled(std::move(collected.lines));
  return collected;
}

std::vector<std::string> settled(std::vector<std::string> lines) {
  const auto in_map_order = [](const std::string& line) {
    return line.starts_with("blob eligible for deletion: ") ||
           line.find(": layer link eligible for deletion: ") != std::string::npos;
  };
  const auto middle = std::stable_partition(
      lines.begin(), lines.end(), [&](const std::string& line) { return !in_map_order(line); });
  std::sort(middle, lines.end());
  return lines;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void push_in_order_of_names(analyzer::Survey& survey) {
  for (analyzer::Repository& repository : survey.repositories) {
    std::int64_t time = kNow - 100 * 86400;
    for (analyzer::Tag& tag : repository.tags) tag.pushed_seconds = time += 3600;
  }
}

}  // namespace regsweep::tests
