#include "tests/repairs.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "storage/blob_source.h"
#include "storage/sweeper.h"
#include "tests/analyze.h"

namespace regsweep::tests {
namespace {

namespace fs = boost::filesystem;

std::vector<storage::BlobSource> sources_of(const std::vector<std::string>& from) {
  std::vector<storage::BlobSource> sources;
  for (const std::string& name : from) {
    auto source = storage::BlobSource::open(name, {});
    if (!source) throw std::runtime_error(name + ": " + source.error().message);
    sources.push_back(std::move(*source));
  }
  return sources;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path.string(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

analyzer::Repair repair_of(const StoreBuilder& builder, analyzer::RepairRules rules,
                           const std::vector<std::string>& from, int threads) {
  const auto store = open_store(builder);
  const auto sources = sources_of(from);
  for (const auto& source : sources) rules.sources.push_back(source.path());
  analyzer::PlanContext context;
  context.root = builder.root();
  context.v2 = builder.v2();
  context.now_seconds = kNow;
  analyzer::Repair repair;
  analyzer::ContentProgress progress;
  with_threads(threads,
               [&] { repair = analyzer::make_repair(*store, rules, context, sources, progress); });
  return repair;
}

Repaired repaired(const StoreBuilder& builder, analyzer::RepairRules rules,
                  const std::vector<std::string>& from) {
  auto sweeper = storage::open_sweeper(builder.root(), builder.v2());
  if (!sweeper) throw std::runtime_error("no lock: " + sweeper.error().message);
  Repaired done;
  done.repair = repair_of(builder, std::move(rules), from);
  analyzer::ApplyProgress progress;
  done.result =
      analyzer::carry_out_repair(done.repair.plan, **sweeper, progress, [] { return false; });
  return done;
}

void undo_last(const StoreBuilder& builder) {
  auto quarantine = storage::open_quarantine(builder.root(), builder.v2());
  if (!quarantine) throw std::runtime_error("no lock: " + quarantine.error().message);
  const auto runs = (*quarantine)->runs();
  if (!runs || runs->empty()) throw std::runtime_error("no run in quarantine");
  const auto outcome = (*quarantine)->undo(runs->back().id);
  if (!outcome) throw std::runtime_error("undo: " + outcome.error().message);
  if (!outcome->skipped.empty()) throw std::runtime_error("undo left " + outcome->skipped.front());
}

std::vector<std::string> steps_of(const analyzer::Plan& plan) {
  std::vector<std::string> steps;
  for (const auto& removal : plan.removals) {
    steps.push_back("-" + std::string(analyzer::removal_class_name(removal.removal_class)) + ' ' +
                    removal.path);
  }
  for (const auto& addition : plan.additions) {
    steps.push_back("+" + std::string(analyzer::addition_class_name(addition.addition_class)) +
                    ' ' + addition.path);
  }
  return steps;
}

std::vector<std::string> snapshot_of(const StoreBuilder& builder) {
  std::vector<std::string> lines;
  for (auto at = fs::recursive_directory_iterator(builder.root());
       at != fs::recursive_directory_iterator(); ++at) {
    const fs::path& path = at->path();
    if (path.filename() == ".regsweep-quarantine") {
      at.disable_recursion_pending();
      continue;
    }
    struct stat st = {};
    if (::lstat(path.c_str(), &st) != 0) throw std::runtime_error(path.string());
    lines.push_back(path.string() + ' ' + std::to_string(st.st_mode) + ' ' +
                    std::to_string(st.st_mtim.tv_sec) + '.' + std::to_string(st.st_mtim.tv_nsec) +
                    (S_ISREG(st.st_mode) ? ' ' + bytes_of(path) : ""));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string content_of(const StoreBuilder& builder, const std::string& path) {
  const fs::path file = fs::path(builder.v2()) / path;
  return fs::is_regular_file(file) ? bytes_of(file) : "(none)";
}

storage::Digest digest_named(const StoreBuilder& builder, const std::string& name) {
  storage::Digest digest;
  if (parse_digest(builder.digest_of(name), digest) != storage::DigestError::kNone) {
    throw std::logic_error(name);
  }
  return digest;
}

}  // namespace regsweep::tests
