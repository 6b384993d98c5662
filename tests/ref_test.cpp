// What a user's text for an object means.
#include "analyzer/ref.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::layer;
using tests::StoreBuilder;

/// "sha256:" and so many digits of a digest.
std::string cut(const std::string& digest, std::size_t digits) {
  return digest.substr(0, 7 + digits);
}
std::string bare(const std::string& digest, std::size_t digits) { return digest.substr(7, digits); }
std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

class RefTest : public ::testing::Test {
 protected:
  RefTest() {
    store_.repo("team/app").image("1.0", {layer("base", 100), layer("app", 200)});
    store_.image("1.1", {layer("base", 100)}).image("latest", {layer("base", 100)});
    store_.repo("team/web")
        .image("2.0", {layer("web", 50)})
        .untagged({layer("old", 7)}, "old image");
    store_.repo("library/debian").image("12", {layer("debian", 70)});
  }

  const Survey& survey() {
    if (!read_) survey_ = tests::survey_of(store_);
    read_ = true;
    return survey_;
  }
  ResolvedRef resolve(const std::string& text) { return resolve_ref(survey(), text); }
  DigestId id(const std::string& name) { return tests::id_of(survey(), store_.digest_of(name)); }

  void expect_digest(const std::string& text, const std::string& name) {
    const ResolvedRef found = resolve(text);
    EXPECT_EQ(found.outcome, RefOutcome::kResolved) << text;
    EXPECT_EQ(found.ref, (Ref{RefKind::kDigest, kNoRow, kNoRow, id(name)})) << text;
  }
  void expect_tag(const std::string& text, const std::string& repository, const std::string& tag) {
    const ResolvedRef found = resolve(text);
    ASSERT_EQ(found.outcome, RefOutcome::kResolved) << text;
    ASSERT_EQ(found.ref.kind, RefKind::kTag) << text;
    const Repository& at = survey().repositories[found.ref.repository];
    EXPECT_EQ(at.name, repository) << text;
    EXPECT_EQ(at.tags[found.ref.tag].name, tag) << text;
    EXPECT_EQ(found.ref.digest, id(repository + ':' + tag)) << text;
  }
  void expect_member(const std::string& text, const std::string& repository,
                     const std::string& name) {
    const ResolvedRef found = resolve(text);
    ASSERT_EQ(found.outcome, RefOutcome::kResolved) << text;
    EXPECT_EQ(found.ref.kind, RefKind::kRevision) << text;
    EXPECT_EQ(survey().repositories[found.ref.repository].name, repository) << text;
    EXPECT_EQ(found.ref.digest, id(name)) << text;
  }

  StoreBuilder store_;
  Survey survey_;
  bool read_ = false;
};

TEST_F(RefTest, DigestsInFullOrShort) {
  const std::string digest = store_.digest_of("web");
  for (const std::string& text : {digest, bare(digest, 64), cut(digest, 20), bare(digest, 20),
                                  upper(bare(digest, 30)), "sha256:" + upper(bare(digest, 64))}) {
    expect_digest(text, "web");
  }
}

TEST_F(RefTest, TagsAndRepositories) {
  expect_tag("team/app:1.0", "team/app", "1.0");
  expect_tag("library/debian:12", "library/debian", "12");
  const ResolvedRef found = resolve("team/web");
  EXPECT_EQ(found.outcome, RefOutcome::kResolved);
  EXPECT_EQ(found.ref.kind, RefKind::kRepository);
  EXPECT_EQ(survey().repositories[found.ref.repository].name, "team/web");
  EXPECT_EQ(found.ref.digest, kNoDigest);
}

TEST_F(RefTest, MembersOfARepository) {
  const std::string image = store_.digest_of("old image");
  expect_member("team/web@" + image, "team/web", "old image");
  expect_member("team/web@" + cut(image, 12), "team/web", "old image");
  expect_member("team/web@" + bare(image, 12), "team/web", "old image");
  expect_member("team/web:2.0@" + image, "team/web", "old image");  // as docker prints it
  expect_member("team/web@" + store_.digest_of("web"), "team/web", "web");
}

