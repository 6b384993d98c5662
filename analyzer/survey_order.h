#pragma once

#include <memory>
#include <vector>

#include "analyzer/manifest_collector.h"
#include "analyzer/survey.h"
#include "storage/store.h"

/// What makes the survey of a store the same at any number of threads, which meet things in any
/// order.
namespace regsweep::analyzer {

/// Puts repositories, what is in them, and uploads, which name their repository by its place in
/// `met`, into `survey` in their order, with the final numbers of digests. Its digests are final.
/// Runs in the caller's TBB arena.
void order_repositories(std::vector<std::unique_ptr<Repository>> met, std::vector<Upload> uploads,
                        const Renumbering& renumber, Survey& survey);

/// Puts links at odd depths into `survey`, in their order and with the final numbers of digests.
void order_stray_links(std::vector<StrayLink> met, const Renumbering& renumber, Survey& survey);

/// Puts what steers a registry's walk, but for repositories, into `survey` in the order of the
/// walk.
void order_walk(std::vector<storage::WalkEntry> met, Survey& survey);

/// Puts events into `survey`, each once, and notes in its repositories what they tell of their
/// tags.
void order_events(std::vector<storage::Event> met, Survey& survey);

}  // namespace regsweep::analyzer
