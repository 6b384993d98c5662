#include "reports/export_sqlite.h"

#include <fmt/format.h>

#include "reports/export_value.h"
#include "storage/sqlite.h"

namespace regsweep::reports {
namespace {

using storage::kOk;
using storage::SqliteDatabase;
using storage::Status;

constexpr int kApplicationId = 0x72737865;  // "rsxe"

/// No journal and no syncs: nobody sees the file before it is whole. The cache holds what an index
/// is sorted in.
constexpr const char* kSetUp =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF;";

storage::Error error_of(const SqliteDatabase& db) {
  return {storage::Errc::kIo,
          {},
          std::string("cannot write: ") + sqlite3_errmsg(db.get()),
          sqlite3_system_errno(db.get())};
}

Status run(SqliteDatabase& db, const std::string& sql) {
  return db.run(sql) ? Status(kOk) : error_of(db);
}

/// Binds the values of a row and inserts it. After a failure it does nothing more.
class InsertSink final : public RowSink {
 public:
  InsertSink(const ExportModel& model, SqliteDatabase& db, const ExportTable& table,
             ExportProgress& progress)
      : model_(model), db_(db), progress_(progress) {
    std::string marks = "?";
    for (std::size_t i = 1; i < table.columns.size(); ++i) marks += ",?";
    const std::string sql = fmt::format("INSERT INTO {} VALUES ({})", table.name, marks);
    insert_ = db.prepare(sql);
    if (!insert_) fail();
  }
  void id(std::uint64_t rank) override { integer(static_cast<std::int64_t>(rank)); }
  void integer(std::int64_t value) override {
    if (status_) sqlite3_bind_int64(insert_.get(), ++column_, value);
  }
  void boolean(bool value) override { integer(value ? 1 : 0); }
  void text(std::string_view printable) override {
    if (!status_) return;
    const char* data = printable.empty() ? "" : printable.data();  // nullptr would mean null
    sqlite3_bind_text(insert_.get(), ++column_, data, static_cast<int>(printable.size()),
                      SQLITE_TRANSIENT);
  }
  void digest_text(analyzer::DigestId id) override {
    scratch_.clear();
    append_digest(scratch_, model_.audit.survey.graph.digests[id]);
    text(scratch_);
  }
  void time(std::int64_t seconds) override {
    scratch_.clear();
    append_time(scratch_, seconds);
    text(scratch_);
  }
  void digest(analyzer::DigestId id) override { integer(model_.rank[row(id)]); }
  void repository(std::uint32_t number) override { integer(number); }
  void null() override {
    if (status_) sqlite3_bind_null(insert_.get(), ++column_);
  }
  void end_row() override {
    column_ = 0;
    if (!status_) return;
    if (sqlite3_step(insert_.get()) != SQLITE_DONE) fail();
    sqlite3_reset(insert_.get());
    progress_.rows.fetch_add(1, std::memory_order_relaxed);
  }
  const Status& status() const noexcept { return status_; }

 private:
  void fail() {
    if (status_) status_ = error_of(db_);
  }

  const ExportModel& model_;
  SqliteDatabase& db_;
  ExportProgress& progress_;
  storage::SqliteStatement insert_;
  Status status_ = kOk;
  std::string scratch_;
  int column_ = 0;
};

std::string_view sql_type(ColumnType type) noexcept {
  return type == ColumnType::kText || type == ColumnType::kTime ? "TEXT" : "INTEGER";
}

std::string_view sql_reference(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::kId:
      return " PRIMARY KEY";
    case ColumnType::kDigest:
      return " REFERENCES blobs (id)";
    case ColumnType::kRepository:
      return " REFERENCES repositories (id)";
    default:
      return "";
  }
}

/// The statement keeps its comments: `.schema` explains the columns.
std::string create_table(const ExportTable& table) {
  std::string sql = fmt::format("CREATE TABLE {} (  -- {}\n", table.name, table.doc);
  for (const ExportColumn& column : table.columns) {
    const bool last = &column == &table.columns.back() && table.key.empty();
    sql += fmt::format("  \"{}\" {}{}{}{}  -- {}\n", column.name, sql_type(column.type),
                       column.nullable ? "" : " NOT NULL", sql_reference(column.type),
                       last ? "" : ",", column.doc);
  }
  if (table.key.empty()) return sql + ") STRICT";
  return sql + fmt::format("  PRIMARY KEY ({})\n) STRICT, WITHOUT ROWID", table.key);
}

/// "digest UNIQUE" on blobs becomes CREATE UNIQUE INDEX blobs_by_digest ON blobs (digest).
std::string create_index(const ExportTable& table, std::string_view columns) {
  constexpr std::string_view kUnique = " UNIQUE";
  const bool unique = columns.ends_with(kUnique);
  if (unique) columns.remove_suffix(kUnique.size());
  return fmt::format("CREATE {}INDEX {}_by_{} ON {} ({})", unique ? "UNIQUE " : "", table.name,
                     columns.substr(0, columns.find(',')), table.name, columns);
}

Status fill(const ExportModel& model, SqliteDatabase& db, ExportProgress& progress) {
  for (const ExportTable& table : export_tables()) {
    if (Status made = run(db, create_table(table)); !made) return made;
    {
      InsertSink sink(model, db, table, progress);
      if (sink.status()) table.rows(model, sink);
      if (!sink.status()) return sink.status();
    }
    for (const std::string_view columns : table.indexes) {  // one sort is quicker than a million
      if (Status made = run(db, create_index(table, columns)); !made) return made;
    }
  }
  return kOk;
}

}  // namespace

Status write_export_sqlite(const ExportModel& model, const std::string& path,
                           ExportProgress& progress) {
  SqliteDatabase db;
  if (!db.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX)) {
    return error_of(db);
  }
  const std::string begin =
      fmt::format("{} PRAGMA application_id = {}; PRAGMA user_version = {}; BEGIN", kSetUp,
                  kApplicationId, kExportVersion);
  if (Status begun = run(db, begin); !begun) return begun;
  if (Status filled = fill(model, db, progress); !filled) return filled;
  if (Status committed = run(db, "COMMIT"); !committed) return committed;
  return db.close() ? Status(kOk) : error_of(db);
}

}  // namespace regsweep::reports