TEST_F(RefTest, AHostInFrontIsLeftOut) {
  expect_tag("registry.example:5000/team/app:1.0", "team/app", "1.0");
  expect_tag("registry.example/team/app:1.0", "team/app", "1.0");
  expect_tag("localhost/team/app:1.0", "team/app", "1.0");
  expect_member("localhost:5000/team/web@" + store_.digest_of("old image"), "team/web",
                "old image");
  EXPECT_EQ(resolve("registry.example:5000/team/app").ref.kind, RefKind::kRepository);
}

TEST_F(RefTest, ANamespaceIsNoHost) {
  store_.repo("app").image("1.0", {layer("base", 100)});
  const ResolvedRef found = resolve("tema/app:1.0");  // must not become app:1.0
  EXPECT_EQ(found.outcome, RefOutcome::kUnknownRepository);
  EXPECT_THAT(found.suggestions, ElementsAre("team/app"));
}

TEST_F(RefTest, TheWholeNameComesBeforeTheOneWithoutHost) {
  store_.repo("mirror.example/team/app").image("1.0", {layer("mirrored", 3)});
  expect_tag("mirror.example/team/app:1.0", "mirror.example/team/app", "1.0");
}

TEST_F(RefTest, NamesComeBeforeShortDigests) {
  const std::string name = bare(store_.digest_of("web"), 8);
  store_.repo(name).image("1", {layer("base", 100)});
  EXPECT_EQ(resolve(name).ref.kind, RefKind::kRepository);
  expect_digest("sha256:" + name, "web");
}

TEST_F(RefTest, UnknownOnesSuggestWhatIsNear) {
  ResolvedRef found = resolve("team/app:1.9");
  EXPECT_EQ(found.outcome, RefOutcome::kUnknownTag);
  EXPECT_EQ(survey().repositories[found.ref.repository].name, "team/app");
  EXPECT_THAT(found.suggestions, ElementsAre("team/app:1.0", "team/app:1.1"));
  found = resolve("team/app:lastest");
  EXPECT_THAT(found.suggestions, ElementsAre("team/app:latest"));
  found = resolve("registry.example:5000/team/app:lastest");
  EXPECT_EQ(found.outcome, RefOutcome::kUnknownTag);
  EXPECT_THAT(found.suggestions, ElementsAre("team/app:latest"));
  found = resolve("debian:12");
  EXPECT_EQ(found.outcome, RefOutcome::kUnknownRepository);
  EXPECT_THAT(found.suggestions, ElementsAre("library/debian"));
  found = resolve("something-else-altogether:1");
  EXPECT_EQ(found.outcome, RefOutcome::kUnknownRepository);
  EXPECT_THAT(found.suggestions, IsEmpty());
  EXPECT_EQ(resolve(tests::sha256_of("nowhere")).outcome, RefOutcome::kUnknownDigest);
  EXPECT_EQ(resolve("team/app@" + tests::sha256_of("nowhere")).outcome, RefOutcome::kUnknownDigest);
}

TEST_F(RefTest, TextsForNothing) {
  for (const char* text : {"", "sha256:", "sha256:ab", "team/app@", "team/app@zz", "team/app@ab"}) {
    EXPECT_EQ(resolve(text).outcome, RefOutcome::kNotARef) << text;
  }
  for (const char* text :
       {"team/app:", ":", "@", "/", "nobody@sha256:abcdef", "localhost/", "::"}) {
    EXPECT_EQ(resolve(text).outcome, RefOutcome::kUnknownRepository) << text;
  }
}

