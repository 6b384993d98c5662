// What can come back, and tags that are made to mean a digest again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/filesystem.hpp>
#include <sstream>

#include "analyzer/recoverable.h"
#include "analyzer/recovery.h"
#include "analyzer/recovery_target.h"
#include "analyzer/tag_list.h"
#include "reports/recover_report.h"
#include "tests/analyze.h"
#include "tests/repairs.h"
#include "tests/store_builder.h"

namespace regsweep::tests {
namespace {

namespace fs = boost::filesystem;

using analyzer::Candidate;
using analyzer::Recoverable;
using analyzer::Recovery;
using analyzer::RepositoryPast;
using analyzer::TagNow;
using analyzer::TargetOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::string directory(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::vector<std::string> digests_of(const std::vector<Candidate>& candidates) {
  std::vector<std::string> digests;
  for (const Candidate& candidate : candidates) digests.push_back(candidate.digest.text());
  return digests;
}

std::string lacks_of(const std::vector<analyzer::Lack>& lacks) {
  std::string text;
  for (const auto& lack : lacks)
    text += lack.what + ' ' + lack.digest.text() + ' ' + lack.why + ';';
  return text;
}

/// team/app:1.0 meant "old" and means "new"; "lost" has no tag.
class RecoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    b_.repo("team/app").image("1.0", {layer("base", 100), layer("first", 40)}, "old");
    b_.image("1.0", {layer("base", 100), layer("second", 50)}, "new");
    b_.untagged({layer("base", 100), layer("third", 60)}, "lost");
  }

  analyzer::Survey survey() const {
    analyzer::Survey survey;
    const auto store = open_store(b_);
    with_threads(2, [&] { survey = analyzer::survey(*store, analyzer::survey_options_for({})); });
    return survey;
  }

  Recoverable past(const std::vector<analyzer::PastFilter>& filters = {}) const {
    const auto store = open_store(b_);
    const auto read = survey();
    Recoverable found;
    with_threads(2, [&] { found = analyzer::find_recoverable(*store, read, filters); });
    return found;
  }

  RepositoryPast only() const {
    auto found = past();
    EXPECT_THAT(found.problems, IsEmpty());
    if (found.repositories.size() != 1) throw std::logic_error("not one repository");
    return std::move(found.repositories.front());
  }

  analyzer::PastFilter filter(const std::string& repository, const std::string& tag = "") const {
    std::string why;
    analyzer::PastFilter made{*analyzer::NamePattern::parse(repository, why), std::nullopt};
    if (!tag.empty()) made.tag = analyzer::NamePattern::parse(tag, why);
    return made;
  }

  analyzer::ResolvedTarget resolve(const std::string& text) const {
    const auto store = open_store(b_);
    return analyzer::resolve_target(*store, survey(), text);
  }

  /// `name` is a digest or a name of the builder.
  Recovery recovery(const std::vector<std::pair<std::string, std::string>>& tags,
                    bool database = false) const {
    const auto store = open_store(b_);
    const auto read = survey();
    std::vector<analyzer::RecoveryTarget> targets;
    for (const auto& [tag, name] : tags) {
      const auto resolved =
          analyzer::resolve_target(*store, read, tag + '@' + (b_.has(name) ? d(name) : name));
      EXPECT_EQ(resolved.outcome, TargetOutcome::kFound) << tag << ' ' << name;
      targets.push_back(resolved.target);
    }
    analyzer::PlanContext context;
    context.root = b_.root();
    context.v2 = b_.v2();
    context.now_seconds = kNow;
    context.database_lock = database;
    Recovery made;
    with_threads(2, [&] { made = analyzer::make_recovery(*store, read, context, targets); });
    return made;
  }

