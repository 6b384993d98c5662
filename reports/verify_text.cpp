#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/table.h"
#include "reports/verify_report.h"

namespace regsweep::reports {
namespace {

using analyzer::Concern;

constexpr std::size_t kMostNames = 3;  // of a list, without -v

struct FaultWords {
  std::string_view name;
  std::string_view words;
};
constexpr std::array<FaultWords, analyzer::kFaults> kFaultWords = {{
    {"not-a-file", "something that is no file stands in its place"},
    {"empty", "is empty"},
    {"wrong-content", "its bytes are not those it was pushed with"},
    {"unreadable", "the device cannot read it"},
    {"missing", "is missing"},
    {"wrong-size", "has another size than a manifest says"},
    {"garbled", "is a manifest that cannot be parsed"},
    {"hollow", "is an index of which every image is missing"},
}};

Concern concern_of(const Json& damaged) {
  const auto& concern = damaged.at("concern").get_ref<const std::string&>();
  return concern == "tagged"     ? Concern::kDanger
         : concern == "untagged" ? Concern::kWarning
                                 : Concern::kNote;
}

class VerifyText {
 public:
  VerifyText(const Json& report, const TextOptions& options, std::ostream& out)
      : report_(report), options_(options), out_(out) {
    const Json& store = report.at("store");
    const Json& named = store.at("config").is_null() ? store.at("root") : store.at("config");
    store_ = shell_word(raw_from_printable(named.get<std::string>()));
  }

  void write() {
    header();
    broken_tags();
    damaged();
    notes();
    findings();
    end();
  }

 private:
  /// A merged report is from a file, in which anything may stand.
  static std::string text(const Json& json) {
    return message_text(json.get_ref<const std::string&>());
  }
  static std::uint64_t number(const Json& json) { return json.get<std::uint64_t>(); }
  std::string size(std::uint64_t bytes) const { return size_text(bytes, options_); }
  void heading(const std::string& title) { write_heading(title, options_, out_); }
  std::string sign(Concern concern) const { return concern_sign(concern, options_); }

  /// "a, b, c … and 4 more (-v)".
  template <class Name>
  std::string list(const Json& rows, Name&& name) const {
    const std::size_t most = options_.verbose ? rows.size() : std::min(rows.size(), kMostNames);
    std::string names;
    for (std::size_t i = 0; i < most; ++i) names += (i == 0 ? "" : ", ") + name(rows[i]);
    if (rows.size() > most)
      names += fmt::format(" … and {} more (-v)", grouped(rows.size() - most));
    return names;
  }

  static std::string blobs(std::size_t count, std::string_view many, std::string_view one) {
    if (count == 1) return fmt::format("one blob {}\n", one);
    return fmt::format("{} blobs {}\n", grouped(count), many);
  }

  void header() {
    const Json& store = report_.at("store");
    const Json& content = report_.at("content");
    out_ << text(store.at("root")) << "    "
         << fmt::format("{} repositories · {} tags · {} blobs, {}\n",
                        grouped(number(store.at("repositories"))),
                        grouped(number(store.at("tags"))), grouped(number(store.at("blobs"))),
                        size(number(store.at("bytes"))));
    out_ << fmt::format("read and hashed: {} blobs, {}", grouped(number(content.at("read_blobs"))),
                        size(number(content.at("read_bytes"))));
    if (number(content.at("known_blobs")) != 0) {
      out_ << fmt::format("; known to be sound from earlier runs: {}, {}",
                          grouped(number(content.at("known_blobs"))),
                          size(number(content.at("known_bytes"))));
    }
    const std::uint64_t done = number(content.at("read_blobs")) + number(content.at("known_blobs"));
    if (number(content.at("chosen_blobs")) > done) {
      out_ << fmt::format("; not read: {}", grouped(number(content.at("chosen_blobs")) - done));
    }
    out_ << '\n';
    selection();
  }

