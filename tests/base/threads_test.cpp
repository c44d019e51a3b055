#include "base/threads.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pith {
namespace {

namespace fs = std::filesystem;

// A system's files in a folder of their own.
class Threads : public ::testing::Test {
 protected:
  Threads() {
    root_ = fs::path(::testing::TempDir()) /
            ("pith-threads-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~Threads() override { fs::remove_all(root_); }

  void put(const fs::path& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << "\n";
  }
  void cpu(int index, const fs::path& file, const std::string& text) {
    put(fs::path("sys/devices/system/cpu/cpu" + std::to_string(index)) / file, text);
  }
  int threads(std::vector<int> affinity) { return choose_threads(root_, affinity).threads; }
  std::string reason(std::vector<int> affinity) { return choose_threads(root_, affinity).reason; }

  fs::path root_;
};

TEST_F(Threads, WithoutAnyFileEveryProcessorIsACore) {
  EXPECT_EQ(threads({0, 1, 5}), 3);
  EXPECT_EQ(threads({}), 1);
  EXPECT_EQ(reason({0, 1}), "2 physical cores in the affinity mask");
}

TEST_F(Threads, HyperThreadsShareACore) {
  for (int i = 0; i < 4; ++i) {
    cpu(i, "topology/thread_siblings_list", std::to_string(i % 2) + "," + std::to_string(i % 2 + 2));
  }
  EXPECT_EQ(threads({0, 1, 2, 3}), 2);
  EXPECT_EQ(threads({0, 2}), 1);
  EXPECT_EQ(threads({1, 2}), 2);
}

TEST_F(Threads, CoreIdsOfTwoPackagesDiffer) {
  for (int i = 0; i < 4; ++i) {
    cpu(i, "topology/physical_package_id", std::to_string(i / 2));
    cpu(i, "topology/core_id", "0");
  }
  EXPECT_EQ(threads({0, 1, 2, 3}), 2);
}

TEST_F(Threads, OnlyTheFastCoresOfAHybridProcessorCount) {
  for (int i = 0; i < 4; ++i) cpu(i, "topology/thread_siblings_list", i < 2 ? "0-1" : "2-3");
  put("sys/devices/cpu_core/cpus", "0-3");
  put("sys/devices/cpu_atom/cpus", "4-7");
  EXPECT_EQ(threads({0, 1, 2, 3, 4, 5, 6, 7}), 2);
  EXPECT_EQ(reason({0, 1, 2, 3, 4, 5, 6, 7}), "2 fast of 6 physical cores in the affinity mask");
  EXPECT_EQ(threads({4, 5, 6}), 3) << "a mask of slow cores alone uses them all";
}

TEST_F(Threads, CapacityAndFrequencyTellFastFromSlow) {
  for (int i = 0; i < 6; ++i) cpu(i, "cpufreq/cpuinfo_max_freq", i < 2 ? "5100000" : "3300000");
  EXPECT_EQ(threads({0, 1, 2, 3, 4, 5}), 2);
  for (int i = 0; i < 6; ++i) cpu(i, "cpu_capacity", i < 3 ? "1024" : "250");
  EXPECT_EQ(threads({0, 1, 2, 3, 4, 5}), 3);
}

TEST_F(Threads, TurboBinsDoNotMakeAHybrid) {
  for (int i = 0; i < 4; ++i) cpu(i, "cpufreq/cpuinfo_max_freq", i < 2 ? "5800000" : "5500000");
  EXPECT_EQ(threads({0, 1, 2, 3}), 4);
}

TEST_F(Threads, QuotaV2OfTheGroupAndOfThoseAbove) {
  put("proc/self/cgroup", "0::/user/job");
  put("sys/fs/cgroup/user/job/cpu.max", "max 100000");
  EXPECT_EQ(threads({0, 1, 2, 3}), 4);
  put("sys/fs/cgroup/user/cpu.max", "250000 100000");
  EXPECT_EQ(threads({0, 1, 2, 3}), 2);
  EXPECT_EQ(reason({0, 1, 2, 3}), "the control group's CPU quota of 2.50 cores");
  put("sys/fs/cgroup/user/job/cpu.max", "50000 100000");
  EXPECT_EQ(threads({0, 1, 2, 3}), 1);
}

TEST_F(Threads, QuotaV1EvenIfOnlyTheRootIsMounted) {
  put("proc/self/cgroup", "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x");
  put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000");
  put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
  EXPECT_EQ(threads({0, 1, 2, 3}), 3);
  put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1");
  EXPECT_EQ(threads({0, 1, 2, 3}), 4);
}

TEST_F(Threads, NonsenseIsSkipped) {
  put("proc/self/cgroup", "nonsense\n0::/../../..\n1:cpu");
  put("sys/fs/cgroup/cpu.max", "-5 0");
  put("sys/devices/cpu_core/cpus", "-,x-,9-3");
  cpu(0, "cpu_capacity", "many");
  EXPECT_EQ(threads({0, 1, 2}), 3);
}

TEST(DefaultThreads, IsAtLeastOneAndSaysWhy) {
  const ThreadChoice choice = default_threads();
  EXPECT_GE(choice.threads, 1);
  EXPECT_FALSE(choice.reason.empty());
}

}  // namespace
}  // namespace pith