  /// Carries one out, sees that the tags mean what they should and can be pulled, and that undo
  /// restores the very same store.
  void carry_out(const std::vector<std::pair<std::string, std::string>>& tags) {
    const auto before = snapshot_of(b_);
    const Recovery planned = recovery(tags);
    ASSERT_TRUE(planned.is_possible())
        << lacks_of(planned.tags.front().lacks) << planned.tags.front().obstacle;
    EXPECT_EQ(snapshot_of(b_), before);
    {
      auto sweeper = storage::open_sweeper(b_.root(), b_.v2());
      ASSERT_TRUE(sweeper);
      analyzer::ApplyProgress progress;
      const auto result =
          analyzer::carry_out_repair(planned.plan, **sweeper, progress, [] { return false; });
      EXPECT_EQ(result.end, analyzer::ApplyEnd::kDone) << result.reason;
      EXPECT_EQ(result.added_total, planned.plan.additions.size());
    }
    const Recovery again = recovery(tags);
    EXPECT_TRUE(again.is_possible());
    EXPECT_THAT(steps_of(again.plan), IsEmpty());
    for (const auto& [tag, name] : tags) {
      const auto read = survey();
      const auto& repository = repository_of(read, tag.substr(0, tag.find(':')));
      const auto row = analyzer::find_tag(repository, tag.substr(tag.find(':') + 1));
      ASSERT_TRUE(row) << tag;
      const analyzer::Tag& is = repository.tags[*row];
      EXPECT_EQ(analyzer::tag_state(read, analyzer::find_damage(read), repository, is),
                analyzer::TagState::kOk)
          << tag;
      EXPECT_EQ(read.graph.digests[is.digest].text(), d(name));
    }
    // Nothing is left for a repair to mend: no link is missing.
    EXPECT_THAT(steps_of(repair_of(b_).plan), IsEmpty());
    after_ = past();
    undo_last(b_);
    EXPECT_EQ(snapshot_of(b_), before);
  }

  std::string d(const std::string& name) const { return b_.digest_of(name); }
  std::string entry(const std::string& tag, const std::string& name) const {
    return directory(directory(b_.tag_path(tag))) + "/index/sha256/" + d(name).substr(7);
  }
  void set_time(const std::string& path, std::time_t seconds) {
    fs::last_write_time(b_.v2() + '/' + path, seconds);
  }

