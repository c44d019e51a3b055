// Which shard a process is, by what it is told and by what launchers put into its environment.
#include "batch/shard.h"

#include <gtest/gtest.h>

#include <map>

#include "pith/error.h"

namespace pith {
namespace {

using Variables = std::map<std::string, std::string>;

Shard find(std::string_view text, const Variables& variables = {}) {
  return find_shard(text, [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

Variables slurm(const char* id, const char* first, const char* last, const char* count) {
  return {{"SLURM_ARRAY_TASK_ID", id},
          {"SLURM_ARRAY_TASK_MIN", first},
          {"SLURM_ARRAY_TASK_MAX", last},
          {"SLURM_ARRAY_TASK_COUNT", count}};
}

TEST(Shard, EveryLineIsInOneOfThem) {
  for (std::int64_t line = 1; line < 50; ++line) {
    int holders = 0;
    for (std::int64_t i = 1; i <= 7; ++i) holders += Shard{i, 7}.holds(line);
    EXPECT_EQ(holders, 1) << line;
  }
  EXPECT_TRUE((Shard{1, 3}.holds(1) && Shard{1, 3}.holds(4) && Shard{3, 3}.holds(3)));
}

TEST(Shard, AsGiven) {
  EXPECT_EQ(find("2/8").name(), "2/8");
  EXPECT_EQ(find("1/1").name(), "1/1");
  for (const char* wrong : {"", "3", "/", "0/3", "4/3", "-1/3", "1/0", "a/3", "1/b", "1/2/3",
                            "1/99999999999999999999", "auto/", "automatic"})
    EXPECT_THROW(find(wrong), UsageError) << wrong;
}

TEST(Shard, AsLaunchersSay) {
  EXPECT_EQ(find("auto", {{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "4"}}).name(), "1/4");
  EXPECT_EQ(find("auto", slurm("3", "1", "8", "8")).name(), "3/8");
  EXPECT_EQ(find("auto", slurm("0", "0", "7", "8")).name(), "1/8");
  EXPECT_EQ(find("auto", slurm("30", "10", "40", "4")).name(), "3/4");
  EXPECT_EQ(find("auto", slurm("5", "5", "5", "1")).name(), "1/1");
  EXPECT_EQ(find("auto/6", {{"PARALLEL_SEQ", "6"}}).name(), "6/6");
  EXPECT_EQ(find("auto/4", {{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}}).name(), "4/4");
}

TEST(Shard, NothingIsGuessed) {
  EXPECT_THROW(find("auto"), UsageError) << "no launcher";
  EXPECT_THROW(find("auto", slurm("1", "1", "8", "3")), UsageError) << "--array=1,2,8 has no even steps";
  EXPECT_THROW(find("auto", slurm("2", "1", "9", "3")), UsageError) << "not one of 1, 5, 9";
  EXPECT_THROW(find("auto", {{"SLURM_ARRAY_TASK_ID", "1"}}), UsageError);
  EXPECT_THROW(find("auto", {{"OMPI_COMM_WORLD_RANK", "x"}, {"OMPI_COMM_WORLD_SIZE", "4"}}), UsageError);
  EXPECT_THROW(find("auto", {{"PARALLEL_SEQ", "1"}}), UsageError) << "of how many?";
  EXPECT_THROW(find("auto/2", {{"PARALLEL_SEQ", "3"}}), UsageError);
  EXPECT_THROW(find("auto/5", {{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}}), UsageError);
  Variables both = slurm("1", "1", "2", "2");
  both["OMPI_COMM_WORLD_RANK"] = "0";
  both["OMPI_COMM_WORLD_SIZE"] = "2";
  EXPECT_THROW(find("auto", both), UsageError) << "which of the two?";
}

TEST(Shard, NamesItsOutput) {
  EXPECT_EQ(shard_path("out.{shard}-of-{shards}.jsonl", {3, 12}), "out.3-of-12.jsonl");
  EXPECT_EQ(shard_path("out.jsonl", {3, 12}), "out.jsonl");
}

}  // namespace
}  // namespace pith