  void selection() {
    const Json& selection = report_.at("selection");
    std::string chosen;
    const auto add = [&](const std::string& one) { chosen += (chosen.empty() ? "" : ", ") + one; };
    if (!selection.at("repositories").empty()) {
      add("of " + list(selection.at("repositories"), [](const Json& name) { return text(name); }));
    }
    if (!selection.at("newer_than").is_null()) add("after " + text(selection.at("newer_than")));
    if (const Json& shard = selection.at("shard"); !shard.is_null()) {
      add(fmt::format("shard {} of {}", number(shard.at("number")), number(shard.at("of"))));
    }
    const auto percent = selection.at("sample_percent").get<double>();
    if (percent < 100) {
      add(fmt::format("a sample of {:g} % by seed {}", percent, number(selection.at("seed"))));
    }
    if (!chosen.empty()) out_ << "only: " << chosen << '\n';
  }

  void broken_tags() {
    const Json& tags = report_.at("broken_tags");
    if (tags.empty()) return;
    heading(fmt::format("BROKEN TAGS ({})", grouped(tags.size())));
    const std::size_t most =
        options_.verbose ? tags.size() : std::min<std::size_t>(tags.size(), 20);
    for (std::size_t i = 0; i < most; ++i) broken_tag(tags[i]);
    if (tags.size() > most) {
      out_ << fmt::format("… and {} more (-v)\n", grouped(tags.size() - most));
    }
  }

  void broken_tag(const Json& tag) {
    std::vector<std::string> images;
    std::vector<std::string> platforms;
    Json blobs = Json::array();
    const auto note = [](std::vector<std::string>& in, const std::string& name) {
      if (!name.empty() && std::find(in.begin(), in.end(), name) == in.end()) in.push_back(name);
    };
    for (const Json& part : tag.at("parts")) {
      note(images, text(part.at("image")));
      note(platforms, text(part.at("platform")));
      if (blobs.empty() || blobs.back() != part.at("blob")) blobs.push_back(part.at("blob"));
    }
    out_ << sign(Concern::kDanger) << ' ' << text(tag.at("repository")) << ':'
         << text(tag.at("tag"));
    if (number(tag.at("images")) != 0) {
      out_ << fmt::format("  {} of {} images", images.size(), number(tag.at("images")));
    }
    std::sort(platforms.begin(), platforms.end());
    for (std::size_t i = 0; i < platforms.size(); ++i) {
      out_ << (i == 0 ? "  " : ", ") << platforms[i];
    }
    out_ << "\n      by " << list(blobs, [](const Json& blob) { return text(blob); }) << '\n';
  }

  void damaged() {
    heading("DAMAGED BLOBS");
    const Json& rows = report_.at("damaged");
    if (rows.empty()) {
      out_ << "none\n";
      return;
    }
    std::array<std::uint64_t, 3> counts{};
    for (const Json& row : rows) ++counts[static_cast<std::size_t>(concern_of(row))];
    out_ << fmt::format("{} that tags need, {} that only untagged revisions need, {} in garbage\n",
                        grouped(counts[2]), grouped(counts[1]), grouped(counts[0]));
    for (const Concern concern : {Concern::kDanger, Concern::kWarning, Concern::kNote}) {
      for (const Json& row : rows) {
        if (concern_of(row) == concern) damaged_blob(row);
      }
    }
  }

  static std::string fault_words(const Json& row) {
    const auto& fault = row.at("fault").get_ref<const std::string&>();
    const auto at = std::find_if(kFaultWords.begin(), kFaultWords.end(),
                                 [&](const FaultWords& words) { return words.name == fault; });
    return at == kFaultWords.end() ? message_text(fault) : std::string(at->words);
  }