  StoreBuilder b_;
  Recoverable after_;  ///< what could come back after carry_out(), before its undo
};

// ---- what can come back -------------------------------------------------------------------------

TEST_F(RecoverTest, ATagsPastAndImagesWithoutATag) {
  set_time(entry("1.0", "old") + "/link", 1700000000);
  set_time(b_.revision_path("lost"), 1700000100);
  const RepositoryPast found = only();
  EXPECT_EQ(found.name, "team/app");
  ASSERT_EQ(found.tags.size(), 1u);
  EXPECT_EQ(found.tags[0].tag, "1.0");
  EXPECT_EQ(found.tags[0].now, TagNow::kMeans);
  EXPECT_EQ(found.tags[0].means->text(), d("new"));
  ASSERT_THAT(digests_of(found.tags[0].before), ElementsAre(d("old")));
  const Candidate& old = found.tags[0].before[0];
  EXPECT_EQ(old.seconds, 1700000000);
  EXPECT_TRUE(old.has_revision);
  EXPECT_EQ(old.type, analyzer::ManifestType::kOciImage);
  EXPECT_EQ(old.size.apparent, 100 + 40 + kConfigBytes + b_.size_of("old"));
  EXPECT_EQ(lacks_of(old.lacks), "");
  ASSERT_THAT(digests_of(found.untagged), ElementsAre(d("lost")));
  EXPECT_EQ(found.untagged[0].seconds, 1700000100);
}

TEST_F(RecoverTest, SaysWhatLacks) {
  b_.missing("first").zero_length("third");
  const RepositoryPast found = only();
  EXPECT_EQ(lacks_of(found.tags.at(0).before.at(0).lacks),
            "layer " + d("first") + " is not there;");
  EXPECT_EQ(lacks_of(found.untagged.at(0).lacks), "layer " + d("third") + " is empty;");
}

TEST_F(RecoverTest, WithoutRevisionAndBlobNothingIsLeft) {
  b_.remove(directory(b_.revision_path("old")));
  RepositoryPast found = only();
  ASSERT_THAT(digests_of(found.tags.at(0).before), ElementsAre(d("old")));
  EXPECT_FALSE(found.tags[0].before[0].has_revision);
  EXPECT_TRUE(found.tags[0].before[0].lacks.empty());  // it is read although nothing links it
  EXPECT_EQ(found.tags[0].before[0].size.apparent, 100 + 40 + kConfigBytes + b_.size_of("old"));
  b_.missing("old");
  EXPECT_THAT(only().tags, IsEmpty());
}

TEST_F(RecoverTest, WhatADeleteLeft) {
  // The API's DELETE of an image with its only tag: the tag's directory and the revision's link go.
  b_.image("2.0", {layer("fourth", 70)}, "deleted");
  b_.remove("repositories/team/app/_manifests/tags/2.0").remove(b_.revision_path("deleted"));
  set_time(directory(b_.revision_path("deleted")), 1700000200);
  set_time(b_.revision_path("lost"), 1700000100);
  const RepositoryPast found = only();
  ASSERT_THAT(digests_of(found.untagged), ElementsAre(d("deleted"), d("lost")));
  EXPECT_FALSE(found.untagged[0].has_revision);
  EXPECT_EQ(found.untagged[0].seconds, 1700000200);
  EXPECT_EQ(found.untagged[0].type, analyzer::ManifestType::kOciImage);
  EXPECT_TRUE(found.untagged[0].lacks.empty());
}

TEST_F(RecoverTest, AHalfDeletedTag) {
  b_.remove(b_.tag_path("1.0"));
  const RepositoryPast found = only();
  ASSERT_EQ(found.tags.size(), 1u);
  EXPECT_EQ(found.tags[0].now, TagNow::kNothing);
  EXPECT_THAT(digests_of(found.tags[0].before), UnorderedElementsAre(d("old"), d("new")));
  EXPECT_THAT(digests_of(found.untagged), ElementsAre(d("lost")));
}

TEST_F(RecoverTest, MembersOfIndexesAndReferrersLostNoTag) {
  b_.repo("other").untagged({layer("a", 10)}, "child").index("x", {"child"}, "index");
  b_.untagged({layer("b", 11)}, "orphan child");
  b_.index("y", {"orphan child"}, "lost index").remove("repositories/other/_manifests/tags/y");
  b_.referrer("index", {layer("c", 12)}, "attached");
  const auto found = past({filter("other")});
  ASSERT_EQ(found.repositories.size(), 1u);
  EXPECT_THAT(found.repositories[0].tags, IsEmpty());
  EXPECT_THAT(digests_of(found.repositories[0].untagged), ElementsAre(d("lost index")));
}

TEST_F(RecoverTest, FiltersByRepositoryAndTag) {
  b_.repo("team/web").untagged({layer("w", 10)}, "web").repo("zoo").untagged({layer("z", 9)}, "z");
  b_.repo("team/app").image("2.0", {layer("v", 8)}).image("2.0", {layer("u", 8)});
  EXPECT_EQ(past().repositories.size(), 3u);
  EXPECT_EQ(past({filter("team/*")}).repositories.size(), 2u);
  EXPECT_EQ(past({filter("team/web"), filter("z*")}).repositories.size(), 2u);
  EXPECT_EQ(past({filter("none")}).repositories.size(), 0u);
  const auto one = past({filter("team/app", "1.*")});
  ASSERT_EQ(one.repositories.size(), 1u);
  EXPECT_EQ(one.repositories[0].tags.size(), 1u);
  EXPECT_THAT(one.repositories[0].untagged, IsEmpty());
}

TEST_F(RecoverTest, TheListNamesTheNextCommandAndTheQuarantine) {
  storage::QuarantineRun run;
  run.id = "20261124T203310.123456Z-0a1b";
  run.started_seconds = 1700000000;
  run.objects = 7;
  run.finished = true;
  const Recoverable found = past();
  std::ostringstream out;
  reports::write_past_text({found, {run}, "/srv", "/var/lib/registry", true}, {}, out);
  EXPECT_THAT(out.str(), HasSubstr("regsweep recover /var/lib/registry team/app:1.0@" + d("old")));
  EXPECT_THAT(out.str(), HasSubstr("regsweep undo /var/lib/registry " + run.id));
  EXPECT_THAT(out.str(), HasSubstr("(no tag)"));
  EXPECT_THAT(out.str(), Not(HasSubstr(" more")));
}

TEST_F(RecoverTest, ALongListIsCut) {
  for (std::size_t i = 0; i < 25; ++i) b_.untagged({layer("many" + std::to_string(i), 1000 + i)});
  const Recoverable found = past();
  const auto text = [&](bool verbose) {
    reports::TextOptions options;
    options.verbose = verbose;
    std::ostringstream out;
    reports::write_past_text({found, {}, "/r", "/r", true}, options, out);
    return out.str();
  };
  EXPECT_THAT(text(false), HasSubstr("… and 7 more: -v"));  // of 27
  EXPECT_THAT(text(true), Not(HasSubstr("more: -v")));
}

// ---- what a text names --------------------------------------------------------------------------

TEST_F(RecoverTest, Targets) {
  const std::string old = d("old");
  for (const std::string& text :
       {"team/app:1.0@" + old, "team/app:1.0@" + old.substr(0, 15),
        "team/app:1.0@" + old.substr(7, 8), "registry.example:5000/team/app:1.0@" + old}) {
    const auto resolved = resolve(text);
    EXPECT_EQ(resolved.outcome, TargetOutcome::kFound) << text;
    EXPECT_EQ(resolved.target.tag, "1.0") << text;
    EXPECT_EQ(resolved.target.digest.text(), old) << text;
  }
  const auto outcome = [&](const std::string& text) { return resolve(text).outcome; };
  EXPECT_EQ(outcome("team/app:1.0"), TargetOutcome::kNotATarget);
  EXPECT_EQ(outcome("team/app@" + old), TargetOutcome::kNotATarget);
  EXPECT_EQ(outcome("team/app:1.0@"), TargetOutcome::kNotATarget);
  EXPECT_EQ(outcome("team/app:1.0@sha256:ab"), TargetOutcome::kNotATarget);
  EXPECT_EQ(outcome("team/app:1.0@md5:abcdef"), TargetOutcome::kNotATarget);
  EXPECT_EQ(outcome("team/app:@" + old), TargetOutcome::kBadTag);
  EXPECT_EQ(outcome("team/app:.a@" + old), TargetOutcome::kBadTag);
  EXPECT_EQ(outcome("team/app:" + std::string(129, 'a') + '@' + old), TargetOutcome::kBadTag);
  EXPECT_EQ(outcome("team/app:1.0@sha256:" + std::string(64, '0')), TargetOutcome::kUnknownDigest);
  const auto near = resolve("team/ap:1.0@" + old);
  EXPECT_EQ(near.outcome, TargetOutcome::kUnknownRepository);
  EXPECT_THAT(near.suggestions, ElementsAre("team/app"));
}

TEST_F(RecoverTest, AShortDigestThatFitsSeveral) {
  for (std::size_t i = 0; i < 300; ++i) {
    b_.link("repositories/team/app/_manifests/tags/1.0/index/sha256/abcdef" + std::string(55, '0') +
                std::to_string(100 + i) + "/link",
            "sha256:abcdef" + std::string(55, '0') + std::to_string(100 + i));
  }
  const auto resolved = resolve("team/app:1.0@abcdef");
  EXPECT_EQ(resolved.outcome, TargetOutcome::kAmbiguous);
  EXPECT_EQ(resolved.candidate_count, 300u);
  EXPECT_EQ(resolved.candidates.size(), 10u);
}

// ---- bringing it back ---------------------------------------------------------------------------

TEST_F(RecoverTest, ATagMeansWhatItMeantBefore) {
  const Recovery planned = recovery({{"team/app:1.0", "old"}});
  const std::string tag = "repositories/team/app/_manifests/tags/1.0";
  EXPECT_THAT(
      steps_of(planned.plan),
      UnorderedElementsAre("-tag " + tag, "+tag-index-link " + entry("1.0", "new") + "/link",
                           "+tag-index-link " + entry("1.0", "old") + "/link",
                           "+tag-current-link " + tag + "/current/link"));
  EXPECT_EQ(planned.plan.additions.back().path, tag + "/current/link");
  carry_out({{"team/app:1.0", "old"}});
  ASSERT_EQ(after_.repositories.size(), 1u);
  EXPECT_THAT(digests_of(after_.repositories[0].tags.at(0).before), ElementsAre(d("new")));
}

TEST_F(RecoverTest, ANewTagForAnImageThatLostIts) {
  EXPECT_TRUE(recovery({{"team/app:3.0", "lost"}}).tags.at(0).is_new);
  carry_out({{"team/app:3.0", "lost"}});
}

TEST_F(RecoverTest, SeveralAtOnce) {
  carry_out({{"team/app:1.0", "old"}, {"team/app:3.0", "lost"}, {"team/app:4.0", "lost"}});
}

TEST_F(RecoverTest, MissingLinksComeToo) {
  b_.remove(directory(b_.revision_path("old"))).remove(directory(b_.layer_path("first")));
  const auto steps = steps_of(recovery({{"team/app:1.0", "old"}}).plan);
  EXPECT_THAT(steps, ::testing::Contains("+revision-link " + b_.revision_path("old")));
  EXPECT_THAT(steps, ::testing::Contains("+layer-link " + b_.layer_path("first")));
  carry_out({{"team/app:1.0", "old"}});
}

TEST_F(RecoverTest, WhatADeleteLeftComesBack) {
  b_.remove("repositories/team/app/_manifests/tags/1.0").remove(b_.revision_path("new"));
  carry_out({{"team/app:1.0", "new"}});
}

TEST_F(RecoverTest, AHalfDeletedTagGetsItsLink) {
  b_.remove(b_.tag_path("1.0"));
  const Recovery planned = recovery({{"team/app:1.0", "old"}});
  EXPECT_THAT(steps_of(planned.plan), ElementsAre("+tag-current-link " + b_.tag_path("1.0")));
  carry_out({{"team/app:1.0", "old"}});
}

TEST_F(RecoverTest, ADamagedTag) {
  b_.empty_link(b_.tag_path("1.0"));
  EXPECT_EQ(only().tags.at(0).now, TagNow::kDamaged);
  carry_out({{"team/app:1.0", "new"}});
}

TEST_F(RecoverTest, AnIndexWithAllItsImages) {
  b_.untagged({layer("a", 10)}, "amd").untagged({layer("b", 11)}, "arm");
  b_.index("multi", {"amd", "arm"}, "index");
  b_.remove("repositories/team/app/_manifests/tags/multi");
  for (const char* name : {"amd", "arm", "index"}) b_.remove(directory(b_.revision_path(name)));
  b_.remove(directory(b_.layer_path("b")));
  carry_out({{"team/app:multi", "index"}});
  b_.missing("arm");
  const Recovery planned = recovery({{"team/app:multi", "index"}});
  EXPECT_FALSE(planned.is_possible());
  EXPECT_EQ(lacks_of(planned.tags.at(0).lacks), "manifest " + d("arm") + " is not there;");
}

TEST_F(RecoverTest, FromAnotherRepository) {
  b_.repo("team/web").image("1", {layer("w", 10)}, "web");
  carry_out({{"team/app:web", "web"}});
}

TEST_F(RecoverTest, WhatItMeansAlreadyNeedsNothing) {
  const Recovery planned = recovery({{"team/app:1.0", "new"}});
  EXPECT_TRUE(planned.is_possible());
  EXPECT_THAT(steps_of(planned.plan), IsEmpty());
  std::ostringstream out;
  reports::write_recovery_text({planned, std::nullopt, "/r", "/r"}, {}, out);
  EXPECT_THAT(out.str(), HasSubstr("team/app:1.0  means already " + d("new")));
}

// ---- what forbids it ----------------------------------------------------------------------------

TEST_F(RecoverTest, WhatIsNotWholeStaysAndSoDoAllOthers) {
  b_.missing("first");
  const Recovery planned = recovery({{"team/app:3.0", "lost"}, {"team/app:1.0", "old"}});
  EXPECT_FALSE(planned.is_possible());
  EXPECT_FALSE(planned.is_incomplete);
  EXPECT_EQ(lacks_of(planned.tags.at(1).lacks), "layer " + d("first") + " is not there;");
  EXPECT_THAT(steps_of(planned.plan), IsEmpty());
}

TEST_F(RecoverTest, DamageThatOnlyReadingShows) {
  std::string bytes = content_of(b_, b_.blob_path("first"));
  bytes.back() = bytes.back() == 'x' ? 'y' : 'x';
  b_.link(b_.blob_path("first"), bytes);
  const Recovery planned = recovery({{"team/app:1.0", "old"}});
  EXPECT_FALSE(planned.is_possible());
  EXPECT_THAT(lacks_of(planned.tags.at(0).lacks), HasSubstr("blob " + d("first")));
}

TEST_F(RecoverTest, ALayerIsNoManifest) {
  const Recovery planned = recovery({{"team/app:1.0", "first"}});
  EXPECT_THAT(lacks_of(planned.tags.at(0).lacks), HasSubstr("is no manifest"));
  EXPECT_FALSE(planned.is_possible());
}

TEST_F(RecoverTest, AManifestThatIsGone) {
  b_.missing("old");
  const Recovery planned = recovery({{"team/app:1.0", "old"}});
  EXPECT_EQ(lacks_of(planned.tags.at(0).lacks), "manifest " + d("old") + " is not there;");
}

TEST_F(RecoverTest, DamagedLinksAreForRepair) {
  b_.empty_link(b_.layer_path("first")).link(b_.revision_path("old"), d("new"));
  const std::string lacks = lacks_of(recovery({{"team/app:1.0", "old"}}).tags.at(0).lacks);
  EXPECT_THAT(lacks, HasSubstr("layer " + d("first") + " has a link that holds no digest"));
  EXPECT_THAT(lacks, HasSubstr("manifest " + d("old") + " has a link that names another digest"));
}

TEST_F(RecoverTest, AStrayFileWhereTheTagShouldBe) {
  b_.stray_file("repositories/team/app/_manifests/tags/3.0");
  const Recovery planned = recovery({{"team/app:3.0", "lost"}});
  EXPECT_FALSE(planned.is_possible());
  EXPECT_THAT(planned.tags.at(0).obstacle, HasSubstr("a file stands where"));
}

TEST_F(RecoverTest, WhatCannotBeReadForbidsIt) {
  b_.remove("repositories/team/app/_layers").symlink("repositories/team/app/_layers", "/tmp");
  const Recovery planned = recovery({{"team/app:1.0", "old"}});
  EXPECT_FALSE(planned.is_possible());
  EXPECT_TRUE(planned.is_incomplete);
}

TEST_F(RecoverTest, ADatabaseOwnsTheStore) {
  const Recovery refused = recovery({{"team/app:1.0", "old"}}, true);
  EXPECT_FALSE(refused.is_possible());
  EXPECT_EQ(refused.hashed_blobs, 0U) << "nothing is done with what was read";
}

// ---- what only some registries write
// --------------------------------------------------------------

TEST_F(RecoverTest, ForeignLayersAndAliases) {
  b_.image("5", {foreign_layer("far", 10), sha512_layer("alias", 20)}, "odd");
  b_.remove("repositories/team/app/_manifests/tags/5");
  carry_out({{"team/app:5", "odd"}});
  b_.remove(directory(b_.revision_path("odd")));
  carry_out({{"team/app:5", "odd"}});
}

TEST_F(RecoverTest, AnImageOfAnIndexIsNotKeptElsewhere) {
  const std::string gone = "sha256:" + std::string(64, '7');
  const std::string type = "application/vnd.oci.image.";
  b_.manifest(R"({"schemaVersion":2,"mediaType":")" + type +
                  R"(index.v1+json","manifests":[{"mediaType":")" + type +
                  R"(manifest.v1+json","size":9,"digest":")" + gone +
                  R"(","urls":["https://example.com/x"]}]})",
              "1.0", "index");
  b_.image("1.0", {layer("base", 100)}, "newest");
  std::string lacks;
  const RepositoryPast found = only();
  for (const Candidate& candidate : found.tags.at(0).before) lacks += lacks_of(candidate.lacks);
  EXPECT_THAT(lacks, HasSubstr(gone + " is not there"));
}

TEST_F(RecoverTest, ADeepNestOfIndexes) {
  b_.untagged({layer("base", 100), layer("inner", 3)}, "nest0");
  constexpr int kDepth = 30'000;
  std::string below = "nest0";
  for (int i = 1; i < kDepth; ++i) {
    const std::string name = "nest" + std::to_string(i);
    b_.manifest(
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
        R"({"mediaType":"application/vnd.oci.image.index.v1+json","size":9,"digest":")" +
            d(below) + R"("}]})",
        i + 1 == kDepth ? "deep" : "", name);
    below = name;
  }
  EXPECT_THAT(digests_of(only().untagged), ElementsAre(d("lost")));
}

}  // namespace
}  // namespace regsweep::tests
