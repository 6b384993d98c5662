#include <algorithm>

#include "reports/diff_report.h"
#include "reports/sheet_writers.h"

namespace regsweep::reports {
namespace {

class CsvRow {
 public:
  CsvRow(std::ostream& out, bool apparent) : out_(out), apparent_(apparent) {}
  ~CsvRow() { out_ << '\n'; }
  CsvRow(const CsvRow&) = delete;
  CsvRow& operator=(const CsvRow&) = delete;

  void text(std::string_view cell) {
    if (!first_) out_ << ',';
    out_ << csv_field(cell);
    first_ = false;
  }
  void number(const Change& change) {
    text(std::to_string(change.before));
    text(std::to_string(change.after));
    text(std::to_string(change.by()));
  }
  void bytes(const BytesChange& change) { number(apparent_ ? change.apparent : change.allocated); }
  void nothing() {
    for (int i = 0; i < 3; ++i) text("");
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
  const bool apparent_;
  bool first_ = true;
};

}  // namespace

void write_diff_csv(const DiffRows& rows, bool apparent, std::ostream& out) {
  {
    CsvRow names(out, apparent);
    names.text("repository");
    names.text("state");
    for (const char* column :
         {"tags", "revisions", "layer_links", "exclusive_bytes", "reclaimable_bytes", "size_bytes",
          "shared_bytes", "untagged_bytes"}) {
      for (const char* which : {"_old", "_new", "_change"}) names.text(column + std::string(which));
    }
  }
  for (const RepositoryChange* row : rows.shown) {
    CsvRow line(out, apparent);
    line.text(row->name);
    line.text(state_name(row->state));
    line.additive(row->additive);
    line.bytes(row->size);
    line.bytes(row->shared);
    line.bytes(row->untagged);
  }
  if (rows.others_count == 0) return;
  CsvRow line(out, apparent);
  line.text("(" + std::to_string(rows.others_count) + " others)");
  line.text("others");
  line.additive(rows.others);
  for (int i = 0; i < 3; ++i) line.nothing();  // shared blobs cannot be added
}

}  // namespace regsweep::reports