  void damaged_blob(const Json& row) {
    out_ << sign(concern_of(row)) << ' ' << text(row.at("digest")) << "  " << fault_words(row);
    if (!row.at("declared_bytes").is_null()) {
      out_ << fmt::format(": {} of {} bytes", row.at("size_bytes").get<std::uint64_t>(),
                          row.at("declared_bytes").get<std::int64_t>());
    }
    if (!text(row.at("detail")).empty()) out_ << ": " << text(row.at("detail"));
    out_ << '\n';
    if (row.at("actual_is_here").get<bool>() && row.at("actual").is_string()) {
      out_ << "      it holds the content of another blob, " << text(row.at("actual")) << '\n';
    }
    if (!row.at("tags").empty()) {
      out_ << "      breaks " << list(row.at("tags"), [](const Json& tag) {
        std::string name = text(tag.at("repository")) + ':' + text(tag.at("tag"));
        for (std::size_t i = 0; i < tag.at("platforms").size(); ++i) {
          name += (i == 0 ? " (" : ", ") + text(tag.at("platforms")[i]);
        }
        return name + (tag.at("platforms").empty() ? "" : ")");
      }) << '\n';
    }
    if (!row.at("repositories").empty()) {
      out_ << "      in "
           << list(row.at("repositories"), [](const Json& name) { return text(name); }) << '\n';
    }
  }

  void notes() {
    const Json& unknown = report_.at("unknown");
    const Json& unsteady = report_.at("unsteady");
    const Json& odd = report_.at("odd_kinds");
    if (unknown.empty() && unsteady.empty() && odd.empty()) return;
    heading("ALSO");
    if (!unknown.empty()) {
      out_ << sign(Concern::kDanger) << ' '
           << blobs(unknown.size(), "could not be read: nothing is known of them",
                    "could not be read: nothing is known of it")
           << "      "
           << list(unknown,
                   [](const Json& row) {
                     return text(row.at("digest")) + " (" + text(row.at("detail")) + ")";
                   })
           << '\n';
    }
    if (!unsteady.empty()) {
      out_ << sign(Concern::kWarning) << ' '
           << blobs(unsteady.size(), "read wrong once and right the second time",
                    "read wrong once and right the second time")
           << "      " << list(unsteady, [](const Json& row) { return text(row); })
           << "\n      the disk holds them right; memory, controller or cable may be failing\n";
    }
    if (!odd.empty()) {
      out_ << sign(Concern::kNote) << ' '
           << blobs(odd.size(), "are sound, but not of the kind that a manifest says",
                    "is sound, but not of the kind that a manifest says")
           << "      "
           << list(odd,
                   [](const Json& row) {
                     return text(row.at("digest")) + " (" + text(row.at("claimed")) +
                            " by its media type, begins as " + text(row.at("found")) + ")";
                   })
           << '\n';
    }
  }

  void findings() {
    const Json& rows = report_.at("findings");
    if (rows.empty()) return;
    heading("LINKS AND MANIFESTS");
    for (const Json& row : rows) {
      const std::string concern = text(row.at("concern"));
      out_ << sign(concern == "danger"    ? Concern::kDanger
                   : concern == "warning" ? Concern::kWarning
                                          : Concern::kNote)
           << ' ' << text(row.at("message")) << '\n';
      const Json& subjects = row.at("subjects");
      if (!subjects.empty()) {
        out_ << "      " << list(subjects, [](const Json& name) { return text(name); }) << '\n';
      }
      out_ << "      " << text(row.at("meaning")) << '\n';
      if (!text(row.at("next")).empty()) out_ << "      → " << text(row.at("next")) << '\n';
    }
  }

  void end() {
    if (!report_.at("damaged").empty()) {
      out_ << "\nto heal: save this report with --json -o verify.json, then\n"
           << "  regsweep repair --damaged verify.json " << store_
           << "\nmoves damaged blobs away so that a push of the image stores them anew, or takes\n"
              "them from a second store with --from STORE; it shows what it would do first\n";
    }
    if (!report_.at("complete").get<bool>()) {
      out_ << '\n'
           << painted(Concern::kDanger, "INCOMPLETE: not everything that was asked for was read",
                      options_)
           << '\n';
    }
  }

  const Json& report_;
  const TextOptions& options_;
  std::ostream& out_;
  std::string store_;
};

}  // namespace

void write_verify_text(const std::string& json, const TextOptions& options, std::ostream& out) {
  const Json report = Json::parse(json);
  VerifyText(report, options, out).write();
}

}  // namespace regsweep::reports
