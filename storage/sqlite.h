#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

namespace regsweep::storage {

struct SqliteFinalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
/// A prepared statement; null if it could not be prepared.
using SqliteStatement = std::unique_ptr<sqlite3_stmt, SqliteFinalize>;

/// An SQLite database, closed at the end. Where something fails, the database itself tells why:
/// sqlite3_errcode() and its kin. Statements must go before it.
class SqliteDatabase {
 public:
  SqliteDatabase() = default;
  ~SqliteDatabase() { sqlite3_close(db_); }
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// `flags` are those of sqlite3_open_v2.
  bool open(const std::string& path, int flags) {
    return sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) == SQLITE_OK;
  }
  /// Runs statements whose rows nobody wants.
  bool run(const std::string& sql) {
    return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  SqliteStatement prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
    return SqliteStatement(statement);
  }
  /// False if it could not be closed: it is open then.
  bool close() {
    if (sqlite3_close(db_) != SQLITE_OK) return false;
    db_ = nullptr;
    return true;
  }
  sqlite3* get() const noexcept { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace regsweep::storage
