#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reports/audit_diff.h"
#include "reports/saved_audit.h"

namespace regsweep::tests {

/// The sizes of one repository, in bytes as files have them; on disk each takes whole blocks of 4
/// KiB.
struct SavedSizes {
  std::uint64_t exclusive = 0;
  std::uint64_t shared = 0;
  std::uint64_t untagged = 0;
  std::uint64_t reclaimable = 0;
};

/// Writes an audit as `regsweep audit --json` would, of figures alone: they add up, unless a test
/// then changes `json`.
class AuditWriter {
 public:
  AuditWriter();
  AuditWriter& repo(const std::string& name, std::uint64_t tags, SavedSizes sizes);
  AuditWriter& shared_blobs(std::uint64_t bytes);    ///< distinct blobs of several repositories
  AuditWriter& shared_garbage(std::uint64_t bytes);  ///< that several repositories link
  AuditWriter& orphans(std::uint64_t bytes);
  AuditWriter& uploads(std::uint64_t bytes);
  AuditWriter& links(std::uint64_t objects, bool estimated);
  AuditWriter& finding(const std::string& code, const std::string& concern, std::uint64_t objects);

  std::string text() const { return json.dump(1) + '\n'; }
  /// Read back; a test that wrote what cannot be read fails.
  reports::SavedAudit saved(const std::string& file = "audit.json") const;

  nlohmann::ordered_json json;

 private:
  void add_space(std::size_t row, std::uint64_t objects, std::uint64_t bytes);
};

storage::Result<reports::SavedAudit> read_saved(const std::string& text);

}  // namespace regsweep::tests
