#include "reports/export_text.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "reports/export_value.h"

namespace regsweep::reports {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

/// Rows as text. What CSV and NDJSON have in common: values go into one buffer that is handed on
/// whenever it is full.
class TextSink : public RowSink {
 public:
  TextSink(const ExportModel& model, std::ostream& out, ExportProgress& progress)
      : model_(model), out_(out), progress_(progress) {
    buffer_.reserve(kBufferBytes + kBufferBytes / 4);
  }
  void id(std::uint64_t) final { ++column_; }  // digests and names are what text refers by
  void integer(std::int64_t value) final {
    begin();
    const fmt::format_int digits(value);
    buffer_.append(digits.data(), digits.size());
  }
  void boolean(bool value) final {
    begin();
    buffer_ += value ? "true" : "false";
  }
  void null() final {
    begin();
    put_null();
  }
  void text(std::string_view printable) final {
    begin();
    put_text(printable);
  }
  void digest_text(analyzer::DigestId id) final { digest(id); }
  void digest(analyzer::DigestId id) final {
    begin();
    put_plain([&] { append_digest(buffer_, model_.audit.survey.graph.digests[id]); });
  }
  void time(std::int64_t seconds) final {
    begin();
    put_plain([&] { append_time(buffer_, seconds); });
  }
  void repository(std::uint32_t number) final { text(model_.repository_names[number]); }
  void end_row() final {
    put_end();
    column_ = 0;
    progress_.rows.fetch_add(1, std::memory_order_relaxed);
    if (buffer_.size() >= kBufferBytes) flush();
  }
  void flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }

 protected:
  /// What stands before a value of this column.
  virtual void put_begin(std::size_t column) = 0;
  virtual void put_text(std::string_view text) = 0;
  virtual void put_null() = 0;
  virtual void put_end() = 0;
  virtual const char* quote() const = 0;  ///< around texts that need no escape

  std::string buffer_;

 private:
  void begin() { put_begin(column_++); }
  template <class F>
  void put_plain(F&& append) {
    buffer_ += quote();
    append();
    buffer_ += quote();
  }

  const ExportModel& model_;
  std::ostream& out_;
  ExportProgress& progress_;
  std::size_t column_ = 0;
};

/// What precedes each column's value, "" of columns that text does not have.
std::vector<std::string> column_starts(const ExportTable& table, bool json) {
  std::vector<std::string> starts;
  bool first = true;
  for (const ExportColumn& column : table.columns) {
    std::string start;
    if (column.type != ColumnType::kId) {
      const std::string separator = first ? (json ? "{" : "") : ",";
      start = separator + (json ? fmt::format("\"{}\":", column.name) : "");
      first = false;
    }
    starts.push_back(std::move(start));
  }
  return starts;
}

class CsvSink final : public TextSink {
 public:
  CsvSink(const ExportModel& model, const ExportTable& table, std::ostream& out,
          ExportProgress& progress)
      : TextSink(model, out, progress), starts_(column_starts(table, false)) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].type == ColumnType::kId) continue;
      buffer_ += starts_[i];
      buffer_ += table.columns[i].name;
    }
    put_end();
  }

 protected:
  void put_begin(std::size_t column) override { buffer_ += starts_[column]; }
  void put_text(std::string_view text) override {
    if (text.empty() || needs_csv_quotes(text)) {  // empty text is not null
      append_csv_quoted(buffer_, text);
    } else {
      buffer_ += text;
    }
  }
  void put_null() override {}
  void put_end() override { buffer_ += '\n'; }
  const char* quote() const override { return ""; }

 private:
  const std::vector<std::string> starts_;
};

class NdjsonSink final : public TextSink {
 public:
  NdjsonSink(const ExportModel& model, const ExportTable& table, std::ostream& out,
             ExportProgress& progress)
      : TextSink(model, out, progress), starts_(column_starts(table, true)) {}

 protected:
  void put_begin(std::size_t column) override { buffer_ += starts_[column]; }
  void put_text(std::string_view text) override { append_json(buffer_, text); }
  void put_null() override { buffer_ += "null"; }
  void put_end() override { buffer_ += "}\n"; }
  const char* quote() const override { return "\""; }

 private:
  const std::vector<std::string> starts_;
};

}  // namespace

void write_export_csv(const ExportModel& model, const ExportTable& table, std::ostream& out,
                      ExportProgress& progress) {
  CsvSink sink(model, table, out, progress);
  table.rows(model, sink);
  sink.flush();
}

void write_export_ndjson(const ExportModel& model, const ExportTable& table, std::ostream& out,
                         ExportProgress& progress) {
  NdjsonSink sink(model, table, out, progress);
  table.rows(model, sink);
  sink.flush();
}

}  // namespace regsweep::reports
