// Votes and their stopping rules, against closed forms.
#include "reason/vote.h"

#include <gtest/gtest.h>

namespace pith {
namespace {

Vote vote_of(std::initializer_list<const char*> answers) {
  Vote vote;
  for (const char* a : answers) vote.add(a);
  return vote;
}

TEST(Vote, TheFirstOfEqualOnesLeads) {
  EXPECT_EQ(vote_of({"b", "a", "a", "b"}).leader()->answer, "b");
  EXPECT_EQ(vote_of({"b", "a", "a"}).leader()->answer, "a");
  EXPECT_EQ(Vote().leader(), nullptr);
}

TEST(Vote, ChainsWithoutAnAnswerCountAgainstAgreement) {
  Vote vote = vote_of({"a"});
  vote.add_none();
  vote.add("a");
  vote.add("b");
  EXPECT_DOUBLE_EQ(vote.agreement(), 0.5);
  EXPECT_EQ(vote.options()[1].first, 3u);
}

TEST(Vote, IsDecidedWhereNoneCanTurnIt) {
  const Vote vote = vote_of({"a", "a", "b"});
  EXPECT_TRUE(vote.is_decided(0));
  EXPECT_FALSE(vote.is_decided(1)) << "b could draw level, and came later, but weights may be unequal";
  EXPECT_TRUE(vote_of({"a", "a", "a", "b"}).is_decided(1));
  Vote weighted;
  weighted.add("a", 0.4);
  weighted.add("a", 0.4);
  EXPECT_FALSE(weighted.is_decided(1));
}

TEST(Vote, BetaConfidence) {
  EXPECT_DOUBLE_EQ(Vote().beta_confidence(), 0);
  // P(X > 1/2) for Beta(n + 1, 1) is 1 - 2^-(n+1).
  EXPECT_NEAR(vote_of({"a", "a", "a"}).beta_confidence(), 1 - 1.0 / 16, 1e-12);
  EXPECT_NEAR(vote_of({"a", "b"}).beta_confidence(), 0.5, 1e-12);
  // Beta(3, 2): 1 - (heads > 2 of 4 tosses) = 11 / 16; a third answer does not count.
  EXPECT_NEAR(vote_of({"a", "b", "a", "c"}).beta_confidence(), 11.0 / 16, 1e-12);
}

TEST(Vote, DirichletConfidence) {
  EXPECT_NEAR(vote_of({"a", "b", "c"}).dirichlet_confidence(), 1.0 / 3, 1e-8);
  EXPECT_NEAR(vote_of({"a"}).dirichlet_confidence(), 1, 1e-8);
  // With two answers it is the Beta rule.
  const Vote two = vote_of({"a", "b", "a", "a", "b", "a", "a"});
  EXPECT_NEAR(two.dirichlet_confidence(), two.beta_confidence(), 1e-8);
  // Gamma(3) ahead of two Gamma(2): the integral of x^2/2 e^-x (1 - e^-x (1 + x))^2 is 44/81 by hand:
  // 1 - 2 (1/8 + 3/16) + (1/27 + 2/27 + 4/81).
  EXPECT_NEAR(vote_of({"a", "a", "b", "c"}).dirichlet_confidence(),
              1 - 2 * (1.0 / 8 + 3.0 / 16) + (1.0 / 27 + 2.0 / 27 + 4.0 / 81), 1e-8);
}

}  // namespace
}  // namespace pith
