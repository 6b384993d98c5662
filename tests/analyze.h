#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/audit.h"
#include "analyzer/registry_collector.h"
#include "storage/store.h"
#include "tests/store_builder.h"

namespace regsweep::tests {

/// Runs `work` in an arena of so many threads, as the commands do.
void with_threads(int threads, const std::function<void()>& work);

/// 2024-06-07T00:00:00Z: the time at which every test's audit takes place.
inline constexpr std::int64_t kNow = 1717718400;

struct Choice {
  bool exact = true;
  int threads = 2;
};

std::unique_ptr<storage::Store> open_store(const StoreBuilder& builder);
analyzer::Survey survey_of(const StoreBuilder& builder, Choice choice = {});
/// What the drop-in `garbage-collect` reads.
analyzer::Survey names_of(const StoreBuilder& builder);
/// Without the disk's figures.
analyzer::Audit audit_of(const StoreBuilder& builder, Choice choice = {});

std::string json_of(const analyzer::Audit& audit);

/// Gives every tag the time of its push: of each repository the first by name is the oldest.
void push_in_order_of_names(analyzer::Survey& survey);

/// The row of a digest that a store must have; a test that asks for another one fails.
analyzer::DigestId id_of(const analyzer::Survey& survey, const std::string& digest);
/// The digests that are marked, as text.
std::vector<std::string> marked(const analyzer::Survey& survey, const analyzer::Marks& marks);

const analyzer::Repository& repository_of(const analyzer::Survey& survey, const std::string& name);
const analyzer::RepositoryFigures& figures_of(const analyzer::Audit& audit,
                                              const std::string& name);

/// The finding of this code that is the gravest, or nullptr.
const analyzer::Finding* finding_of(const analyzer::Audit& audit, analyzer::FindingCode code);
const analyzer::Hazard& hazard_of(const analyzer::Audit& audit, analyzer::RegistryVersion version,
                                  bool delete_untagged);

/// A collector's output as a registry would have given it.
struct Collected {
  analyzer::CollectorRun run;
  std::vector<std::string> lines;  ///< settled
};
Collected collect(const analyzer::Survey& survey, const StoreBuilder& builder,
                  analyzer::RegistryVersion version, bool delete_untagged);

/// The lines with those that come in the order of a Go map sorted at the end.
std::vector<std::string> settled(std::vector<std::string> lines);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace regsweep::tests
