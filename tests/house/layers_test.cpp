// The house rules that a reader relies on, checked on the source text: includes only look down, architectures
// are named in one place, vector code stays alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = PITH_SOURCE_DIR;

// Floors from the ground up. infer and text stand side by side: neither knows the other.
const std::map<std::string, int> kFloors = {
    {"pith", -1}, {"base", 0},     {"tensor", 1}, {"kernels", 2}, {"format", 3},  {"model", 4}, {"infer", 5},
    {"text", 5},  {"generate", 6}, {"reason", 7}, {"batch", 8},   {"analyse", 9}, {"cli", 10},
};

struct SourceFile {
  std::string path;  // below the folder that was searched
  std::vector<std::string> lines;

  std::string floor() const { return path.substr(0, path.find('/')); }
};

std::vector<SourceFile> read_sources(const fs::path& folder) {
  std::vector<SourceFile> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cpp") continue;
    SourceFile file{fs::relative(entry.path(), folder).string(), {}};
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) file.lines.push_back(line);
    files.push_back(std::move(file));
  }
  return files;
}

// What `#include "x"` or `#include <x>` includes; empty for other lines.
std::string included(const std::string& line, char open, char close) {
  const std::size_t hash = line.find_first_not_of(' ');
  if (hash == line.npos || line.compare(hash, 8, "#include") != 0) return {};
  const std::size_t begin = line.find(open), end = line.rfind(close);
  return begin == line.npos || end <= begin ? std::string() : line.substr(begin + 1, end - begin - 1);
}

// --- floors -------------------------------------------------------------------------------------

// Why this file may not include that one; empty if it may.
std::string objection(const std::string& from_floor, const std::string& header) {
  if (header.find('/') == header.npos) return "is not written floor/file.h";
  const std::string floor = header.substr(0, header.find('/'));
  const auto from = kFloors.find(from_floor), to = kFloors.find(floor);
  if (from == kFloors.end() || to == kFloors.end()) return "names no floor of the house";
  if (from_floor == floor || to->second < from->second) return {};
  return floor + " is not below " + from_floor;
}

TEST(House, IncludesOnlyLookDown) {
  std::size_t checked = 0;
  for (const SourceFile& file : read_sources(kRoot / "src")) {
    EXPECT_TRUE(kFloors.contains(file.floor())) << "src/" << file.path << " is on no floor";
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string header = included(file.lines[i], '"', '"');
      if (header.empty()) continue;
      ++checked;
      EXPECT_EQ(objection(file.floor(), header), "")
          << "src/" << file.path << ":" << i + 1 << " includes \"" << header << "\"";
    }
  }
  EXPECT_GT(checked, 20u);
}

TEST(House, TheRuleItselfCanObject) {
  EXPECT_EQ(objection("format", "base/file.h"), "");
  EXPECT_EQ(objection("format", "format/gguf.h"), "");
  EXPECT_EQ(objection("base", "pith/error.h"), "");
  EXPECT_EQ(objection("format", "model/spec.h"), "model is not below format");
  EXPECT_EQ(objection("infer", "text/tokenizer.h"), "text is not below infer");
  EXPECT_EQ(objection("text", "infer/forward.h"), "infer is not below text");
  EXPECT_NE(objection("format", "gguf.h"), "");
  EXPECT_NE(objection("format", "../format/gguf.h"), "");
  EXPECT_EQ(included("  #include \"a/b.h\"  // why", '"', '"'), "a/b.h");
}

// What is installed needs nothing but itself and the standard library.
TEST(House, ThePublicHeadersStandAlone) {
  std::size_t files = 0;
  for (const SourceFile& file : read_sources(kRoot / "include")) {
    ++files;
    for (const std::string& line : file.lines) {
      const std::string own = included(line, '"', '"'), system = included(line, '<', '>');
      EXPECT_TRUE(own.empty() || own.starts_with("pith/")) << "include/" << file.path << ": " << line;
      EXPECT_EQ(system.find_first_of("./"), system.npos) << "include/" << file.path << ": " << line;
    }
  }
  EXPECT_GT(files, 0u);
}

// These cost seconds in every file that sees them.
TEST(House, HeavyHeadersStayInSourceFiles) {
  for (const SourceFile& file : read_sources(kRoot / "src")) {
    if (!file.path.ends_with(".h")) continue;
    for (const std::string& line : file.lines) {
      for (const char* heavy : {"nlohmann/json.hpp", "pcre2.h", "CLI/CLI.hpp", "utf8proc.h"}) {
        EXPECT_NE(included(line, '<', '>'), heavy) << "src/" << file.path;
      }
    }
  }
}

// --- names of architectures ---------------------------------------------------------------------

// Parts of words that only a model family's name has, in lower case.
constexpr std::array kFamilies = {
    "llama",   "mistral",  "mixtral", "qwen",     "gemma",    "deepseek", "falcon",  "gpt2",      "gpt-2",
    "gptneox", "gpt-neox", "gptoss",  "gpt-oss",  "gpt_oss",  "olmo",     "granite", "stablelm",  "starcoder",
    "smollm",  "exaone",   "minicpm", "internlm", "baichuan", "nemotron", "chatglm", "command-r", "hunyuan",
};
// Names that other words contain: these count as whole words.
constexpr std::array kFamilyWords = {"bloom", "cohere", "mpt",  "phi2", "phi3", "phi-2",
                                     "phi-3", "glm4",   "dbrx", "kimi", "grok", "lfm2"};

