#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "reports/export_model.h"

namespace regsweep::reports {

/// The form of the tables; a change that breaks queries raises it. SQLite's `user_version`.
inline constexpr int kExportVersion = 1;

/// What a column holds, and how each writer puts it down.
enum class ColumnType : std::uint8_t {
  kId,          ///< the row's rank, which other tables refer to; in SQLite alone
  kInteger,     ///< a count or a number
  kBytes,       ///< a size
  kText,        ///< printable UTF-8
  kBoolean,     ///< true or false; in SQLite 1 or 0
  kTime,        ///< RFC 3339, UTC
  kDigest,      ///< `alg:hex`; in SQLite an `id` of blobs
  kRepository,  ///< a repository's name; in SQLite an `id` of repositories
};

struct ExportColumn {
  std::string_view name;
  ColumnType type = ColumnType::kText;
  bool nullable = false;
  std::string_view doc;  ///< one sentence, Markdown
};

/// Where the rows of a table go: a call for each column, in order, then end_row().
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void id(std::uint64_t rank) = 0;
  virtual void integer(std::int64_t value) = 0;  ///< for kBytes, too
  virtual void text(std::string_view printable) = 0;
  virtual void digest_text(analyzer::DigestId id) = 0;  ///< a kText that is a digest
  virtual void boolean(bool value) = 0;
  virtual void time(std::int64_t seconds) = 0;  ///< since 1970
  virtual void digest(analyzer::DigestId id) = 0;
  virtual void repository(std::uint32_t number) = 0;
  virtual void null() = 0;
  virtual void end_row() = 0;
};

struct ExportTable {
  std::string_view name;
  std::string_view doc;  ///< what a row is
  std::span<const ExportColumn> columns;
  std::string_view key;                       ///< SQLite: the primary key if no column is a kId
  std::span<const std::string_view> indexes;  ///< SQLite: columns that queries look up by
  void (*rows)(const ExportModel& model, RowSink& sink) = nullptr;  ///< hands out every row
};

/// Every table, what others refer to first. Their rows depend on the store alone.
std::span<const ExportTable> export_tables();

/// The table of that name, or nullptr.
const ExportTable* find_export_table(std::string_view name);

}  // namespace regsweep::reports
