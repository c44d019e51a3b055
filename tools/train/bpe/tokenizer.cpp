#include "train/bpe/tokenizer.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "text/pre_names.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"
#include "train/corpus/draw.h"
#include "train/jsonl.h"

namespace pith::lab {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

const std::vector<std::string> kSpecial = {kEndOfText, kTurnStart, kTurnEnd};

// ChatML as many models have it.
constexpr std::string_view kChatTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
    "'<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% "
    "endif "
    "%}";

void write_text(const fs::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

class WordCounter {
 public:
  void add(std::string_view text) {
    pretokenizer_.split(text, true, words_);
    for (const std::string_view word : words_.list) ++counts_[std::string(word)];
  }
  const WordCounts& counts() const { return counts_; }

 private:
  Pretokenizer pretokenizer_ = make_pretokenizer(*find_pre_name("smollm"));
  Words words_;
  WordCounts counts_;
};

WordCounts count_words(const fs::path& corpus) {
  WordCounter counter;
  read_jsonl(corpus / "pretrain.jsonl",
             [&](const nlohmann::json& line) { counter.add(line.at("text").get_ref<const std::string&>()); });
  read_jsonl(corpus / "sft_train.jsonl", [&](const nlohmann::json& line) {
    for (const auto& message : line.at("messages")) {
      counter.add(message.at("role").get_ref<const std::string&>() + "\n");
      counter.add(message.at("content").get_ref<const std::string&>());
    }
  });
  return counter.counts();
}

struct KindCount {
  std::int64_t documents = 0, tokens = 0;
  double nats = 0;
};

// Encodes one file of documents and writes its stream; returns what goes into the report.
Json write_stream(const Tokenizer& tokenizer, const fs::path& from, const fs::path& to, std::uint64_t seed) {
  std::vector<std::vector<std::uint16_t>> documents;
  std::map<std::string, KindCount> kinds;
  const TokenId end = *tokenizer.find(kEndOfText);
  read_jsonl(from, [&](const nlohmann::json& line) {
    std::vector<TokenId> ids = tokenizer.encode(line.at("text").get_ref<const std::string&>());
    ids.push_back(end);
    KindCount& kind = kinds[line.at("kind").get<std::string>()];
    ++kind.documents, kind.tokens += std::ssize(ids), kind.nats += line.at("nats").get<double>();
    documents.emplace_back(ids.begin(), ids.end());
  });
  Draw draw(seed);
  draw.shuffle(documents);
  AtomicFile out(to);
  for (const auto& ids : documents) {
    std::vector<std::byte> bytes;
    for (const std::uint16_t id : ids) {
      bytes.push_back(static_cast<std::byte>(id & 0xff));
      bytes.push_back(static_cast<std::byte>(id >> 8));
    }
    out.write(bytes);
  }
  out.commit();

  KindCount all;
  for (const auto& [name, kind] : kinds) all.tokens += kind.tokens, all.nats += kind.nats;
  Json report = {{"tokens", all.tokens},
                 {"derivation_nats_per_token", all.nats / static_cast<double>(all.tokens)}};
  for (const auto& [name, kind] : kinds) {
    const auto tokens = static_cast<double>(kind.tokens);
    report["kinds"][name] = {{"documents", kind.documents},
                             {"tokens", kind.tokens},
                             {"share", tokens / static_cast<double>(all.tokens)},
                             {"derivation_nats_per_token", kind.nats / tokens}};
  }
  return report;
}

}  // namespace

void write_tokenizer(const fs::path& folder, const BpeVocabulary& vocabulary, bool chat) {
  Json added = Json::array(), ids = Json::object(), merges = Json::array();
  const auto spelling = [&](int id) {
    const std::string& token = vocabulary.tokens[static_cast<std::size_t>(id)];
    return id < static_cast<int>(kSpecial.size()) ? token : to_byte_alphabet(token);
  };
  for (int id = 0; id < static_cast<int>(vocabulary.tokens.size()); ++id) ids[spelling(id)] = id;
  for (int id = 0; id < static_cast<int>(kSpecial.size()); ++id) {
    added.push_back({{"id", id},
                     {"content", spelling(id)},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  for (const auto& [left, right] : vocabulary.merges) merges.push_back({spelling(left), spelling(right)});
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const Json digits = {{"type", "Digits"}, {"individual_digits", true}};
  const Json tokenizer = {{"version", "1.0"},
                          {"truncation", nullptr},
                          {"padding", nullptr},
                          {"added_tokens", std::move(added)},
                          {"normalizer", nullptr},
                          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {digits, byte_level}}}},
                          {"post_processor", nullptr},
                          {"decoder", byte_level},
                          {"model",
                           {{"type", "BPE"},
                            {"dropout", nullptr},
                            {"unk_token", nullptr},
                            {"continuing_subword_prefix", nullptr},
                            {"end_of_word_suffix", nullptr},
                            {"fuse_unk", false},
                            {"byte_fallback", false},
                            {"ignore_merges", false},
                            {"vocab", std::move(ids)},
                            {"merges", std::move(merges)}}}};
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"add_bos_token", false},
                 {"bos_token", nullptr},
                 {"eos_token", kEndOfText},
                 {"clean_up_tokenization_spaces", false}};
  fs::create_directories(folder);
  if (chat) {
    config["eos_token"] = kTurnEnd;
    write_text(folder / "chat_template.jinja", kChatTemplate);
  }
  write_text(folder / "tokenizer_config.json", config.dump(1) + "\n");
  write_text(folder / "tokenizer.json", tokenizer.dump(1) + "\n");
}

void make_tokenizer(const Config& config) {
  const auto seed = static_cast<std::uint64_t>(config.integer("seed", 0, INT64_MAX));
  const int size = static_cast<int>(config.integer("vocabulary", 259, 65536));
  const fs::path corpus = config.text("corpus"), folder = config.text("folder");
  const fs::path plain = config.text("plain_folder"), tokens = config.text("tokens");
  config.finish();

  const BpeVocabulary vocabulary = train_bpe(count_words(corpus), kSpecial, size);
  write_tokenizer(plain, vocabulary, false);
  write_tokenizer(folder, vocabulary, true);
  fs::create_directories(tokens);
  const Tokenizer tokenizer = Tokenizer::open(folder);
  Json report;
  for (const std::string part : {"pretrain", "validation", "replay"}) {
    report[part] = write_stream(tokenizer, corpus / (part + ".jsonl"), tokens / (part + ".u16"), seed);
  }
  write_text(tokens / "report.json", report.dump(1) + "\n");
}

}  // namespace pith::lab
