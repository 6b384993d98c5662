#include <fmt/format.h>

#include <algorithm>

#include "reports/finding_list.h"
#include "reports/humanize.h"
#include "reports/ref_text.h"
#include "reports/table.h"
#include "reports/why_report.h"

namespace regsweep::reports {
namespace {

using analyzer::Chain;
using analyzer::Concern;
using analyzer::Defect;
using analyzer::DigestId;
using analyzer::Fate;
using analyzer::kNoDigest;
using analyzer::RefKind;
using analyzer::Standing;
using analyzer::StepKind;
using analyzer::Survey;
using analyzer::Why;

std::string_view defect_words(Defect defect) {
  switch (defect) {
    case Defect::kEmpty:
      return "is empty: zero bytes are served for it";
    case Defect::kMissing:
      return "is missing";
    case Defect::kWrongSize:
      return "has another size than a manifest says";
    case Defect::kHollowIndex:
      return "is an index of which every image is missing";
    case Defect::kGarbled:
      return "is a manifest that cannot be parsed";
    case Defect::kNotAFile:
      return "is no file: something else stands in its place";
  }
  return "is damaged";
}

/// "one blob", "3 blobs".
std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return count == 1 ? fmt::format("one {}", one) : fmt::format("{} {}", grouped(count), many);
}

/// A role as people say it.
std::string role_words(analyzer::Role role) {
  return role == analyzer::Role::kFsLayer ? "fs layer" : std::string(role_name(role));
}

class WhyText {
 public:
  WhyText(const WhyReport& report, const TextOptions& options, std::ostream& out)
      : survey_(report.survey),
        why_(report.why),
        store_(shell_word(report.store)),
        options_(options),
        out_(out) {}

  void write() {
    header();
    condition();
    what_keeps_it();
    what_refers_to_it();
    what_deleting_frees();
    what_collectors_do();
  }

 private:
  std::string digest(DigestId id) const { return survey_.graph.digests[id].text(); }
  std::string name(std::uint32_t repository) const {
    return printable(survey_.repositories[repository].name);
  }
  std::string tag_name(const analyzer::TagRef& tag) const {
    return name(tag.repository) + ':' +
           printable(survey_.repositories[tag.repository].tags[tag.tag].name);
  }
  std::string size(const analyzer::Bytes& bytes) const { return size_text(bytes, options_); }
  void heading(const std::string& title) { write_heading(title, options_, out_); }
  void danger(const std::string& text) {
    out_ << concern_sign(Concern::kDanger, options_) << ' ' << text << '\n';
  }
  bool is_object() const { return why_.object != kNoDigest; }

  // ---- what it is -----------------------------------------------------------------------------

  void header() {
    out_ << ref_name(survey_, why_.ref);
    if (!is_object()) {
      out_ << (why_.ref.kind == RefKind::kRepository ? repository_words() : "") << '\n';
      return;
    }
    if (why_.ref.kind == RefKind::kTag) out_ << "  means " << digest(why_.object);
    out_ << '\n' << object_type(survey_, why_);
    if (!why_.media_type.empty()) out_ << "  " << printable(why_.media_type);
    if (why_.served != kNoDigest) {
      out_ << "  " << size(survey_.graph.bytes(why_.served));
      if (why_.blobs > 1) {
        out_ << fmt::format("; with all that it needs {} in {} blobs", size(why_.size),
                            grouped(why_.blobs));
      }
    }
    out_ << '\n';
    if (!why_.attached_to.empty()) {
      out_ << "by its name a signature or the like of " << why_.attached_to << '\n';
    }
    for (const DigestId subject : why_.subjects) {
      out_ << "it is about " << digest(subject) << ", its subject\n";
    }
  }

  std::string repository_words() const {
    const analyzer::Repository& repository = survey_.repositories[why_.ref.repository];
    return fmt::format("\nrepository  {} · {} · {}; what its tags need: {} in {}",
                       counted(repository.tags.size(), "tag", "tags"),
                       counted(repository.revisions.paths.size(), "revision", "revisions"),
                       counted(repository.layers.paths.size(), "layer link", "layer links"),
                       size(why_.size), counted(why_.blobs, "blob", "blobs"));
  }

