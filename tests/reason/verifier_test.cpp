// Checking programs, well-behaved and not.
#include "reason/verifier.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "pith/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

using Verdict = Verifier::Verdict;

Verdict check(const std::string& script, std::string_view candidate = "", VerifierLimits limits = {},
              std::string_view question = "", bool final = true) {
  return Verifier("sh -c '" + script + "'", limits).check(question, candidate, final);
}

TEST(Verifier, WordsOfACommand) {
  EXPECT_EQ(split_command(R"(a  "b c" 'd "e' f\ g "" h"i"j)"),
            (std::vector<std::string>{"a", "b c", "d \"e", "f g", "", "hij"}));
  EXPECT_THROW(split_command("a 'b"), UsageError);
  EXPECT_THROW(split_command("a \\"), UsageError);
  EXPECT_THROW(Verifier(" "), UsageError);
  EXPECT_THROW(Verifier("/no/such/program"), UsageError);
  EXPECT_THROW(Verifier("no-such-program-of-that-name"), UsageError);
}

TEST(Verifier, ExitStatusIsTheVerdict) {
  EXPECT_EQ(check("exit 0"), Verdict::Passed);
  EXPECT_EQ(check("exit 3"), Verdict::Failed);
  EXPECT_EQ(check("kill -9 $$"), Verdict::Failed);
  EXPECT_EQ(check("read x; test \"$x\" = 42", "42\n"), Verdict::Passed);
  EXPECT_EQ(check("read x; test \"$x\" = 42", "43\n"), Verdict::Failed);
}

TEST(Verifier, KnowsTheQuestionAndWhetherTheTextIsComplete) {
  EXPECT_EQ(check("test \"$PITH_QUESTION\" = why -a $PITH_STATE = final", "", {}, "why"), Verdict::Passed);
  EXPECT_EQ(check("test $PITH_STATE = partial", "", {}, "why", false), Verdict::Passed);
}

TEST(Verifier, ALongTextThatNobodyReads) {
  EXPECT_EQ(check("exit 0", std::string(1 << 20, 'x')), Verdict::Passed);
  EXPECT_EQ(check("test $(wc -c) = 1048576", std::string(1 << 20, 'x')), Verdict::Passed);
}

TEST(Verifier, IsStoppedAtItsLimits) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(check("sleep 60", "", {.seconds = 0.2}), Verdict::TimedOut);
  EXPECT_EQ(check("exec >&-; sleep 60", "", {.seconds = 0.2}), Verdict::TimedOut) << "with its output closed";
  EXPECT_EQ(check("yes", "", {.seconds = 30, .output = 10000}), Verdict::WroteTooMuch);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Verifier, WhatItStartedEndsWithIt) {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "alive").string();
  EXPECT_EQ(check("(sleep 1; touch " + file + ") & sleep 60", "", {.seconds = 0.2}), Verdict::TimedOut);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace pith
