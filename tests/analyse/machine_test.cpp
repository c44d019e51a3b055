// What is kept of the machine's speed: the highest since the boot, and the median of the latest probes.
#include "analyse/machine.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

class MachineSpeedCache : public ::testing::Test {
 protected:
  void SetUp() override {
    boot_ = read_file("/proc/sys/kernel/random/boot_id");
    boot_.pop_back();
    setenv("XDG_CACHE_HOME", (folder_ / "").c_str(), 1);
    std::filesystem::create_directories(folder_ / "pith");
  }
  void TearDown() override { unsetenv("XDG_CACHE_HOME"); }
  void write(const Json& cache) { folder_.write("pith/limits.json", cache.dump()); }
  Json read() { return Json::parse(read_file(folder_ / "pith/limits.json")); }

  static Json limits(double value) {
    return {{"read_bytes", value}, {"int8_ops", value}, {"f32_ops", value}, {"bf16_ops", 0.0}};
  }
  TemporaryFolder folder_;
  std::string boot_;
};

TEST_F(MachineSpeedCache, OneProbeAmongManyChangesLittle) {
  constexpr double kMost = 1e15;  // more than any machine reaches
  Json usual = Json::array({limits(1)});
  for (int i = 0; i < 8; ++i) usual.push_back(limits(7));
  write({{"boot", boot_}, {"scalar/1", {{"best", limits(kMost)}, {"usual", usual}}}});
  const MachineSpeed speed = machine_speed(1, "scalar");
  EXPECT_EQ(speed.best.read_bytes, kMost);
  EXPECT_EQ(speed.usual.read_bytes, 7);
  const Json kept = read()["scalar/1"]["usual"];
  ASSERT_EQ(kept.size(), 9u);
  EXPECT_EQ(kept[0], limits(7)) << "the oldest is forgotten";
  EXPECT_GT(kept[8]["read_bytes"].get<double>(), 7);
}

TEST_F(MachineSpeedCache, SlowNothingIsTakenFromAnotherBootOrADamagedFile) {
  const Json known = {{"best", limits(1e15)}, {"usual", Json::array({limits(7)})}};
  for (const Json& cache : {Json{{"boot", "another"}, {"scalar/1", known}},
                            Json{{"boot", boot_}, {"scalar/1", {{"best", 3}, {"usual", 4}}}},
                            Json{{"boot", boot_}, {"scalar/1", limits(1e15)}}}) {
    write(cache);
    const MachineSpeed speed = machine_speed(1, "scalar");
    EXPECT_LT(speed.best.read_bytes, 1e15) << cache;
    EXPECT_LE(speed.usual.read_bytes, speed.best.read_bytes);
    EXPECT_EQ(read()["scalar/1"]["usual"].size(), 1u);
  }
}

}  // namespace
}  // namespace pith::test
