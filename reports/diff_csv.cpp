#include <string>

#include "reports/diff_report.h"
#include "reports/sheet_writers.h"

namespace regsweep::reports {
namespace {

class CsvRow {
 public:
  explicit CsvRow(std::ostream& out) : out_(out) {}
  ~CsvRow() { out_ << '\n'; }
  CsvRow(const CsvRow&) = delete;
  CsvRow& operator=(const CsvRow&) = delete;

  void text(std::string_view cell) {
    if (!first_) out_ << ',';
    out_ << csv_field(cell);
    first_ = false;
  }
  void three_names(const std::string& column) {
    for (const char* which : {"_old", "_new", "_change"}) text(column + which);
  }
  void number(const Change& change) {
    text(std::to_string(change.before));
    text(std::to_string(change.after));
    text(std::to_string(change.by()));
  }
  void bytes(const BytesChange& change) {
    number(change.apparent);
    number(change.allocated);
  }
  void no_bytes() {
    for (int i = 0; i < 6; ++i) text("");
  }
  void additive(const AdditiveChange& change) {
    number(change.tags);
    number(change.revisions);
    number(change.layer_links);
    bytes(change.exclusive);
    bytes(change.reclaimable);
  }

 private:
  std::ostream& out_;
  bool first_ = true;
};

}  // namespace

void write_diff_csv(const DiffRows& rows, std::ostream& out) {
  {
    CsvRow names(out);
    names.text("repository");
    names.text("state");
    for (const char* count : {"tags", "revisions", "layer_links"}) names.three_names(count);
    for (const std::string bytes : {"exclusive", "reclaimable", "size", "shared", "untagged"}) {
      names.three_names(bytes + "_apparent_bytes");
      names.three_names(bytes + "_allocated_bytes");
    }
  }
  for (const RepositoryChange* row : rows.shown) {
    CsvRow line(out);
    line.text(row->name);
    line.text(state_name(row->state));
    line.additive(row->additive);
    line.bytes(row->size);
    line.bytes(row->shared);
    line.bytes(row->untagged);
  }
  if (rows.others_count == 0) return;
  CsvRow line(out);
  line.text("(" + std::to_string(rows.others_count) + " others)");
  line.text("others");
  line.additive(rows.others);
  for (int i = 0; i < 3; ++i) line.no_bytes();  // shared blobs cannot be added
}

}  // namespace regsweep::reports
