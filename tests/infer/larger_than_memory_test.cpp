// A mixture of experts larger than the memory it may use: it runs from the map and answers alike.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/memory.h"
#include "infer/engine.h"
#include "infer/random_model.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

// A control group (version 2) with a memory limit, below this process's own group or one above it. Making one
// takes the right to (root, or a delegated group) and a memory controller that is handed down.
class MemoryGroup {
 public:
  static std::optional<fs::path> make(std::uint64_t limit) {
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
      if (!line.starts_with("0::")) continue;
      const fs::path root = "/sys/fs/cgroup";
      for (fs::path own = line.substr(3);; own = own.parent_path()) {
        const fs::path dir = root / own.relative_path() / ("pith-test-" + std::to_string(getpid()));
        if (mkdir(dir.c_str(), 0755) == 0) {
          if (fs::exists(dir / "memory.max") && write(dir / "memory.max", std::to_string(limit))) {
            write(dir / "memory.swap.max", "0");
            return dir;
          }
          rmdir(dir.c_str());
        }
        if (own == own.root_path()) break;
      }
    }
    return std::nullopt;
  }

  static bool write(const fs::path& file, std::string_view text) {
    const int descriptor = open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool written = ::write(descriptor, text.data(), text.size()) == std::ssize(text);
    close(descriptor);
    return written;
  }
};

// Greedy answer and its logits.
std::vector<float> answer(const fs::path& path) {
  const auto model = open_model(path);
  Engine engine(model, {.threads = 2, .context = 64, .step_tokens = 32});
  Sequence sequence = engine.new_sequence();
  std::vector<float> all;
  auto logits = engine.prefill(sequence, test::random_tokens(32, model->spec.vocab, 5));
  for (int i = 0; i < 16; ++i) {
    all.insert(all.end(), logits.begin(), logits.end());
    const auto next = static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
    logits = engine.prefill(sequence, {&next, 1});
  }
  return all;
}

// Takes what was written out of the page cache, where it is charged to this process's group.
void forget_pages(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  fsync(descriptor);
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  close(descriptor);
}

std::uint64_t event(const fs::path& group, const std::string& name) {
  std::ifstream file(group / "memory.events");
  std::string key;
  for (std::uint64_t count; file >> key >> count;) {
    if (key == name) return count;
  }
  return 0;
}

TEST(SlowLargerThanMemory, AnswersAlike) {
  constexpr std::uint64_t kLimit = std::uint64_t{64} << 20;
  const auto group = MemoryGroup::make(kLimit);
  if (!group) GTEST_SKIP() << "needs the right to make a control group (version 2) with a memory limit";

  // In the build folder: what lies in a tmpfs is memory itself.
  const fs::path model = fs::path(PITH_BINARY_DIR) / "larger-than-memory.gguf", out = model.string() + ".f32";
  test::write_random_model(model, {.arch = "olmoe",
                                   .width = 256,
                                   .layers = 3,
                                   .kv_heads = 4,
                                   .ffn = 256,
                                   .experts = 64,
                                   .active = 8,
                                   .full_width_qk_norm = true});
  EXPECT_GT(fs::file_size(model), 2 * kLimit);
  forget_pages(model);

  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    int status = 1;
    if (MemoryGroup::write(*group / "cgroup.procs", "0") && available_memory() <= kLimit) {
      const auto logits = answer(model);
      std::ofstream(out, std::ios::binary)
          .write(reinterpret_cast<const char*>(logits.data()),
                 static_cast<std::streamsize>(logits.size() * sizeof(float)));
      status = 0;
    }
    _exit(status);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "the process within the limit failed";
  EXPECT_GT(event(*group, "max"), 0u) << "the limit was never reached";
  EXPECT_EQ(event(*group, "oom_kill"), 0u);
  rmdir(group->c_str());

  const auto expected = answer(model);
  std::vector<float> actual(expected.size());
  std::ifstream(out, std::ios::binary)
      .read(reinterpret_cast<char*>(actual.data()),
            static_cast<std::streamsize>(actual.size() * sizeof(float)));
  EXPECT_EQ(0, std::memcmp(actual.data(), expected.data(), expected.size() * sizeof(float)));
  fs::remove(model);
  fs::remove(out);
}

}  // namespace
}  // namespace pith
