#include "storage/result_cache.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <vector>

#include "storage/sqlite.h"

namespace regsweep::storage {
namespace {

constexpr int kApplicationId = 0x72737663;  // "rsvc"
constexpr std::size_t kMostPending = 4096;
constexpr auto kLongestPending = std::chrono::seconds(2);
constexpr int kBusyMilliseconds = 5000;

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS sound (digest BLOB PRIMARY KEY, inode INTEGER NOT NULL,"
    " size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,"
    " read_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;";

/// One byte for the algorithm, then the digest: memcmp orders these as digests are ordered.
std::string key_of(const Digest& digest) {
  std::string key(1, static_cast<char>(digest.algorithm));
  key.append(reinterpret_cast<const char*>(digest.bytes.data()), digest_bytes(digest.algorithm));
  return key;
}

bool digest_of(std::string_view key, Digest& digest) {
  if (key.empty() || static_cast<unsigned char>(key[0]) > 2) return false;
  digest = Digest();
  digest.algorithm = static_cast<Algorithm>(key[0]);
  if (key.size() != 1 + digest_bytes(digest.algorithm)) return false;
  std::memcpy(digest.bytes.data(), key.data() + 1, key.size() - 1);
  return true;
}

/// SQLite has no unsigned integers; the bits are what is compared.
sqlite3_int64 bits(std::uint64_t value) noexcept { return static_cast<sqlite3_int64>(value); }

}  // namespace

struct ResultCache::Impl {
  SqliteDatabase db;
  std::string path;
  std::mutex mutex;
  SqliteStatement insert;
  std::vector<SoundBlob> pending;
  std::chrono::steady_clock::time_point last_flush = std::chrono::steady_clock::now();

