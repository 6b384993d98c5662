// The shortest way from a root to an object.
#include "analyzer/chain.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/analyze.h"
#include "tests/random_store.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;

std::optional<Chain> chain_to(const Survey& survey, DigestId target) {
  return shortest_chain(survey, Backward(survey.graph).distances_to(target));
}

/// "a:1.0 > index > image > layer" in the builder's names.
std::string words(const Survey& survey, const std::optional<Chain>& chain,
                  const std::map<std::string, std::string>& names) {
  if (!chain) return "nothing";
  const Repository& repository = survey.repositories[chain->root.repository];
  std::string text = repository.name;
  if (chain->root.kind == RefKind::kTag) text += ':' + repository.tags[chain->root.tag].name;
  for (const ChainStep& step : chain->steps) {
    const auto name = names.find(survey.graph.digests[step.id].text());
    text += " > " + (name == names.end() ? "?" : name->second);
  }
  return text;
}

class ChainTest : public ::testing::Test {
 protected:
  std::string chain(const std::string& name) {
    const Survey survey = tests::survey_of(store_);
    std::map<std::string, std::string> names;
    for (const char* known : {"image", "other", "index", "outer", "layer", "wide", "signature"}) {
      if (store_.has(known)) names[store_.digest_of(known)] = known;
    }
    return words(survey, chain_to(survey, tests::id_of(survey, store_.digest_of(name))), names);
  }
  StoreBuilder store_;
};

TEST_F(ChainTest, GoesFromATagThroughIndexesToALayer) {
  store_.repo("team/app").untagged({layer("layer", 10)}, "image").index("1.0", {"image"}, "index");
  EXPECT_EQ(chain("layer"), "team/app:1.0 > index > image > layer");
  EXPECT_EQ(chain("index"), "team/app:1.0 > index");
}

TEST_F(ChainTest, TheShortestWinsThenTheFirstByName) {
  store_.repo("b").image("2", {layer("layer", 10)}, "image").tag("1", "image");
  store_.repo("a").untagged({layer("layer", 10), layer("x", 1)}, "other");
  store_.index("0", {"other"}, "index");
  EXPECT_EQ(chain("layer"), "b:1 > image > layer");
  store_.repo("a").image("9", {layer("layer", 10)}, "image");
  EXPECT_EQ(chain("layer"), "a:9 > image > layer");
}

TEST_F(ChainTest, ATagComesBeforeANearerRevision) {
  store_.repo("a").untagged({layer("layer", 10)}, "image");
  EXPECT_EQ(chain("layer"), "a > image > layer");
  store_.repo("z").index("1", {"image"}, "index").index("2", {"index"}, "outer");
  EXPECT_EQ(chain("layer"), "z:1 > index > image > layer");
}

TEST_F(ChainTest, NothingLeadsToGarbage) {
  store_.repo("a").image("1", {layer("layer", 10)}, "image").orphan(layer("wide", 5));
  EXPECT_EQ(chain("wide"), "nothing");
}

TEST_F(ChainTest, ASubjectKeepsItsReferrer) {
  store_.repo("a").image("1", {layer("layer", 10)}, "image");
  store_.referrer("image", {layer("wide", 5)}, "signature");
  EXPECT_EQ(chain("wide"), "a:1 > image > signature > wide");
}

/// Plain relaxation over every step until nothing changes, from every tag; then from revisions.
std::map<DigestId, std::size_t> naive_distances(const Survey& survey, bool from_tags) {
  std::map<DigestId, std::size_t> reached;
  for (const Repository& repository : survey.repositories) {
    std::vector<DigestId> roots;
    if (from_tags) {
      for (const Tag& tag : repository.tags) {
        if (tag.state == storage::LinkState::kRead) roots.push_back(tag.digest);
      }
    } else {
      add_roots(survey, repository, Roots::kTagsAndRevisions, roots);
    }
    for (const DigestId id : roots) reached[id] = 0;
  }
  for (std::size_t round = 0;; ++round) {
    std::vector<DigestId> next;
    for (const auto& [id, distance] : reached) {
      if (distance != round) continue;
      each_step(survey.graph, id, safe_policy(false), [&](DigestId to) { next.push_back(to); });
    }
    bool any = false;
    for (const DigestId id : next) any |= reached.emplace(id, round + 1).second;
    if (!any) return reached;
  }
}

TEST(ChainRandom, ChainsAreRealAndShortest) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    tests::RandomStore random(seed);
    const std::string odd = seed % 2 == 0 ? tests::add_odd_cases(random) : "";
    const Survey survey = tests::survey_of(random.builder);
    const Graph& graph = survey.graph;
    const Backward backward(graph);
    const auto from_tags = naive_distances(survey, true);
    const auto from_all = naive_distances(survey, false);
    for (std::size_t i = 0; i < graph.node_count(); ++i) {
      const DigestId target = digest_id(i);
      const auto chain = shortest_chain(survey, backward.distances_to(target));
      const bool by_tag = from_tags.count(target) != 0;
      ASSERT_EQ(chain.has_value(), from_all.count(target) != 0) << seed << odd;
      if (!chain) continue;
      ASSERT_EQ(chain->root.kind == RefKind::kTag, by_tag) << seed << odd;
      const std::size_t steps = by_tag ? from_tags.at(target) : from_all.at(target);
      ASSERT_EQ(chain->steps.size(), steps + 1) << seed << odd;
      ASSERT_EQ(chain->steps.back().id, target);
      ASSERT_EQ(chain->steps.front().id, chain->root.digest);
      std::vector<DigestId> roots;
      add_roots(survey, survey.repositories[chain->root.repository], Roots::kTagsAndRevisions,
                roots);
      ASSERT_NE(std::find(roots.begin(), roots.end(), chain->root.digest), roots.end());
      for (std::size_t k = 1; k < chain->steps.size(); ++k) {
        bool real = false;
        each_step(graph, chain->steps[k - 1].id, safe_policy(false),
                  [&](DigestId to) { real |= to == chain->steps[k].id; });
        ASSERT_TRUE(real) << seed << odd;
      }
    }
  }
}

}  // namespace
}  // namespace regsweep::analyzer
