// Lines of files and pipes, however they end.
#include "batch/lines.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "pith/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

struct Lines : testing::Test {
  test::TemporaryFolder folder;
  std::vector<Line> read(std::string_view text, std::size_t longest = LineReader::kLongestLine) {
    LineReader reader(folder.write("in", text), longest);
    std::vector<Line> lines;
    for (Line line; reader.next(line) == LineReader::Next::Line;) lines.push_back(line);
    return lines;
  }
};

TEST_F(Lines, EndsOfEveryKind) {
  const std::vector<Line> lines = read("one\r\n\ntwo\nthree");
  ASSERT_EQ(lines.size(), 4u);
  const char* texts[] = {"one", "", "two", "three"};
  const std::int64_t offsets[] = {0, 5, 6, 10};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(lines[i].text, texts[i]);
    EXPECT_EQ(lines[i].number, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(lines[i].offset, offsets[i]);
    EXPECT_EQ(lines[i].complete, i < 3);
  }
  EXPECT_TRUE(read("").empty());
  EXPECT_EQ(read("\n").size(), 1u);
}

TEST_F(Lines, LongerThanTheBuffer) {
  const std::string a(200'000, 'a'), b(65'536, 'b'), c(65'535, 'c');
  const std::vector<Line> lines = read(a + "\n" + b + "\n" + c + "\nd\n");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].text, a);
  EXPECT_EQ(lines[1].text, b);
  EXPECT_EQ(lines[2].text, c);
  EXPECT_EQ(lines[3].offset, std::ssize(a) + std::ssize(b) + std::ssize(c) + 3);
}

TEST_F(Lines, TooLongOnesAreSkippedAndTold) {
  const std::vector<Line> lines = read("12345678\n" + std::string(300'000, 'x') + "\n123456789\nend", 8);
  ASSERT_EQ(lines.size(), 4u);
  const bool too_long[] = {false, true, true, false};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(lines[i].too_long, too_long[i]) << i;
  EXPECT_EQ(lines[1].text, "");
  EXPECT_EQ(lines[3].text, "end");
  EXPECT_EQ(lines[3].offset, 9 + 300'001 + 10);
}

TEST_F(Lines, APipeIsNotWaitedForUnlessAsked) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  LineReader reader("/dev/fd/" + std::to_string(ends[0]));
  EXPECT_FALSE(reader.is_file());
  Line line;
  EXPECT_EQ(reader.next(line, false), LineReader::Next::NotYet);
  ASSERT_EQ(write(ends[1], "half", 4), 4);
  EXPECT_EQ(reader.next(line, false), LineReader::Next::NotYet);
  ASSERT_EQ(write(ends[1], " a line\nmore", 12), 12);
  ASSERT_EQ(reader.next(line, false), LineReader::Next::Line);
  EXPECT_EQ(line.text, "half a line");
  close(ends[1]);
  ASSERT_EQ(reader.next(line), LineReader::Next::Line);
  EXPECT_EQ(line.text, "more");
  EXPECT_FALSE(line.complete);
  EXPECT_EQ(reader.next(line), LineReader::Next::End);
  close(ends[0]);
}

TEST_F(Lines, WhatCannotBeRead) {
  EXPECT_THROW(LineReader(folder / "nothing"), Error);
  EXPECT_THROW(LineReader(folder.path()), Error);
}

}  // namespace
}  // namespace pith