  Error error() const {
    const int code = sqlite3_errcode(db.get()) & 0xff;
    const Errc errc = code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? Errc::kUsage
                      : code == SQLITE_READONLY || code == SQLITE_PERM || code == SQLITE_CANTOPEN
                          ? Errc::kDenied
                          : Errc::kIo;
    return {errc, path, std::string("cannot use the result cache: ") + sqlite3_errmsg(db.get()), 0};
  }
  Status run(const std::string& sql) { return db.run(sql) ? Status(kOk) : error(); }
  Result<SqliteStatement> prepare(const char* sql) {
    SqliteStatement statement = db.prepare(sql);
    if (!statement) return error();
    return statement;
  }
  /// The one number that a statement gives; 0 if it gives none.
  Result<std::int64_t> number(const char* sql) {
    const Result<SqliteStatement> statement = prepare(sql);
    if (!statement) return statement.error();
    const int step = sqlite3_step(statement->get());
    if (step == SQLITE_DONE) return std::int64_t{0};
    if (step != SQLITE_ROW) return error();
    return std::int64_t{sqlite3_column_int64(statement->get(), 0)};
  }
  Status check_store(const std::string& store);
  Status flush();
};

Status ResultCache::Impl::check_store(const std::string& store) {
  if (const Status made = run(kTables); !made) return made;
  Result<SqliteStatement> put = prepare("INSERT OR IGNORE INTO about VALUES ('store', ?)");
  if (!put) return put.error();
  sqlite3_bind_text(put->get(), 1, store.data(), static_cast<int>(store.size()), SQLITE_STATIC);
  if (sqlite3_step(put->get()) != SQLITE_DONE) return error();
  Result<SqliteStatement> get = prepare("SELECT value FROM about WHERE name = 'store'");
  if (!get) return get.error();
  if (sqlite3_step(get->get()) != SQLITE_ROW) return error();
  const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(get->get(), 0));
  if (value != nullptr && store == value) return kOk;
  return Error{Errc::kUsage, path,
               std::string("holds results of another store, ") + (value == nullptr ? "" : value),
               0};
}

Status ResultCache::Impl::flush() {
  last_flush = std::chrono::steady_clock::now();
  if (pending.empty()) return kOk;
  if (Status begun = run("BEGIN IMMEDIATE"); !begun) return begun;
  for (const SoundBlob& blob : pending) {
    const std::string key = key_of(blob.digest);
    sqlite3_stmt* put = insert.get();
    sqlite3_reset(put);
    sqlite3_bind_blob(put, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, bits(blob.inode));
    sqlite3_bind_int64(put, 3, bits(blob.size_bytes));
    sqlite3_bind_int64(put, 4, blob.mtime_nanoseconds);
    sqlite3_bind_int64(put, 5, blob.ctime_nanoseconds);
    sqlite3_bind_int64(put, 6, blob.read_at_seconds);
    if (sqlite3_step(put) != SQLITE_DONE) {
      Error failed = error();
      static_cast<void>(run("ROLLBACK"));
      return failed;
    }
  }
  sqlite3_reset(insert.get());
  if (Status committed = run("COMMIT"); !committed) {
    static_cast<void>(run("ROLLBACK"));
    return committed;
  }
  pending.clear();
  return kOk;
}

ResultCache::ResultCache(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ResultCache::~ResultCache() {
  const std::lock_guard lock(impl_->mutex);
  static_cast<void>(impl_->flush());
}

Result<std::unique_ptr<ResultCache>> ResultCache::open(const std::string& path,
                                                       const std::string& store) {
  const std::filesystem::path named(path);
  std::filesystem::path parent = named.has_parent_path() ? named.parent_path() : ".";
  std::error_code failed;
  std::filesystem::create_directories(parent, failed);
  // The file may be no symbolic link; its directory, as a user's home, may lie behind one.
  if (!failed) parent = std::filesystem::canonical(parent, failed);
  if (failed) {
    return Error{Errc::kDenied, path, "cannot make its directory: " + failed.message(),
                 failed.value()};
  }
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  const std::string file = (parent / named.filename()).string();
  const bool is_new = !std::filesystem::exists(file, failed);
  if (!impl->db.open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW)) {
    return impl->error();
  }
  sqlite3_busy_timeout(impl->db.get(), kBusyMilliseconds);
  if (is_new) static_cast<void>(::chmod(file.c_str(), 0600));
  // Whose it is comes first: another program's database is left as it is.
  const Result<std::int64_t> id = impl->number("PRAGMA application_id");
  if (!id) return id.error();
  if (*id != kApplicationId) {
    const Result<std::int64_t> tables = impl->number("SELECT count(*) FROM sqlite_master");
    if (!tables) return tables.error();
    if (*id != 0 || *tables != 0) {
      return Error{Errc::kUsage, path, "is another program's database", 0};
    }
  }
  // A power cut may lose the last results, which are then read again: no fsync for each batch.
  Status set = impl->run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
  if (set && *id == 0) set = impl->run("PRAGMA application_id=" + std::to_string(kApplicationId));
  if (!set) return set.error();
  if (Status fits = impl->check_store(store); !fits) return fits.error();
  Result<SqliteStatement> insert =
      impl->prepare("INSERT OR REPLACE INTO sound VALUES (?, ?, ?, ?, ?, ?)");
  if (!insert) return insert.error();
  impl->insert = std::move(*insert);
  return std::unique_ptr<ResultCache>(new ResultCache(std::move(impl)));
}

Status ResultCache::each(std::int64_t since_seconds,
                         const std::function<void(const SoundBlob&)>& sink) {
  const std::lock_guard lock(impl_->mutex);
  Result<SqliteStatement> select = impl_->prepare(
      "SELECT digest, inode, size, mtime_ns, ctime_ns, read_at FROM sound"
      " WHERE read_at >= ? ORDER BY digest");
  if (!select) return select.error();
  sqlite3_stmt* at = select->get();
  sqlite3_bind_int64(at, 1, since_seconds);
  int step;
  while ((step = sqlite3_step(at)) == SQLITE_ROW) {
    SoundBlob blob;
    const auto* key = static_cast<const char*>(sqlite3_column_blob(at, 0));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(at, 0));
    if (key == nullptr || !digest_of({key, size}, blob.digest)) continue;
    blob.inode = static_cast<std::uint64_t>(sqlite3_column_int64(at, 1));
    blob.size_bytes = static_cast<std::uint64_t>(sqlite3_column_int64(at, 2));
    blob.mtime_nanoseconds = sqlite3_column_int64(at, 3);
    blob.ctime_nanoseconds = sqlite3_column_int64(at, 4);
    blob.read_at_seconds = sqlite3_column_int64(at, 5);
    sink(blob);
  }
  if (step != SQLITE_DONE) return impl_->error();
  return kOk;
}

Status ResultCache::add(const SoundBlob& blob) {
  const std::lock_guard lock(impl_->mutex);
  impl_->pending.push_back(blob);
  const bool due = std::chrono::steady_clock::now() - impl_->last_flush > kLongestPending;
  return impl_->pending.size() >= kMostPending || due ? impl_->flush() : Status(kOk);
}

Status ResultCache::flush() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->flush();
}

Result<std::optional<std::int64_t>> ResultCache::open_round() {
  const std::lock_guard lock(impl_->mutex);
  Result<SqliteStatement> get = impl_->prepare("SELECT value FROM about WHERE name = 'round'");
  if (!get) return get.error();
  const int step = sqlite3_step(get->get());
  if (step == SQLITE_DONE) return std::optional<std::int64_t>();
  if (step != SQLITE_ROW) return impl_->error();
  return std::optional<std::int64_t>(sqlite3_column_int64(get->get(), 0));
}

Status ResultCache::begin_round(std::int64_t now_seconds) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->run("INSERT OR REPLACE INTO about VALUES ('round', " + std::to_string(now_seconds) +
                    ")");
}

Status ResultCache::end_round() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->run("DELETE FROM about WHERE name = 'round'");
}

}  // namespace regsweep::storage
