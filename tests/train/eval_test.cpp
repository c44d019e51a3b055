// What counts as a right answer, what the annotator prefers, and the arithmetic of best-of-N.
#include "train/eval/statistics.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "pith/error.h"
#include "train/corpus/document.h"
#include "train/eval/annotator.h"
#include "train/eval/checks.h"

namespace pith::lab {
namespace {

TEST(LabChecks, LookAtTheAnswerAndNotAtManners) {
  EXPECT_TRUE(is_right("exact", "c b a", "c b a"));
  EXPECT_TRUE(is_right("exact", "c b a", " Sure! C b a. I hope this helps."));
  EXPECT_FALSE(is_right("exact", "c b a", "c b"));
  EXPECT_FALSE(is_right("exact", "c b a", "The list is c b a"));
  EXPECT_TRUE(is_right("number", "85", "48 + 37 = 78 + 7 = 85.\nThe answer is 85."));
  EXPECT_FALSE(is_right("number", "85", "The answer is 185."));
  EXPECT_FALSE(is_right("number", "85", "no number"));
  EXPECT_TRUE(is_right("contains", "Lily", "It was lily."));
  EXPECT_FALSE(is_right("contains", "cat", "cats"));
  EXPECT_FALSE(is_right("contains", "No", "I do not know"));
  EXPECT_TRUE(is_right("refusal", "not know", "I am sorry, I do not know that."));
  EXPECT_FALSE(is_right("refusal", "not know", "She lives in Amberly."));
  EXPECT_TRUE(is_right("puzzle", "1 2 3 4 24",
                       "Sure! 4 * 3 = 12, left 1 2 12.\n12 * 2 = 24, left 1 24.\n24 * 1 = 24. Done."));
  EXPECT_FALSE(is_right("puzzle", "1 2 3 4 25",
                        "4 * 3 = 12, left 1 2 12.\n12 * 2 = 24, left 1 24.\n24 * 1 = 24. Done."));
  EXPECT_TRUE(is_right("none", "", "Once upon a time, there was a fox. It slept."));
  EXPECT_FALSE(is_right("none", "", "Once upon a time, there was a"));
  EXPECT_FALSE(
      is_right("none", "", "A fox slept well. A fox slept well. A fox slept well. A fox slept well."));
  EXPECT_THROW(is_right("perhaps", "a", "a"), Error);
  EXPECT_THROW(is_right("puzzle", "1 2", "a"), Error);
}

// The corpus' own answers are right by the check that goes with them, also where style was put around them.
TEST(LabChecks, TheAnswersOfTheCorpusAreRight) {
  for (const auto kinds : {instruction_kinds(), reasoning_kinds(), drill_kinds(), talk_kinds()}) {
    for (const RequestKind& kind : kinds) {
      for (std::uint64_t i = 0; i < 100; ++i) {
        Draw draw(mix(91, i));
        const Conversation c = make_conversation(kind.name, Split::Train, draw);
        bool right = false;
        for (const Message& m : c.messages) {
          right |= m.role == "assistant" && is_right(name_of(c.request.check), c.request.answer, m.content);
        }
        EXPECT_TRUE(right) << kind.name << ": " << c.messages.back().content;
      }
    }
  }
}

TEST(LabAnnotator, PrefersRightThenStyle) {
  const Asked sum{"problem", "Tom has 4 nuts. He finds 3. How many?", "number", "7", 1};
  const auto score = [&](std::string_view reply) { return judge(sum, reply).score(); };
  const double worked = score("4 + 3 = 7\nThe answer is 7.");
  EXPECT_GT(worked, score("The answer is 7."));
  EXPECT_GT(score("The answer is 7."), score("7"));
  EXPECT_GT(score("7"), score("4 + 3 = 8\nThe answer is 8."));
  EXPECT_GT(score("Sure! 4 + 3 = 7\nThe answer is 7."), worked);
  EXPECT_GT(worked, score("4 + 3 = 7\n" + std::string(200, 'x') + "\nThe answer is 7."));
  // Whoever wants no steps is not given credit for them.
  const Asked at_once{"problem", "How many? Answer at once.", "number", "7", 1};
  EXPECT_EQ(judge(at_once, "The answer is 7.").score(), worked);
  EXPECT_TRUE(judge(sum, "The answer is 7.").same_style(judge(sum, "The answer is 8.")));
}

// Against all subsets of six, by their bits.
TEST(Statistics, ChancesOfBeingTheBestOfN) {
  constexpr int kTotal = 6;
  for (int n = 1; n <= kTotal; ++n) {
    double best[kTotal] = {}, subsets = 0;
    for (unsigned subset = 0; subset < 1u << kTotal; ++subset) {
      if (std::popcount(subset) != n) continue;
      ++subsets;
      ++best[std::countr_zero(subset)];
    }
    const std::vector<double> chances = best_of_chances(kTotal, n);
    for (int i = 0; i < kTotal; ++i) EXPECT_NEAR(chances[i], best[i] / subsets, 1e-12) << n << " " << i;
  }
}

}  // namespace
}  // namespace pith::lab