// A line without what may stand anywhere: the program llama.cpp and its tools, papers with their arXiv
// number, and the scalings that configuration files call "llama3" and "llama_4_scaling_beta".
std::string without_allowed(std::string line) {
  std::ranges::transform(line, line.begin(), [](unsigned char c) { return std::tolower(c); });
  static const std::regex allowed(
      R"(llama\.cpp|llama[-_](batched[-_])?bench|\([^()]*arxiv[^()]*\)|\bllama ?3(\.1)?('s)? scaling|\bllama(3|_4_scaling)(_\w+)?\b)");
  return line.find("llama") == line.npos && line.find("arxiv") == line.npos
             ? line
             : std::regex_replace(line, allowed, "");
}

bool has_word(std::string_view line, std::string_view word) {
  const auto inside = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !inside(line[at - 1])) && (end == line.size() || !inside(line[end]))) return true;
  }
  return false;
}

// The family that a line names; empty if none.
std::string named_family(const std::string& line) {
  const std::string text = without_allowed(line);
  for (const char* family : kFamilies) {
    if (text.find(family) != text.npos) return family;
  }
  for (const char* family : kFamilyWords) {
    if (has_word(text, family)) return family;
  }
  return {};
}

// Tokenizers and chat templates are named after the models they came with, in the files themselves.
bool may_name_families(const std::string& path) {
  return path == "model/archs.cpp" || path == "model/shapes.cpp" || path.starts_with("text/");
}

TEST(House, OnlyTheTablesNameArchitectures) {
  for (const SourceFile& file : read_sources(kRoot / "src")) {
    if (may_name_families(file.path)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_EQ(named_family(file.lines[i]), "")
          << "src/" << file.path << ":" << i + 1 << ": " << file.lines[i];
    }
  }
}

TEST(House, FamiliesAreRecognised) {
  EXPECT_EQ(named_family("if (arch == \"llama\") {"), "llama");
  EXPECT_EQ(named_family("Qwen2MoeForCausalLM"), "qwen");
  EXPECT_EQ(named_family("// as Phi-3 does"), "phi-3");
  EXPECT_EQ(named_family("// MPT's ALiBi"), "mpt");
  EXPECT_EQ(named_family("the prompt is empty; a coherent graph"), "");
  EXPECT_EQ(named_family("// ggml-common.h of llama.cpp"), "");
  EXPECT_EQ(named_family("// as llama-bench and llama_batched_bench do"), "");
  EXPECT_EQ(named_family("// latent attention (DeepSeek-V2, arXiv:2405.04434)"), "");
  EXPECT_EQ(named_family("if (type == \"llama3\") return scale_by_parts();"), "");
  EXPECT_EQ(named_family("// llama.cpp calls it qwen"), "qwen");
}

// --- output -------------------------------------------------------------------------------------

TEST(House, NothingBelowTheCommandLinePrints) {
  const std::regex prints(
      R"(std::c(out|err|log)\b|fmt::print\b|(^|[^\w.>])(std::)?(v?f?printf|f?puts|putchar|perror)\s*\()");
  EXPECT_TRUE(std::regex_search("  printf(\"x\");", prints));
  EXPECT_TRUE(std::regex_search("std::fprintf(stderr, \"x\");", prints));
  EXPECT_FALSE(std::regex_search("std::snprintf(buffer, 3, \"x\"); inputs(3);", prints));
  for (const SourceFile& file : read_sources(kRoot / "src")) {
    if (file.floor() == "cli") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (file.lines[i].find_first_of("(:") == std::string::npos) continue;
      EXPECT_FALSE(std::regex_search(file.lines[i], prints))
          << "src/" << file.path << ":" << i + 1 << ": " << file.lines[i];
    }
  }
}

// --- objects ------------------------------------------------------------------------------------

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

// The output of a command; its exit status in `status`.
std::string output_of(const std::string& command, int* status) {
  std::string out;
  std::FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), n);
  *status = pclose(pipe);
  return out;
}

// A weak symbol is one that the linker may take for every other file's copy: code for AVX-512 would then run
// on processors that lack it.
TEST(House, VectorObjectsShareNoCode) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers add symbols of their own";
  int status = 0;
  output_of("nm --version 2>/dev/null", &status);
  if (status != 0) GTEST_SKIP() << "needs nm (binutils)";
  std::size_t objects = 0;
  for (const SourceFile& file : read_sources(kRoot / "src/kernels")) {
    if (!file.path.starts_with("avx") || !file.path.ends_with(".cpp")) continue;
    const fs::path object =
        fs::path(PITH_BINARY_DIR) / "CMakeFiles/pith.dir/src/kernels" / (file.path + ".o");
    if (!fs::exists(object)) continue;  // another processor's build
    ++objects;
    const std::string symbols = output_of("nm -C --defined-only '" + object.string() + "'", &status);
    ASSERT_EQ(status, 0) << object;
    EXPECT_FALSE(symbols.empty()) << object;
    const std::regex weak(R"((^|\n)[0-9a-f]+ ([WwVvu] [^\n]*))");
    for (std::sregex_iterator it(symbols.begin(), symbols.end(), weak), end; it != end; ++it) {
      ADD_FAILURE() << "src/kernels/" << file.path << " defines a weak symbol: " << (*it)[2];
    }
  }
#ifdef __x86_64__
  EXPECT_GT(objects, 0u);
#endif
}

}  // namespace
