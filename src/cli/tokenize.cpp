// pith tokenize: text to ids and back.
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/terminal.h"
#include "format/gguf.h"
#include "text/chat_prompt.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Tokenize {
  ModelOptions model;
  std::optional<std::string> text;
  std::string chat;
  bool ids = false, pieces = false, decode = false, jsonl = false;
  EncodeOptions encode;
};

Tokenizer open_tokenizer(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    if (!Tokenizer::is_in(path)) fail("{}: no tokenizer file in this directory", printable(path.string()));
    return Tokenizer::open(path);
  }
  if (!is_gguf(path)) return Tokenizer::open(path);
  const ModelFile file = open_gguf(path);
  if (!has_vocabulary(file.metadata)) fail("{}: holds no vocabulary", printable(path.string()));
  return Tokenizer::from_metadata(file.metadata);
}

std::string join(const std::vector<TokenId>& ids) { return fmt::format("{}\n", fmt::join(ids, " ")); }

// One token a line: id and spelling.
std::string piece_lines(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::string out;
  for (const TokenId id : ids) out += fmt::format("{}\t{}\n", id, printable(tokenizer.spelling(id), 1000));
  return out;
}

void print_text(const Tokenize& o, const Tokenizer& tokenizer, const std::string& text) {
  if (o.decode) {
    const std::string decoded = tokenizer.decode(read_token_ids(text, "tokenize"), o.encode.parse_special);
    write_out(o.model.json ? to_json_text(Json{{"text", decoded}}) + "\n" : decoded + "\n");
    return;
  }
  const std::vector<TokenId> ids = tokenizer.encode(text, o.encode);
  if (o.model.json) {
    Json out{{"ids", ids}};
    if (o.pieces) {
      Json& pieces = out["pieces"] = Json::array();
      for (const TokenId id : ids) pieces.push_back(std::string(tokenizer.spelling(id)));
    }
    write_out(to_json_text(out) + "\n");
  } else {
    write_out(o.pieces ? piece_lines(tokenizer, ids) : join(ids));
  }
}

// Lines {"text": ...} to lines {"ids": [...]}; with --decode the other way round.
int convert_lines(const Tokenize& o, const Tokenizer& tokenizer) {
  std::string line;
  for (std::size_t number = 1; read_stdin_line(line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = fmt::format("standard input, line {}", number);
    const nlohmann::json in = parse_json(line, where);
    const char* key = o.decode ? "ids" : "text";
    if (!in.is_object() || !in.contains(key)) fail("{}: expected an object with \"{}\"", where, key);
    Json out;
    if (o.decode) {
      if (!in[key].is_array()) fail("{}: \"ids\": expected an array of token ids", where);
      std::vector<TokenId> ids;
      for (const auto& id : in[key]) {
        if (!id.is_number_integer() || id < INT32_MIN || id > INT32_MAX)
          fail("{}: expected token ids, found {}", where, printable(id.dump(), 40));
        if (!tokenizer.contains(id.get<TokenId>()))
          fail("{}: token id {} is outside the vocabulary of {} tokens", where, id.get<TokenId>(),
               tokenizer.size());
        ids.push_back(id.get<TokenId>());
      }
      out["text"] = tokenizer.decode(ids, o.encode.parse_special);
    } else {
      if (!in[key].is_string()) fail("{}: \"text\": expected a string", where);
      out["ids"] = tokenizer.encode(in[key].get<std::string>(), o.encode);
    }
    write_out(to_json_text(out) + "\n");
  }
  return interrupted() ? kInterrupted : 0;
}

// What the model reads of a conversation.
int print_chat(const Tokenize& o, const std::filesystem::path& path, const Tokenizer& tokenizer) {
  const std::string name = o.chat == "-" ? "standard input" : o.chat;
  const std::string text = o.chat == "-" ? read_stdin() : read_file(o.chat);
  if (interrupted()) return kInterrupted;
  parse_json(text, name);  // depth and syntax, before the parser below that keeps the order
  const Json messages = Json::parse(text);
  if (!messages.is_array()) fail("{}: expected an array of messages", name);
  const std::string source = find_chat_template(path);
  if (source.empty()) fail("{}: has no chat template", printable(path.string()));
  const ChatPrompt prompt(tokenizer, source, path.string());
  const std::string rendered = prompt.render(messages, Json::object());
  const std::vector<TokenId> ids = prompt.encode(messages, Json::object());
  write_out(o.model.json ? to_json_text({{"text", rendered}, {"ids", ids}}) + "\n"
                         : rendered + "\n" + join(ids));
  return 0;
}

int run(const Tokenize& o) {
  if (o.ids + o.pieces + o.decode > 1)
    fail_usage("tokenize: --ids, --pieces and --decode exclude each other");
  if (o.jsonl && o.text && *o.text != "-")
    fail_usage("tokenize: --jsonl reads standard input, not an argument");
  if (o.jsonl && !o.text && stdin_is_terminal()) fail_usage("tokenize: no input; pipe lines in");
  if (o.jsonl && o.pieces) fail_usage("tokenize: --jsonl and --pieces exclude each other");
  if (!o.chat.empty() && (o.text || o.jsonl || o.pieces || o.decode))
    fail_usage("tokenize: --chat excludes a text, --jsonl, --pieces and --decode");
  const std::filesystem::path path = find_model(o.model.model);
  const Tokenizer tokenizer = open_tokenizer(path);
  if (o.model.verbose) note("{}, {} tokens", tokenizer.description(), tokenizer.size());
  if (!o.chat.empty()) return print_chat(o, path, tokenizer);
  if (o.jsonl) return convert_lines(o, tokenizer);
  print_text(o, tokenizer, read_text(o.text, "", "tokenize"));
  return interrupted() ? kInterrupted : 0;
}

}  // namespace

Action declare_tokenize(Options& options) {
  auto o = std::make_shared<Tokenize>();
  options.positional("TEXT", o->text, "the text, or ids with --decode; '-' or nothing: standard input");
  declare_model_options(options, o->model, "one JSON object instead of plain text");
  options.flag("--ids", o->ids, "print ids in one line (the default)");
  options.flag("--pieces", o->pieces, "print one token a line: id, tab, spelling in the vocabulary");
  options.flag("--decode", o->decode, "the other way: ids in, text out");
  options.flag("--jsonl", o->jsonl,
               "read lines {\"text\": ...} and write lines {\"ids\": [...]}; with --decode the other way");
  options.option("--chat", o->chat, "FILE",
                 "messages as JSON, through the model's chat template: the text, then the ids");
  options.flag("--add-special", o->encode.add_special, "begin and end as the model does (BOS, EOS)");
  options.flag("--parse-special", o->encode.parse_special,
               "special tokens written in the text become their ids; with --decode they are shown");
  options.example("pith tokenize -m model.gguf \"Once upon a time\"");
  options.example("pith tokenize -m model.gguf --decode \"1 403 407\"");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
