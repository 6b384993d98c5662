// Exports of one store compared with files in tests/golden/export, and what every table promises.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "reports/export_ncdu.h"
#include "reports/export_sqlite.h"
#include "reports/export_text.h"
#include "reports/export_value.h"
#include "tests/analyze.h"
#include "tests/golden_store.h"
#include "tests/random_store.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using tests::expect_golden;
using tests::layer;
using tests::StoreBuilder;

/// The store of the other goldens, and what only an export tells.
void write_store(StoreBuilder& store) {
  tests::write_golden_store(store);
  store.repo("team/app/worker")
      .image("2,\"x\"", {layer("base", 300'000), tests::sha512_layer("other name", 4000)})
      .alias_sha512(tests::sha512_layer("other name", 4000))
      .manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                R"("config":{"mediaType":"a\u001bb","digest":"no digest","size":1},"layers":[]})",
                "odd")
      .stray_file("repositories/team/app/worker/_manifests/tags/stray");
  store.repo("odd").image("\x1b[31mred", {layer("base", 300'000)});
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Writer = void (*)(const ExportModel&, const ExportTable&, std::ostream&, ExportProgress&);

/// All tables, one after the other.
std::string all_tables(const ExportModel& model, Writer write) {
  std::ostringstream out;
  ExportProgress progress;
  for (const ExportTable& table : export_tables()) {
    out << "== " << table.name << " ==\n";
    write(model, table, out, progress);
  }
  return out.str();
}

std::string ncdu_of(const ExportModel& model) {
  std::ostringstream out;
  ExportProgress progress;
  write_export_ncdu(model, out, progress);
  return out.str();
}

/// An SQLite database's schema and rows.
std::string dump(const std::string& path) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string text;
  const auto line = [](void* to, int columns, char** values, char**) {
    std::string& out = *static_cast<std::string*>(to);
    for (int i = 0; i < columns; ++i) {
      out += i == 0 ? "" : "|";
      out += values[i] == nullptr ? "NULL" : values[i];
    }
    out += '\n';
    return 0;
  };
  const auto query = [&](const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), line, &text, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  };
  for (const char* pragma : {"application_id", "user_version", "integrity_check"}) {
    query(std::string("PRAGMA ") + pragma);
  }
  query("PRAGMA foreign_key_check");  // prints nothing
  query("SELECT sql FROM sqlite_schema ORDER BY name");
  for (const ExportTable& table : export_tables()) {
    text += "== " + std::string(table.name) + " ==\n";
    query("SELECT * FROM " + std::string(table.name));
  }
  sqlite3_close(db);
  return text;
}

class ExportTest : public ::testing::Test {
 protected:
  ExportTest() {
    write_store(store_);
    audit_ = tests::steady_audit(store_);
    for (analyzer::Upload& upload : audit_.survey.uploads) {
      upload.entry.touched_at_seconds = tests::kNow - 60;
    }
  }
  StoreBuilder store_;
  Audit audit_;
};

TEST_F(ExportTest, Csv) {
  expect_golden("export/tables.csv", all_tables(make_export_model(audit_), write_export_csv));
}

TEST_F(ExportTest, Ndjson) {
  const std::string text = all_tables(make_export_model(audit_), write_export_ndjson);
  expect_golden("export/tables.ndjson", text);
  for (const std::string& line : tests::lines_of(text)) {
    if (line.starts_with("{")) {
      EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    }
  }
}

TEST_F(ExportTest, Sqlite) {
  ExportProgress progress;
  const std::string path = store_.beside("export.sqlite");
  const storage::Status written = write_export_sqlite(make_export_model(audit_), path, progress);
  ASSERT_TRUE(written) << written.error().message;
  expect_golden("export/sqlite.txt", dump(path));
  EXPECT_FALSE(std::filesystem::exists(path + "-journal"));
}

TEST_F(ExportTest, SqliteThatCannotBeWrittenIsAnError) {
  ExportProgress progress;
  EXPECT_FALSE(write_export_sqlite(make_export_model(audit_), store_.root(), progress));
  EXPECT_FALSE(write_export_sqlite(make_export_model(audit_), "/dev/full", progress));
}

TEST_F(ExportTest, Ncdu) {
  const std::string text = ncdu_of(make_export_model(audit_));
  expect_golden("export/ncdu.json", text);
  EXPECT_TRUE(nlohmann::json::accept(text));
}

/// Follows the columns: each row must have them all, of their types, null only where that is said.
class CheckingSink final : public RowSink {
 public:
  explicit CheckingSink(const ExportTable& table) : table_(table) {}
  void id(std::uint64_t rank) override {
    take({ColumnType::kId});
    EXPECT_EQ(rank, rows_);
  }
  void integer(std::int64_t value) override {
    if (take({ColumnType::kInteger, ColumnType::kBytes}) == ColumnType::kBytes) {
      EXPECT_GE(value, 0) << table_.name;
    }
  }
  void text(std::string_view) override { take({ColumnType::kText}); }
  void digest_text(analyzer::DigestId) override { take({ColumnType::kText}); }
  void boolean(bool) override { take({ColumnType::kBoolean}); }
  void time(std::int64_t) override { take({ColumnType::kTime}); }
  void digest(analyzer::DigestId) override { take({ColumnType::kDigest}); }
  void repository(std::uint32_t) override { take({ColumnType::kRepository}); }
  void null() override {
    const ExportColumn& column = table_.columns[column_++];
    EXPECT_TRUE(column.nullable) << table_.name << '.' << column.name;
  }
  void end_row() override {
    EXPECT_EQ(column_, table_.columns.size()) << table_.name;
    column_ = 0;
    ++rows_;
  }
  std::uint64_t rows() const { return rows_; }

 private:
  ColumnType take(std::initializer_list<ColumnType> types) {
    if (column_ >= table_.columns.size()) return ColumnType::kId;  // end_row() says so
    const ExportColumn& column = table_.columns[column_++];
    EXPECT_NE(std::find(types.begin(), types.end(), column.type), types.end())
        << table_.name << '.' << column.name;
    return column.type;
  }

  const ExportTable& table_;
  std::size_t column_ = 0;
  std::uint64_t rows_ = 0;
};

void check_tables(const ExportModel& model) {
  for (const ExportTable& table : export_tables()) {
    CheckingSink sink(table);
    table.rows(model, sink);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST_F(ExportTest, EveryTableHasARowHereAndFollowsItsColumns) {
  const ExportModel model = make_export_model(audit_);
  for (const ExportTable& table : export_tables()) {
    CheckingSink sink(table);
    table.rows(model, sink);
    EXPECT_GT(sink.rows(), 0u) << table.name;
  }
}

/// Bytes of a tree as ncdu adds them: each inode once.
std::uint64_t tree_bytes(const nlohmann::json& node, std::set<std::uint64_t>& seen) {
  if (node.is_object()) {
    if (node.contains("ino") && !seen.insert(node["ino"].get<std::uint64_t>()).second) return 0;
    return node.value("dsize", std::uint64_t{0});
  }
  std::uint64_t sum = 0;
  for (const nlohmann::json& child : node) sum += tree_bytes(child, seen);
  return sum;
}

TEST(Export, RandomStoresFollowTheColumnsAndTheTreeAddsUp) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    tests::RandomStore store(seed);
    SCOPED_TRACE(seed % 2 == 0 ? tests::add_odd_cases(store) : "");
    const Audit audit = tests::audit_of(store.builder, {.exact = seed % 3 != 0});
    const ExportModel model = make_export_model(audit);
    check_tables(model);
    std::set<std::uint64_t> seen;
    EXPECT_EQ(tree_bytes(nlohmann::json::parse(ncdu_of(model))[3], seen),
              audit.accounts.total.bytes.allocated);
    if (HasFailure()) return;
  }
}

TEST(Export, TheOutputDoesNotDependOnThreads) {
  for (const std::uint64_t seed : {2U, 3U, 4U}) {
    tests::RandomStore store(seed);
    tests::add_odd_cases(store);
    std::vector<std::string> outputs;
    for (const int threads : {1, 2, 16}) {
      const Audit audit = tests::audit_of(store.builder, {.exact = true, .threads = threads});
      const ExportModel model = make_export_model(audit);
      const std::string path = store.builder.beside(std::to_string(threads) + ".sqlite");
      ExportProgress progress;
      const storage::Status written = write_export_sqlite(model, path, progress);
      ASSERT_TRUE(written) << written.error().message;
      outputs.push_back(all_tables(model, write_export_csv) + ncdu_of(model) + content_of(path));
    }
    EXPECT_EQ(outputs[0], outputs[1]);
    EXPECT_EQ(outputs[0], outputs[2]);
  }
}

TEST(Export, Values) {
  const auto time = [](std::int64_t seconds) {
    std::string text;
    append_time(text, seconds);
    return text;
  };
  EXPECT_EQ(time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time(tests::kNow), "2024-06-07T00:00:00Z");
  EXPECT_EQ(time(951782399), "2000-02-28T23:59:59Z");
  EXPECT_EQ(time(std::int64_t{1} << 60), "9999-12-31T23:59:59Z");
  EXPECT_EQ(time(-1), "1969-12-31T23:59:59Z");
  std::string json;
  append_json(json, "a\"b\\c\n\xc3\xa4");
  EXPECT_EQ(json, "\"a\\\"b\\\\c\\u000a\xc3\xa4\"");
}

// ---- docs/export.md ----------------------------------------------------------------------------

std::string_view type_words(ColumnType type) {
  switch (type) {
    case ColumnType::kId:
      return "integer, SQLite only";
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kBytes:
      return "bytes";
    case ColumnType::kText:
      return "text";
    case ColumnType::kBoolean:
      return "boolean";
    case ColumnType::kTime:
      return "time";
    case ColumnType::kDigest:
      return "digest";
    case ColumnType::kRepository:
      return "repository";
  }
  return "";
}

std::string documented_tables() {
  std::string text;
  for (const ExportTable& table : export_tables()) {
    text += "\n### " + std::string(table.name) + "\n" + std::string(table.doc) + "\n\n";
    text += "| column | type | what |\n| --- | --- | --- |\n";
    for (const ExportColumn& column : table.columns) {
      text += "| `" + std::string(column.name) + "` | " + std::string(type_words(column.type)) +
              (column.nullable ? ", or null" : "") + " | " + std::string(column.doc) + " |\n";
    }
  }
  return text;
}

TEST(Export, TheDocumentationNamesEveryColumn) {
  const std::string path = REGSWEEP_SOURCE_DIR "/docs/export.md";
  const std::string begin = "<!-- tables -->\n";
  const std::string end = "\n<!-- end of tables -->";
  std::string text = content_of(path);
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  const std::size_t start = from + begin.size();
  const char* mode = std::getenv("REGSWEEP_GOLDEN");
  if (mode != nullptr && std::string(mode) == "write") {
    std::ofstream(path, std::ios::binary)
        << text.substr(0, start) << documented_tables() << text.substr(to);
    return;
  }
  EXPECT_EQ(text.substr(start, to - start), documented_tables()) << "REGSWEEP_GOLDEN=write";
}

// ---- stores for tests/export/figures.sh --------------------------------------------------------

/// With REGSWEEP_STORES naming a directory, copies random stores there.
TEST(Export, RandomStoresForScripts) {
  const char* to = std::getenv("REGSWEEP_STORES");
  if (to == nullptr) GTEST_SKIP() << "REGSWEEP_STORES names no directory";
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    tests::RandomStore store(seed);
    if (seed % 2 == 0) tests::add_odd_cases(store);
    const std::string command =
        "cp -a -- '" + store.builder.root() + "' '" + to + "/" + std::to_string(seed) + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
}

}  // namespace
}  // namespace regsweep::reports
