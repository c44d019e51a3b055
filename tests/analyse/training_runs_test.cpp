// Tables of runs as people have them, and what is wrong with some.
#include "analyse/training_runs.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace pith {
namespace {

std::string message_of(std::string_view text) {
  try {
    read_training_runs(text, "runs.csv");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(TrainingRuns, AnyTwoSizesGiveTheThird) {
  for (const char* text :
       {"params,tokens,loss\n10,20,3\n", "N,C,L\n10,1200,3\n",
        "\xef\xbb\xbf Training_FLOP , d,ignored,Loss\r\n1.2e3,20,a,3\r\n\r\n",
        "\"Model Size\",\"tokens\",\"flops\",\"a, \"\"b\"\"\",loss\n10,20,1200,\"x,y\",3"}) {
    const std::vector<TrainingRun> runs = read_training_runs(text, "runs.csv");
    ASSERT_EQ(runs.size(), 1u) << text;
    EXPECT_DOUBLE_EQ(runs[0].params, 10);
    EXPECT_DOUBLE_EQ(runs[0].tokens, 20);
    EXPECT_DOUBLE_EQ(runs[0].flops, 1200);
    EXPECT_DOUBLE_EQ(runs[0].loss, 3);
  }
}

TEST(TrainingRuns, WhatIsWrongIsSaid) {
  EXPECT_EQ(
      message_of("params,loss\n1,2\n"),
      "runs.csv: expected a column 'loss' and two of 'params', 'tokens' and 'flops', found: params,loss");
  EXPECT_EQ(
      message_of("params,tokens\n1,2\n"),
      "runs.csv: expected a column 'loss' and two of 'params', 'tokens' and 'flops', found: params,tokens");
  EXPECT_EQ(message_of("params,N,tokens,loss\n1,2,3,4\n"),
            "runs.csv: the columns 'params' and 'N' both hold params");
  EXPECT_EQ(message_of("params,tokens,loss\n1,2,3\n\n1,2\n"), "runs.csv: line 4: expected 3 fields, found 2");
  for (const char* value : {"0", "-3", "nan", "inf", "", "x", "1e999", "3 4"}) {
    EXPECT_EQ(message_of("params,tokens,loss\n1,2," + std::string(value) + "\n"),
              "runs.csv: line 2: loss: expected a positive number, found '" + std::string(value) + "'");
  }
  EXPECT_EQ(message_of("params,tokens,loss\n"), "runs.csv: no runs");
  EXPECT_EQ(message_of(""), "runs.csv: no runs");
}

TEST(TrainingRuns, ExcludesThoseOfFewestTokens) {
  const std::vector<TrainingRun> runs = {{10, 10, 600, 3}, {10, 1, 60, 4}, {1, 2, 12, 5}};
  const std::vector<TrainingRun> rest = exclude_fewest_tokens(runs, 1);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].loss, 3);
  EXPECT_EQ(rest[1].loss, 5);
  EXPECT_THROW(exclude_fewest_tokens(runs, 3), Error);
}

}  // namespace
}  // namespace pith
