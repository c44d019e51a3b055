// In the program without shared libraries only: it cannot open NLopt, so pith-shared fits laws for it.
#include "cli/alone.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ranges>

#include "analyse/minimise.h"
#include "base/error.h"

namespace pith {

// In place of the one in the library, which opens NLopt.
Minimum minimise(const Objective&, std::span<const double>, double, int) {
  fail("a program without shared libraries cannot open NLopt");
}

namespace cli {

void run_with_shared_libraries(std::string_view command, const std::vector<std::string>& arguments) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::string> words{"pith"};
  for (const auto word : std::views::split(command, ' ')) words.emplace_back(word.begin(), word.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const fs::path built = folder / "pith-shared", installed = folder.parent_path() / PITH_SHARED;
  execv(built.c_str(), argv.data());
  execv(installed.c_str(), argv.data());
  fail("{} needs {} or {}: {}", command, printable(built.string(), 400), printable(installed.string(), 400),
       std::strerror(errno));
}

}  // namespace cli
}  // namespace pith