  /// What is wrong or unusual with it.
  void condition() {
    if (why_.ref.kind == RefKind::kTag && !is_object()) {
      danger("the tag means nothing: its link holds no digest or cannot be read");
      out_ << "      → push it again, or take the tag away\n";
    }
    if (!is_object()) {
      defects();
      return;
    }
    if (why_.served != kNoDigest && why_.served != why_.object) {
      out_ << "another name of " << digest(why_.served)
           << ": a registry stores content by its sha256 alone\n";
    } else if (why_.is_foreign) {
      out_ << "its blob is not here, and need not be: it is a foreign layer, which clients fetch "
              "from "
              "the addresses that its manifests name\n";
    } else if (why_.is_missing) {
      missing();
    } else if (why_.served == kNoDigest) {
      out_ << "whether its blob is there could not be found out: regsweep audit " << store_ << '\n';
    }
    if (!why_.not_understood.empty()) {
      out_ << "its document is no manifest that can be understood: "
           << message_text(why_.not_understood) << '\n';
    }
    if (why_.absent_children != 0) {
      out_ << fmt::format("{} of the {} images that it names are not in the store\n",
                          grouped(why_.absent_children), grouped(why_.children));
    }
    if (why_.tag_state == analyzer::TagState::kDangling && !why_.is_missing)
      danger("the tag's manifest is not served");
    defects();
  }

  void missing() {
    if (!why_.is_live()) {
      out_ << "its blob is not there, and nothing that is kept needs it\n";
      return;
    }
    danger("its blob is not there, although it is needed");
    out_ << "      → push an image that has it again; list broken tags: regsweep tags " << store_
         << '\n';
  }

  void defects() {
    const std::size_t most = shown(why_.defects.size());
    bool said = false;
    for (std::size_t i = 0; i < most; ++i) {
      const analyzer::DefectOf& defect = why_.defects[i];
      const bool itself = defect.id == why_.object;
      if (itself && why_.is_missing) continue;  // said already
      said = true;
      const std::string what = itself ? "it" : "it needs " + digest(defect.id) + ", which";
      const std::string text = fmt::format("{} {}", what, defect_words(defect.defect));
      if (why_.is_live()) {
        danger(text);
      } else {
        out_ << text << '\n';
      }
    }
    more(why_.defects.size(), most, "");
    if (said && why_.is_live()) {
      out_ << "      → what can be done: regsweep repair " << store_ << '\n';
    }
  }

  // ---- what keeps it --------------------------------------------------------------------------

  void what_keeps_it() {
    if (!is_object()) return;
    heading(why_.is_live() ? "WHAT KEEPS IT" : "WHY IT IS GARBAGE");
    switch (why_.standing) {
      case Standing::kTagged:
        chain(*why_.chain, "");
        if (why_.chain->root.kind != RefKind::kTag) {
          out_ << fmt::format("a tag of {} cannot be read: it may mean this revision\n",
                              name(why_.chain->root.repository));
        } else if (why_.kept_by.size() > 1) {
          out_ << fmt::format("and {}, listed {}\n",
                              counted(why_.kept_by.size() - 1, "more tag", "more tags"),
                              options_.verbose ? "below" : "with -v");
        }
        return;
      case Standing::kUntagged:
        chain(*why_.chain, "");
        out_ << fmt::format("no tag needs it: a revision of {} keeps it{}\n",
                            name(why_.chain->root.repository), since());
        return;
      case Standing::kGarbage:
        out_ << (why_.namers.empty() ? "nothing refers to it"
                                     : "only manifests that are garbage themselves refer to it")
             << (why_.holders.empty() ? "" : "; repositories link it, which keeps no blob alive")
             << since() << '\n';
        return;
    }
  }

  std::string since() const {
    if (why_.last_written_seconds == 0) return "";
    return "; last written " + rfc3339(why_.last_written_seconds);
  }

  void chain(const Chain& chain, const std::string& indent) {
    out_ << indent << ref_name(survey_, chain.root) << '\n';
    for (const analyzer::ChainStep& step : chain.steps) {
      // The revision is named already.
      if (step.kind == StepKind::kRoot && chain.root.kind == RefKind::kRevision) continue;
      out_ << indent << "  -> " << step_words(step) << ' ' << digest(step.id) << '\n';
    }
  }

