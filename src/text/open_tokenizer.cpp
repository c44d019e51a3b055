// Tokenizer::open: which of the tokenizer files a path means.
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "format/gguf.h"
#include "text/loaders.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

struct Pair {
  std::string_view vocab, merges;
};
constexpr Pair kPairs[] = {{"vocab.json", "merges.txt"}, {"encoder.json", "vocab.bpe"}};

constexpr std::string_view kSingles[] = {"tokenizer.json", "tokenizer.model"};

/// The tokenizer file of a directory: the one that says the most first. Empty if there is none.
fs::path file_in(const fs::path& directory) {
  for (const std::string_view name : kSingles) {
    if (fs::exists(directory / name)) return directory / name;
  }
  for (const Pair& pair : kPairs) {
    if (fs::exists(directory / pair.vocab) && fs::exists(directory / pair.merges))
      return directory / pair.vocab;
  }
  std::vector<fs::path> ranks;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.path().extension() == ".tiktoken") ranks.push_back(entry.path());
  }
  return ranks.size() == 1 ? ranks[0] : fs::path();
}

std::string shown_path(const fs::path& path) { return printable(path.string(), std::string::npos); }

LoadedParts load(const fs::path& path, std::string_view pre, const TokenizerConfig& config) {
  const std::string name = path.filename().string(), shown = shown_path(path);
  for (const Pair& pair : kPairs) {
    if (name != pair.vocab && name != pair.merges) continue;
    const fs::path vocab = path.parent_path() / pair.vocab, merges = path.parent_path() / pair.merges;
    return parse_vocab_and_merges(read_file(vocab), read_file(merges), pre, config, shown_path(vocab),
                                  shown_path(merges));
  }
  const std::string bytes = read_file(path);
  if (path.extension() == ".json") return parse_tokenizer_json(bytes, shown);
  if (path.extension() == ".bin") return parse_llama2c(bytes, shown);
  if (path.extension() == ".tiktoken" || looks_like_tiktoken(bytes))
    return parse_tiktoken(bytes, pre, config, shown);
  if (path.extension() == ".model") return parse_sentencepiece(bytes, shown);
  fail(
      "{}: not a tokenizer file: expected tokenizer.json, tokenizer.model, *.tiktoken, vocab.json and "
      "merges.txt, "
      "encoder.json and vocab.bpe, *.bin of llama2.c, *.gguf, or a directory with one of them",
      shown);
}

}  // namespace

bool Tokenizer::is_in(const fs::path& directory) { return !file_in(directory).empty(); }

Tokenizer Tokenizer::open(const fs::path& file_or_directory, std::string_view pre) {
  fs::path path = file_or_directory;
  if (fs::is_directory(path)) {
    path = file_in(path);
    if (path.empty()) {
      fail(
          "{}: the directory holds no tokenizer: no tokenizer.json, tokenizer.model, vocab.json and "
          "merges.txt, or "
          "*.tiktoken",
          shown_path(file_or_directory));
    }
  }
  if (fs::is_regular_file(path) && path.extension() == ".gguf")
    return from_metadata(open_gguf(path).metadata);
  const TokenizerConfig config = read_tokenizer_config(path.parent_path());
  const LoadedParts parts = load(path, pre, config);
  apply_config(config, *parts);
  finish_parts(*parts);
  return Tokenizer(parts);
}

}  // namespace pith
