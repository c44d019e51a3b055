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

// A control group with a memory limit, below this process's own group or one above it: of version 2, or of
// version 1's memory controller. Making one takes the right to (root, or a delegated group) and a controller
// that is handed down.
class MemoryGroup {
 public:
  static std::optional<MemoryGroup> make(std::uint64_t limit) {
    for (const Version& version : kVersions) {
      std::ifstream groups("/proc/self/cgroup");
      for (std::string line; std::getline(groups, line);) {
        const std::size_t found = line.find(version.line);
        if (found == line.npos) continue;
        for (fs::path own = line.substr(found + version.line.size());; own = own.parent_path()) {
          MemoryGroup group(version,
                            version.root / own.relative_path() / ("pith-test-" + std::to_string(getpid())));
          if (mkdir(group.dir_.c_str(), 0755) == 0) {
            if (group.write(version.limit, std::to_string(limit))) {
              group.write(version.swap, "0");
              return group;
            }
            group.remove();
          }
          if (own == own.root_path()) break;
        }
      }
    }
    return std::nullopt;
  }

  /// The calling process, and what it allocates from now on.
  bool enter() const { return write("cgroup.procs", "0"); }
  void remove() const { rmdir(dir_.c_str()); }

  /// How often its processes wanted more than the limit, and how many of them were killed for it.
  std::uint64_t times_reached() const {
    if (version_->reached) return number(version_->reached, "");
    return number(version_->events, "max");
  }
  std::uint64_t kills() const { return number(version_->events, "oom_kill"); }

 private:
  struct Version {
    std::string_view line;  // of /proc/self/cgroup, before the group's path
    fs::path root;
    const char *limit, *swap, *events;
    const char* reached;  // null: an event
  };
  static inline const Version kVersions[] = {
      {"0::", "/sys/fs/cgroup", "memory.max", "memory.swap.max", "memory.events", nullptr},
      {":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.swappiness",
       "memory.oom_control", "memory.failcnt"}};

  MemoryGroup(const Version& version, fs::path dir) : version_(&version), dir_(std::move(dir)) {}

  bool write(const char* file, std::string_view text) const {
    const int descriptor = open((dir_ / file).c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool written = ::write(descriptor, text.data(), text.size()) == std::ssize(text);
    close(descriptor);
    return written;
  }

  // "value", or the line "name value".
  std::uint64_t number(const char* name, std::string_view key) const {
    std::ifstream file(dir_ / name);
    std::uint64_t value = 0;
    if (key.empty()) return file >> value ? value : 0;
    for (std::string found; file >> found >> value;) {
      if (found == key) return value;
    }
    return 0;
  }

  const Version* version_;
  fs::path dir_;
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

TEST(SlowLargerThanMemory, AnswersAlike) {
  constexpr std::uint64_t kLimit = std::uint64_t{64} << 20;
  const auto group = MemoryGroup::make(kLimit);
  if (!group) GTEST_SKIP() << "needs the right to make a control group with a memory limit";

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
    if (group->enter() && available_memory() <= kLimit) {
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
  EXPECT_GT(group->times_reached(), 0u) << "the limit was never reached";
  EXPECT_EQ(group->kills(), 0u);
  group->remove();

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