  std::string step_words(const analyzer::ChainStep& step) const {
    const bool manifest = survey_.graph.is_manifest(step.id);
    std::string words;
    if (step.kind == StepKind::kReferrer) words = "referrer: ";
    if (step.kind == StepKind::kAlias) return "stored as";
    if (!step.platform.empty()) words += printable(step.platform) + ' ';
    if (manifest) return words + std::string(manifest_type_name(survey_.graph.type(step.id)));
    return words + (step.kind == StepKind::kReference ? role_words(step.role) : "manifest");
  }

  // ---- what refers to it ----------------------------------------------------------------------

  std::size_t shown(std::size_t count) const {
    return options_.verbose ? count : std::min(count, kMostReferrers);
  }
  void more(std::size_t count, std::size_t shown, std::string_view indent) {
    if (count > shown)
      out_ << fmt::format("{}… and {} more (-v)\n", indent, grouped(count - shown));
  }

  void what_refers_to_it() {
    if (!is_object()) return;
    heading("WHAT REFERS TO IT");
    if (why_.namers.empty() && why_.tags.empty() && why_.attached.empty() && why_.holders.empty()) {
      out_ << "no manifest, no tag, no repository\n";
    }
    if (!why_.namers.empty()) namers();
    if (!why_.tags.empty()) tags("tags that mean it", why_.tags);
    if (options_.verbose && why_.kept_by.size() > why_.tags.size()) {
      tags("tags that need it", why_.kept_by);
    }
    if (!why_.attached.empty()) {
      tags("tags that are signatures or the like of it, by their names", why_.attached);
    }
    if (!why_.holders.empty()) holders();
  }