TEST_F(RefTest, ADigestThatIsElsewhere) {
  const ResolvedRef found = resolve("team/web@" + store_.digest_of("app"));
  EXPECT_EQ(found.outcome, RefOutcome::kNotInRepository);
  EXPECT_EQ(survey().repositories[found.ref.repository].name, "team/web");
  EXPECT_EQ(found.ref.digest, id("app"));
}

/// Blobs until two of them begin with the same so many digits; then one more in another repository.
TEST_F(RefTest, AmbiguousOnesAreToldApart) {
  std::map<std::string, std::string> first;
  std::string prefix;
  std::vector<std::string> names;
  for (int i = 0; names.empty(); ++i) {
    const std::string name = "layer " + std::to_string(i);
    const std::string digest = tests::sha256_of(name);
    const auto [at, is_new] = first.emplace(digest.substr(7, 4), name);
    if (!is_new) {
      names = {at->second, name};
      prefix = at->first;
    }
  }
  store_.repo("z");
  for (const std::string& name : names) store_.blob(name, name).layer_link(name);
  const ResolvedRef found = resolve("sha256:" + prefix);
  ASSERT_EQ(found.outcome, RefOutcome::kAmbiguous);
  EXPECT_EQ(found.candidate_count, 2u);
  ASSERT_EQ(found.candidates.size(), 2u);
  EXPECT_LT(found.candidates[0].digest, found.candidates[1].digest);
  for (const RefCandidate& candidate : found.candidates) {
    EXPECT_EQ(candidate.owner, "z");
    EXPECT_TRUE(candidate.present);
    EXPECT_FALSE(candidate.is_manifest);
    const ResolvedRef exact = resolve(candidate.digest);
    EXPECT_EQ(exact.ref, candidate.ref);
  }
  EXPECT_EQ(resolve("z@sha256:" + prefix).outcome, RefOutcome::kAmbiguous);
  EXPECT_EQ(resolve("team/app@sha256:" + prefix).outcome, RefOutcome::kUnknownDigest);
}

TEST_F(RefTest, MissingBlobsAndOtherAlgorithmsAreFound) {
  store_.repo("team/app").image("512", {tests::sha512_layer("wide", 40)});
  store_.alias_sha512(tests::sha512_layer("wide", 40));
  store_.missing("web");
  expect_digest(store_.digest_of("web"), "web");
  expect_digest(cut(store_.digest_of("web"), 12), "web");
  std::string wide;
  for (std::size_t i = 0; i < survey().graph.node_count(); ++i) {
    const std::string text = survey().graph.digests[digest_id(i)].text();
    if (text.starts_with("sha512:")) wide = text;
  }
  ASSERT_FALSE(wide.empty());
  EXPECT_EQ(resolve(wide).outcome, RefOutcome::kResolved);
  EXPECT_EQ(resolve(wide.substr(0, 20)).ref, resolve(wide).ref);
  EXPECT_EQ(resolve(wide.substr(7, 12)).ref, resolve(wide).ref);
}

TEST_F(RefTest, ATagWithoutADigestIsStillThatTag) {
  store_.repo("team/app").garbled_link(store_.tag_path("1.1"));
  const ResolvedRef found = resolve("team/app:1.1");
  EXPECT_EQ(found.outcome, RefOutcome::kResolved);
  EXPECT_EQ(found.ref.kind, RefKind::kTag);
  EXPECT_EQ(found.ref.digest, kNoDigest);
}

TEST(EditDistance, CountsEditsUpToTheLimit) {
  EXPECT_EQ(edit_distance("", "", 2), 0u);
  EXPECT_EQ(edit_distance("latest", "lastest", 2), 1u);
  EXPECT_EQ(edit_distance("tema", "team", 2), 1u);
  EXPECT_EQ(edit_distance("abc", "xbz", 2), 2u);
  EXPECT_EQ(edit_distance("abc", "xyz", 2), 3u);
  EXPECT_EQ(edit_distance("a", "abcdef", 2), 3u);
}

}  // namespace
}  // namespace regsweep::analyzer
