#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "analyzer/recoverable.h"
#include "analyzer/recovery.h"
#include "reports/text_style.h"
#include "storage/sweeper.h"

namespace regsweep::reports {

/// What a store's past is reported from.
struct PastReport {
  const analyzer::Recoverable& past;
  std::vector<storage::QuarantineRun> runs;  ///< by time
  std::string root;                          ///< of the store
  std::string store;                         ///< what the user would give as STORE, raw
  bool complete = true;                      ///< everything could be read
};

/// Prints for a person what can come back: of each repository a table of what its tags meant and of
/// images without a tag, at most 20 of them without -v; deletions in quarantine; the next command.
void write_past_text(const PastReport& report, const TextOptions& options, std::ostream& out);

/// The same as JSON, everything, schema regsweep.recover/1 (docs/schemas/recover.json).
void write_past_json(const PastReport& report, std::ostream& out);

/// What a recovery is reported from.
struct RecoveryReport {
  const analyzer::Recovery& recovery;
  std::optional<analyzer::RepairResult> result;  ///< set if it was carried out
  std::string root;                              ///< of the store
  std::string store;                             ///< what the user would give as STORE, raw
};

/// Prints for a person what each tag is to mean or means now, what lacks, what is moved and added,
/// and the command that takes it back.
void write_recovery_text(const RecoveryReport& report, const TextOptions& options,
                         std::ostream& out);

/// The same as JSON, schema regsweep.recover/1.
void write_recovery_json(const RecoveryReport& report, std::ostream& out);

}  // namespace regsweep::reports