  void namers() {
    out_ << fmt::format("manifests that name it ({})\n", grouped(why_.namers.size()));
    Table table({Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
    const std::size_t most = shown(why_.namers.size());
    for (std::size_t i = 0; i < most; ++i) {
      const analyzer::Namer& namer = why_.namers[i];
      table.row({digest(namer.manifest),
                 std::string(manifest_type_name(survey_.graph.type(namer.manifest))),
                 "as its " + role_words(namer.role) + (namer.foreign ? ", foreign" : ""),
                 std::string(standing_name(namer.standing))});
    }
    table.print(out_, 2);
    more(why_.namers.size(), most, "  ");
  }

  void tags(std::string_view title, const std::vector<analyzer::TagRef>& tags) {
    out_ << fmt::format("{} ({})\n", title, grouped(tags.size()));
    const std::size_t most = shown(tags.size());
    for (std::size_t i = 0; i < most; ++i) out_ << "  " << tag_name(tags[i]) << '\n';
    more(tags.size(), most, "  ");
  }

  void holders() {
    out_ << fmt::format("repositories that link it ({})\n", grouped(why_.holders.size()));
    Table table({Align::kLeft, Align::kLeft, Align::kLeft});
    const std::size_t most = shown(why_.holders.size());
    for (std::size_t i = 0; i < most; ++i) {
      const analyzer::Holder& holder = why_.holders[i];
      table.row({name(holder.repository),
                 holder.revision && holder.layer_link ? "revision and layer link"
                 : holder.revision                    ? "revision"
                                                      : "layer link",
                 holder.other == kNoDigest ? "" : "crossed with " + digest(holder.other)});
    }
    table.print(out_, 2);
    more(why_.holders.size(), most, "  ");
  }

  // ---- what deleting it frees -----------------------------------------------------------------

  void what_deleting_frees() {
    heading("WHAT DELETING IT FREES");
    if (why_.deletion.removal.empty()) {
      not_alone();
    } else {
      removal();
    }
    if (why_.refusals.empty()) return;
    out_ << "regsweep removes no blob as things are: " << message_text(why_.refusals.front())
         << "\n      → all reasons: regsweep gc " << store_ << '\n';
  }

  void not_alone() {
    if (why_.ref.kind == RefKind::kRepository) {
      out_ << "nothing: the repository has no tags and no revisions\n";
      return;
    }
    switch (why_.standing) {
      case Standing::kTagged:
        out_ << "nothing: it cannot be deleted alone; it goes when the tags that need it and their "
                "revisions are gone\n";
        return;
      case Standing::kUntagged:
        out_ << fmt::format(
            "nothing: it cannot be deleted alone; it goes with the untagged manifests that need "
            "it: "
            "regsweep gc --untagged {}\n",
            store_);
        return;
      case Standing::kGarbage:
        if (why_.served == kNoDigest || !is_object()) {
          out_ << "nothing: it takes no space\n";
          return;
        }
        out_ << fmt::format(
            "{}: it is garbage, and a collection removes it once it is old enough (--min-age): "
            "regsweep gc {}\n",
            size(survey_.graph.bytes(why_.served)), store_);
        return;
    }
  }

  void removal() {
    const analyzer::Withdrawal& removal = why_.deletion.removal;
    std::string what = "without this tag";
    if (why_.ref.kind != RefKind::kTag) {
      what = fmt::format("without {} and {}", counted(removal.tags.size(), "tag", "tags"),
                         counted(removal.revisions.size(), "revision", "revisions"));
    }
    out_ << what << ", beyond what each frees as things are\n";
    Table table({Align::kLeft, Align::kRight, Align::kLeft});
    const auto row = [&](const std::string& command, const analyzer::Freed& freed) {
      table.row({command, size(freed.bytes), "in " + counted(freed.blobs, "blob", "blobs")});
    };
    row("regsweep gc frees", why_.deletion.by_gc);
    row("regsweep gc --untagged frees", why_.deletion.by_gc_untagged);
    table.print(out_, 2);
    if (!why_.deletion.still) return;
    out_ << (why_.deletion.after == Standing::kTagged
                 ? "the object itself is kept by both even then, for\n"
                 : "regsweep gc keeps the object itself even then, for\n");
    chain(*why_.deletion.still, "  ");
  }

  // ---- the registry's collectors --------------------------------------------------------------

  void what_collectors_do() {
    heading("WHAT THE REGISTRY'S OWN COLLECTORS DO TO IT");
    for (const Fate& fate : why_.fates) {
      const std::string run =
          fmt::format("registry {:<3}  garbage-collect {}",
                      fate.version == analyzer::RegistryVersion::k3 ? "3.x" : "2.8",
                      fate.delete_untagged ? "-m" : "  ");
      out_ << (fate.is_loss() ? concern_sign(Concern::kDanger, options_) : "   ") << ' ' << run
           << "  " << fate_words(fate) << '\n';
    }
  }

  std::string fate_words(const Fate& fate) const {
    if (fate.removes_nothing()) {
      return "stops before it removes anything: " + message_text(fate.abort);
    }
    std::string words = outcome(fate);
    if (!fate.abort.empty()) words += "; then stops: " + message_text(fate.abort);
    return words;
  }

  std::string outcome(const Fate& fate) const {
    if (fate.is_loss()) return loss(fate);
    std::string parts;
    if (fate.parts != 0) {
      parts = fmt::format(" and {} that it needs", counted(fate.parts, "more blob", "more blobs"));
    }
    if (fate.deletes_object) {
      return fmt::format("deletes it{}: {}", parts,
                         why_.standing == Standing::kGarbage ? "it is garbage" : "no tag needs it");
    }
    if (fate.revisions != 0) {
      return fmt::format("removes {} to it, and keeps its blob",
                         counted(fate.revisions, "revision link", "revision links"));
    }
    if (!is_object()) return "keeps all that its tags need";
    return why_.served == kNoDigest ? "removes nothing: there is no blob" : "keeps it";
  }

  std::string loss(const Fate& fate) const {
    std::string words;
    const auto add = [&](const std::string& one) { words += (words.empty() ? "" : "; ") + one; };
    if (fate.deletes_object && fate.object_must_live) add("DELETES IT, although it is alive");
    if (fate.parts_alive != 0) {
      add(fmt::format("DELETES {} that are alive and that it needs: {}",
                      counted(fate.parts_alive, "blob", "blobs"), digest(fate.first_part)) +
          (fate.parts_alive > 1 ? " …" : ""));
    }
    if (fate.first_child == why_.object && fate.first_child != kNoDigest &&
        fate.lost_children == 1) {
      add("REMOVES ITS REVISION, although a tag needs it: it can no longer be pulled");
    } else if (fate.lost_children != 0) {
      add(fmt::format("REMOVES THE REVISIONS of {} that tags need: {}",
                      counted(fate.lost_children, "manifest", "manifests"),
                      digest(fate.first_child)) +
          (fate.lost_children > 1 ? " …" : ""));
    }
    return words;
  }

  const Survey& survey_;
  const Why& why_;
  const std::string store_;
  const TextOptions& options_;
  std::ostream& out_;
};

}  // namespace

void write_why_text(const WhyReport& report, const TextOptions& options, std::ostream& out) {
  WhyText(report, options, out).write();
}

}  // namespace regsweep::reports
