// pith-lab as a user types it.
#include <gtest/gtest.h>

#include "cli/run_pith.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

void expect_error(std::vector<std::string> arguments, int code, const std::string& text) {
  arguments.insert(arguments.begin(), std::string(PITH_BINARY_DIR) + "/pith-lab");
  const Outcome o = run_program(arguments);
  EXPECT_EQ(o.code, code) << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_TRUE(o.err.starts_with("pith-lab: ")) << o.err;
  EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << "more than one line: " << o.err;
  EXPECT_NE(o.err.find(text), std::string::npos) << "expected '" << text << "' in " << o.err;
}

TEST(LabCommandLine, WrongUsage) {
  expect_error({}, 2, "(see: pith-lab --help)");
  expect_error({"pretrian", "config.json"}, 2, "unknown step 'pretrian'; did you mean pretrain?");
  expect_error({"pretrain"}, 2, "CONFIG is required");
  expect_error({"pretrain", "config.json", "--folder", "x"}, 2, "--folder");
  expect_error({"pretrain", "/no/such.json"}, 1, "/no/such.json: No such file or directory");
}

TEST(LabCommandLine, OnlyTheFirstStepMakesTheFolder) {
  const TemporaryFolder folder;
  const std::string config = folder.write("config.json", "{}").string(), run = folder / "run";
  expect_error({"pretrain", config, "--dir", run}, 1,
               "--dir " + run + ": No such file or directory; pith-lab corpus makes it");
  EXPECT_FALSE(std::filesystem::exists(run));
  expect_error({"corpus", config, "--dir", run}, 1, config + ": the key 'seed' is missing");
  EXPECT_TRUE(std::filesystem::exists(run));
  expect_error({"corpus", config, "--dir", config}, 1, "--dir " + config + ": Not a directory");
}

}  // namespace
}  // namespace pith::test
