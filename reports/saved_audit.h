#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/finding.h"
#include "storage/result.h"

namespace regsweep::reports {

/// One repository of a saved audit.
struct SavedRepository {
  std::string name;  ///< printable, as the audit has it
  std::uint64_t tags = 0;
  std::uint64_t revisions = 0;
  std::uint64_t layer_links = 0;
  analyzer::Bytes size;
  analyzer::Bytes exclusive;
  analyzer::Bytes shared;
  analyzer::Bytes untagged;
  analyzer::Bytes reclaimable;
};

/// All findings of one code.
struct SavedFinding {
  std::string code;
  analyzer::Concern concern = analyzer::Concern::kNote;  ///< the gravest of them
  std::uint64_t objects = 0;
  std::string message;  ///< of the first of them
};

/// The figures of `regsweep audit --json`, read back. All text is safe for a terminal. No number
/// and no sum of a column exceeds 2^63 - 1, so that differences fit a signed number.
struct SavedAudit {
  std::string file;  ///< as the user named it
  bool complete = false;
  bool exact = false;
  std::string root;
  std::uint64_t tags = 0;
  std::uint64_t blobs = 0;
  std::array<analyzer::SpaceRow, analyzer::kSpaceClasses> space;
  analyzer::SpaceRow total;
  analyzer::Bytes garbage_of_one;
  analyzer::Bytes garbage_of_several;
  analyzer::Bytes garbage_of_none;
  std::vector<SavedRepository> repositories;  ///< by name
  std::vector<SavedFinding> findings;         ///< by code

  const analyzer::SpaceRow& operator[](analyzer::SpaceClass c) const {
    return space[static_cast<std::size_t>(c)];
  }
};

/// Reads an audit of schema regsweep.audit/1 and checks that its figures add up; fields that it
/// does not know are ignored. Memory: some 300 bytes a repository, whatever else is in the text.
/// kCorrupt: not JSON, cut off, not such an audit, or its figures are impossible; the message says
/// where, the path is `file`.
storage::Result<SavedAudit> read_saved_audit(std::istream& in, const std::string& file);

}  // namespace regsweep::reports
