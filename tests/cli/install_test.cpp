// What `cmake --install` leaves behind, used by a program of its own.
#include <gtest/gtest.h>

#include "cli/run_pith.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

Outcome shell(const std::string& command) { return run_program({"/bin/sh", "-c", command + " 2>&1"}); }

TEST(Install, SlowAProgramBuildsAgainstThePackage) {
  const TemporaryFolder folder;
  const std::string prefix = folder / "prefix";
  const Outcome installed = shell("cmake --install '" PITH_BINARY_DIR "' --prefix '" + prefix + "'");
  ASSERT_EQ(installed.code, 0) << installed.out;
  EXPECT_TRUE(std::filesystem::exists(prefix + "/share/man/man1/pith.1"));
  EXPECT_EQ(run_program({prefix + "/bin/pith", "--version"}).code, 0);

  folder.write("CMakeLists.txt",
               "cmake_minimum_required(VERSION 3.22)\n"
               "project(hello LANGUAGES CXX)\n"
               "set(CMAKE_CXX_STANDARD 20)\n"
               "find_package(pith 0.1 REQUIRED)\n"
               "add_executable(hello hello.cpp)\n"
               "target_link_libraries(hello PRIVATE pith::pith)\n");
  folder.write(
      "hello.cpp",
      "#include <iostream>\n"
      "#include <pith/pith.h>\n"
      "int main(int, char** argv) {\n"
      "  auto model = pith::LanguageModel::open(argv[1]);\n"
      "  std::cout << model.generate(\"Once upon a time\", {.max_tokens = 20, .temperature = 0}).text;\n"
      "}\n");
  const Outcome built = shell("cmake -S '" + folder.path().string() + "' -B '" + (folder / "build").string() +
                              "' -DCMAKE_PREFIX_PATH='" + prefix +
                              "' -DCMAKE_CXX_COMPILER='" PITH_CXX_COMPILER
                              "' -DCMAKE_CXX_FLAGS='" PITH_CXX_FLAGS "' && cmake --build '" +
                              (folder / "build").string() + "'");
  ASSERT_EQ(built.code, 0) << built.out;

  PITH_NEED_SHARED();
  const std::string model = (shared_data() / "weights/stories260K/stories260K-f32.gguf").string();
  const Outcome hello = run_program({(folder / "build/hello").string(), model});
  EXPECT_EQ(hello.code, 0) << hello.err;
  EXPECT_EQ(hello.out,
            run_pith({"run", "-m", model, "--raw", "--temp", "0", "-n", "20", "Once upon a time"}).out);
  EXPECT_EQ(hello.err, "");
}

}  // namespace
}  // namespace pith::test
