#include "text/tokenizer_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/json_components.h"

namespace pith {
namespace {

using nlohmann::json;

std::string shown_path(const std::filesystem::path& path) {
  return printable(path.string(), std::string::npos);
}

std::optional<json> read_json(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  json j = parse_json(read_file(path), shown_path(path));
  if (!j.is_object()) fail("{}: found {}, expected an object", shown_path(path), j.type_name());
  return j;
}

/// "<s>", or {"content": "<s>", ...}, or null.
std::optional<std::string> token_text(const json& config, const char* key, std::string_view source) {
  const auto it = config.find(key);
  if (it == config.end() || it->is_null()) return std::nullopt;
  return it->is_object() ? string_member(*it, "content", source) : string_member(config, key, source);
}

std::optional<bool> flag(const json& config, const char* key, std::string_view source) {
  const auto it = config.find(key);
  if (it == config.end() || it->is_null()) return std::nullopt;
  return bool_member(config, key, false, source);
}

std::vector<AddedToken> added_tokens(const json& config, std::string_view source) {
  std::vector<AddedToken> out;
  const auto it = config.find("added_tokens_decoder");
  if (it == config.end()) return out;
  if (!it->is_object()) fail("{}: added_tokens_decoder is {}, expected an object", source, it->type_name());
  for (const auto& [key, token] : it->items()) {
    if (key.empty() || key.size() > 9 ||
        !std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      fail("{}: added_tokens_decoder has the key '{}', expected an id", source, printable(key));
    }
    const auto set = [&, &t = token](const char* name) { return bool_member(t, name, false, source); };
    out.push_back({.id = std::stoi(key),
                   .text = string_member(token, "content", source),
                   .special = set("special"),
                   .lstrip = set("lstrip"),
                   .rstrip = set("rstrip"),
                   .single_word = set("single_word"),
                   .normalized = set("normalized")});
  }
  std::sort(out.begin(), out.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return out;
}

std::vector<std::int64_t> generation_ends(const json& config, std::string_view source) {
  std::vector<std::int64_t> out;
  const auto it = config.find("eos_token_id");
  if (it == config.end() || it->is_null()) return out;
  const json list = it->is_array() ? *it : json::array({*it});
  for (const json& id : list) {
    if (!id.is_number_integer()) fail("{}: eos_token_id is {}, expected integers", source, id.type_name());
    out.push_back(id.get<std::int64_t>());
  }
  return out;
}

// The classes of transformers that put BOS and EOS by their own options, whatever tokenizer.json says.
constexpr std::string_view kClassesWithOwnBos[] = {
    "LlamaTokenizer",  "LlamaTokenizerFast",  "GemmaTokenizer",     "GemmaTokenizerFast",
    "CohereTokenizer", "CohereTokenizerFast", "CodeLlamaTokenizer", "CodeLlamaTokenizerFast"};

constexpr std::pair<std::string_view, std::string_view> kPreOfClass[] = {
    {"GPT2Tokenizer", "gpt-2"},       {"GPT2TokenizerFast", "gpt-2"},       {"GPTNeoXTokenizerFast", "olmo"},
    {"CodeGenTokenizer", "gpt-2"},    {"CodeGenTokenizerFast", "gpt-2"},    {"RobertaTokenizer", "gpt-2"},
    {"Qwen2Tokenizer", "qwen2"},      {"Qwen2TokenizerFast", "qwen2"},      {"QWenTokenizer", "qwen2"},
    {"CohereTokenizer", "command-r"}, {"CohereTokenizerFast", "command-r"}, {"BloomTokenizerFast", "bloom"},
    {"OPTTokenizer", "gpt-2"},
};

}  // namespace

TokenizerConfig read_tokenizer_config(const std::filesystem::path& directory) {
  TokenizerConfig out;
  const auto path = directory / "tokenizer_config.json";
  out.source = shown_path(path);
  if (const auto config = read_json(path)) {
    if (const auto name = token_text(*config, "tokenizer_class", out.source)) out.tokenizer_class = *name;
    out.bos = token_text(*config, "bos_token", out.source);
    out.eos = token_text(*config, "eos_token", out.source);
    out.unknown = token_text(*config, "unk_token", out.source);
    out.pad = token_text(*config, "pad_token", out.source);
    out.add_bos = flag(*config, "add_bos_token", out.source);
    out.add_eos = flag(*config, "add_eos_token", out.source);
    out.added = added_tokens(*config, out.source);
  }
  const auto generation = directory / "generation_config.json";
  if (const auto config = read_json(generation))
    out.generation_ends = generation_ends(*config, shown_path(generation));
  return out;
}

std::string_view pre_name_of_class(std::string_view tokenizer_class) {
  for (const auto& [name, pre] : kPreOfClass) {
    if (name == tokenizer_class) return pre;
  }
  return {};
}

void apply_config(const TokenizerConfig& config, TokenizerParts& parts) {
  const auto set = [&](const std::optional<std::string>& text, std::optional<TokenId>& id,
                       std::string_view what) {
    if (!text) return;
    id = parts.vocabulary.find(*text);
    if (!id) fail("{}: the {} token '{}' is not in the vocabulary", config.source, what, printable(*text));
  };
  set(config.bos, parts.bos, "BOS");
  set(config.eos, parts.eos, "EOS");
  set(config.pad, parts.pad, "padding");
  if (!parts.unknown) set(config.unknown, parts.unknown, "unknown");
  const bool own = std::find(std::begin(kClassesWithOwnBos), std::end(kClassesWithOwnBos),
                             config.tokenizer_class) != std::end(kClassesWithOwnBos);
  // SentencePiece and tiktoken files have no template of their own.
  const bool decides = own || (parts.prefix.empty() && parts.suffix.empty());
  const auto put = [&](std::optional<bool> add, std::optional<TokenId> id, std::vector<TokenId>& ids) {
    if (!decides || !add) return;
    ids.clear();
    if (*add && id) ids.push_back(*id);
  };
  put(config.add_bos, parts.bos, parts.prefix);
  put(config.add_eos, parts.eos, parts.suffix);
  for (const std::int64_t id : config.generation_ends) {
    parts.end_of_generation.push_back(checked_id(parts, id, "generation_config.json's eos_token_id"));
  }
}

}  // namespace pith
