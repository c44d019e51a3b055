// pith logits: what the model says about given tokens, as numbers.
#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

struct Logits {
  ModelOptions model;
  std::optional<std::string> tokens;
  std::string output;
};

using Sink = std::function<void(std::string_view)>;

// A file format: what comes before, between and after the rows.
struct Format {
  std::string_view extension;
  std::string (*begin)(std::span<const TokenId> tokens, std::size_t vocab);
  std::string (*row)(std::span<const float> logits, bool first);
  std::string_view end;
};

std::string raw_row(std::span<const float> logits, bool) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(logits.data()), logits.size_bytes()};
}

// NumPy's format 1.0: a magic number, the length of a dictionary, the dictionary padded to 64 bytes.
std::string npy_begin(std::span<const TokenId> tokens, std::size_t vocab) {
  std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", tokens.size(), vocab);
  dictionary.append(63 - (10 + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(dictionary.size() & 0xff);
  out += static_cast<char>(dictionary.size() >> 8);
  return out + dictionary;
}

std::string json_begin(std::span<const TokenId> tokens, std::size_t vocab) {
  return fmt::format("{{\"tokens\":[{}],\"vocab\":{},\"logits\":[", fmt::join(tokens, ","), vocab);
}

std::string json_row(std::span<const float> logits, bool first) {
  std::string out = first ? "\n[" : ",\n[";
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (i > 0) out += ',';
    // JSON has no NaN and no infinity.
    out += std::isfinite(logits[i]) ? fmt::format("{}", logits[i]) : "null";
  }
  return out + "]";
}

constexpr Format kFormats[] = {
    {".f32", [](std::span<const TokenId>, std::size_t) { return std::string(); }, raw_row, ""},
    {".npy", npy_begin, raw_row, ""},
    {".json", json_begin, json_row, "]}\n"},
};

const Format& format_of(const std::string& path) {
  const std::string extension = path == "-" ? ".json" : std::filesystem::path(path).extension().string();
  for (const Format& f : kFormats) {
    if (f.extension == extension) return f;
  }
  fail_usage("logits: -o {}: expected a name that ends with .f32, .npy or .json", printable(path));
}

// False where the user interrupted.
bool compute(Engine& engine, std::span<const TokenId> tokens, const Format& format, const Sink& sink) {
  const auto vocab = static_cast<std::size_t>(engine.model().spec.vocab);
  sink(format.begin(tokens, vocab));
  Sequence sequence = engine.new_sequence();
  const auto chunk = static_cast<std::size_t>(engine.options().logit_rows);
  for (std::size_t at = 0; at < tokens.size(); at += chunk) {
    if (interrupted()) return false;
    const auto part = tokens.subspan(at, std::min(chunk, tokens.size() - at));
    const Chunk step{&sequence, part, WantLogits::All};
    const std::span<const float> logits = engine.step({&step, 1});
    for (std::size_t i = 0; i < part.size(); ++i)
      sink(format.row(logits.subspan(i * vocab, vocab), at + i == 0));
  }
  sink(format.end);
  return true;
}

int run(const Logits& o) {
  if (!o.tokens) fail_usage("logits: --tokens \"1 17 93\" is missing");
  const Format& format = format_of(o.output);
  const std::vector<TokenId> tokens = read_token_ids(*o.tokens == "-" ? read_stdin() : *o.tokens, "logits");
  if (tokens.empty()) fail_usage("logits: --tokens holds no token");
  const auto count = static_cast<std::int64_t>(tokens.size());

  const std::shared_ptr<const Model> model = open_model(find_model(o.model.model));
  for (const TokenId id : tokens) {  // before anything is written
    if (id < 0 || id >= model->spec.vocab)
      fail("token id {} is outside the vocabulary of {}", id, model->spec.vocab);
  }
  ModelOptions values = o.model;
  if (values.context == 0) values.context = count;
  EngineOptions options = engine_options(values);
  if (count > options.context) fail("{} tokens are more than the context of {}", count, options.context);
  options.logit_rows = options.step_tokens = std::min(options.step_tokens, count);
  Engine engine(model, options);
  report_engine(values, engine);

  if (o.output == "-") return compute(engine, tokens, format, write_out) ? 0 : kInterrupted;
  AtomicFile file(o.output);
  const bool done = compute(engine, tokens, format,
                            [&](std::string_view text) { file.write(std::as_bytes(std::span(text))); });
  if (!done) return kInterrupted;
  file.commit();
  if (o.model.json) {
    write_out(fmt::format("{{\"file\":{},\"tokens\":{},\"vocab\":{}}}\n", to_json_string(o.output), count,
                          model->spec.vocab));
  }
  return 0;
}

}  // namespace

Action declare_logits(Options& options) {
  auto o = std::make_shared<Logits>();
  o->output = "-";
  o->model.cache_k = o->model.cache_v = "f32";
  o->model.chunk = 64;  // every row of a step needs room for its logits
  options.option("--tokens", o->tokens, "IDS", "token ids, separated by blanks; '-': standard input");
  options.option("-o,--output", o->output, "FILE",
                 "row-major [tokens][vocabulary]: .f32 (raw floats), .npy or .json; without it JSON on "
                 "standard output");
  declare_model_options(options, o->model, "say on standard output as JSON what was written to FILE");
  declare_engine_options(options, o->model);
  options.example("pith logits -m model.gguf --tokens \"1 17 93\" -o logits.npy");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
