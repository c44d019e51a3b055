// pith inspect: what a model file holds, what pith makes of it, and the memory that takes.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/inspect_experts.h"
#include "cli/loading.h"
#include "cli/terminal.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Inspect {
  ModelOptions model;
  std::optional<std::string> path;
  std::string expert_stats;
  bool tensors = false;
};

// The report is made once, as JSON; the text shows the same.
class Report {
 public:
  /// A line of the text and a member of the object.
  void add(const char* key, const char* label, Json value, const std::string& text) {
    json_[key] = std::move(value);
    if (!text.empty()) text_ += fmt::format("{:<14}{}\n", label, text);
  }
  void line(const std::string& text) { text_ += text + "\n"; }
  Json& json() { return json_; }
  const std::string& text() const { return text_; }

 private:
  Json json_;
  std::string text_;
};

std::string_view container_name(const ModelFile& file) {
  return file.container == Container::Gguf ? "GGUF" : "Hugging Face directory";
}

std::string text_of(const ModelFile& file, const char* key) {
  const MetaValue* v = file.metadata.find_raw(key);
  return v && !v->array && v->type == MetaType::String ? printable(v->strings[0]) : "";
}

void report_types(Report& report, const ModelFile& file) {
  struct Row {
    std::string_view type;
    std::uint64_t tensors = 0, parameters = 0, bytes = 0;
  };
  std::vector<Row> rows;
  for (const NamedTensor& t : file.tensors.all()) {
    const std::string_view name = type_info(t.tensor.type).name;
    auto row = std::ranges::find(rows, name, &Row::type);
    if (row == rows.end()) row = rows.insert(rows.end(), Row{name});
    ++row->tensors;
    row->parameters += static_cast<std::uint64_t>(t.tensor.elements());
    row->bytes += static_cast<std::uint64_t>(t.tensor.bytes());
  }
  std::ranges::sort(rows, std::greater(), &Row::bytes);
  Json list = Json::array();
  std::string text;
  for (const Row& r : rows) {
    list.push_back(
        {{"type", r.type}, {"tensors", r.tensors}, {"parameters", r.parameters}, {"bytes", r.bytes}});
    text += fmt::format("{}{} ({} tensor{}, {})", text.empty() ? "" : ", ", r.type, r.tensors,
                        r.tensors == 1 ? "" : "s", size_string(r.bytes));
  }
  report.add("types", "types", std::move(list), text);
}

// Distinct layers with how many there are of each.
std::string layers_string(const Spec& spec) {
  std::vector<std::pair<std::string, int>> kinds;
  for (const LayerSpec& l : spec.layers) {
    const AttentionSpec& a = l.attention;
    std::string text = fmt::format("{} heads of {}", a.heads, a.head_dim);
    if (a.kv_heads != a.heads) text += fmt::format(", {} KV heads", a.kv_heads);
    if (a.window > 0) text += fmt::format(", window {}", a.window);
    if (l.ffn.moe.experts > 0) {
      text +=
          fmt::format(", {} of {} experts of width {}", l.ffn.moe.active, l.ffn.moe.experts, l.ffn.moe.width);
    } else {
      text += fmt::format(", FFN of width {}", l.ffn.width);
    }
    const auto same = std::ranges::find(kinds, text, &std::pair<std::string, int>::first);
    if (same == kinds.end()) {
      kinds.emplace_back(text, 1);
    } else {
      ++same->second;
    }
  }
  std::string out;
  for (const auto& [text, n] : kinds) out += fmt::format("{}{} x ({})", out.empty() ? "" : " + ", n, text);
  return out;
}

void report_model(Report& report, const Model& model) {
  const Spec& s = model.spec;
  report.add("layers", "layers", s.layers.size(), layers_string(s));
  report.add("width", "width", s.width, fmt::format("{}", s.width));
  report.add("vocabulary", "vocabulary", s.vocab,
             fmt::format("{} tokens{}", s.vocab, model.weights.tied ? ", output tied to the embedding" : ""));
  const std::uint64_t all = model.parameters(), active = model.active_parameters();
  report.add("parameters", "parameters", all,
             active == all
                 ? count_string(all)
                 : fmt::format("{}, of them {} active per token", count_string(all), count_string(active)));
  report.json()["active_parameters"] = active;
  report.add("context", "context", s.trained_context,
             s.trained_context > 0 ? fmt::format("{} tokens", s.trained_context) : "not stated");
}

void report_memory(Report& report, const Model& model, const ModelOptions& values) {
  EngineOptions o = engine_options(values);
  if (o.context == 0) o.context = Engine::default_context(model, o);
  const MemoryPlan plan = Engine::plan(model, o);
  const std::uint64_t weights = model.weight_bytes(), have = available_memory();
  const bool runs = plan.total() <= have, fits = plan.total() + weights <= have;
  report.add("memory", "memory",
             {{"context", o.context},
              {"weights", weights},
              {"kv", plan.kv},
              {"scratch", plan.scratch},
              {"total", weights + plan.total()},
              {"available", have},
              {"fits", fits}},
             fmt::format("{} with a context of {}: weights {}, KV cache {}, scratch {}",
                         size_string(weights + plan.total()), o.context, size_string(weights),
                         size_string(plan.kv), size_string(plan.scratch)));
  report.line(fmt::format("{:14}{}, {} available", "",
                          fits   ? "fits here"
                          : runs ? "runs here, but reads weights from the disk again and again"
                                 : "does not fit here",
                          size_string(have)));
}

void report_tokenizer(Report& report, const ModelFile& file) {
  const std::optional<Tokenizer> tokenizer = find_tokenizer(file);
  if (!tokenizer) {
    report.add("tokenizer", "tokenizer", nullptr, "none");
    return;
  }
  Json ids = Json::object();
  const auto add = [&](const char* key, std::optional<TokenId> id) {
    if (id) ids[key] = *id;
  };
  add("bos", tokenizer->bos());
  add("eos", tokenizer->eos());
  std::string text = fmt::format("{}, {} tokens", tokenizer->description(), tokenizer->size());
  if (tokenizer->bos()) {
    text += fmt::format(", BOS {}{}", printable(tokenizer->spelling(*tokenizer->bos())),
                        tokenizer->adds_bos() ? "" : " (not added)");
  }
  if (!tokenizer->end_of_generation().empty()) text += ", ends with";
  for (const TokenId id : tokenizer->end_of_generation()) text += " " + printable(tokenizer->spelling(id));
  report.add("tokenizer", "tokenizer",
             {{"kind", tokenizer->description()},
              {"tokens", tokenizer->size()},
              {"ids", std::move(ids)},
              {"adds_bos", tokenizer->adds_bos()},
              {"adds_eos", tokenizer->adds_eos()},
              {"end_of_generation", tokenizer->end_of_generation()}},
             text);
}

void report_tensors(Report& report, const ModelFile& file) {
  Json list = Json::array();
  report.line("");
  for (const NamedTensor& t : file.tensors.all()) {
    Json shape = Json::array();
    for (std::size_t i = 0; i < 4 && (i == 0 || t.tensor.ne[i] != 1 || t.tensor.rows() != t.tensor.ne[1]);
         ++i)
      shape.push_back(t.tensor.ne[i]);
    const std::string_view type = type_info(t.tensor.type).name;
    list.push_back({{"name", t.name}, {"type", type}, {"shape", shape}, {"bytes", t.tensor.bytes()}});
    report.line(fmt::format("{:<40} {:<7} {:>20} {:>10}", printable(t.name), type, shape_string(t.tensor),
                            size_string(static_cast<std::uint64_t>(t.tensor.bytes()))));
  }
  report.json()["tensors"] = std::move(list);
}

int run(const Inspect& o) {
  if (!o.expert_stats.empty()) {
    if (o.path || !o.model.model.empty())
      fail_usage("inspect: --expert-stats and a model exclude each other");
    const std::string text = describe_experts(o.expert_stats);  // whether it is what it should be, too
    write_out(o.model.json ? read_file(o.expert_stats) : text);
    return 0;
  }
  if (o.path && !o.model.model.empty()) fail_usage("inspect: MODEL and -m exclude each other");
  const std::filesystem::path path = find_model(o.path ? *o.path : o.model.model);
  const ModelFile opened = open_model_file(path);
  // A file without tensors (a vocabulary alone) is no failure; a model that pith cannot run is one.
  std::string problem;
  std::shared_ptr<const Model> model;
  if (!opened.tensors.all().empty()) {
    try {
      model = open_model(path);
    } catch (const Error& e) {
      problem = e.what();
    }
  }
  const ModelFile& file = model ? model->file : opened;

  Report report;
  report.add("path", "file", path.string(),
             fmt::format("{} ({})", printable(path.string(), 400), container_name(file)));
  report.json()["container"] = container_name(file);
  if (const std::string name = text_of(file, "general.name"); !name.empty())
    report.add("name", "name", name, name);
  const std::string name = text_of(file, "general.architecture");
  const Arch* arch = find_arch(name);
  report.add("architecture", "architecture", name,
             name.empty() ? "not stated"
             : arch       ? name
                          : name + " (not supported)");
  report.json()["supported"] = arch != nullptr;
  if (model) report_model(report, *model);
  if (file.tensors.all().empty()) {
    report.line(fmt::format("{:<14}none; only a vocabulary", "tensors"));
  } else {
    report_types(report, file);
  }
  try {
    report_tokenizer(report, file);
  } catch (const Error& e) {
    report.json()["tokenizer"] = nullptr;
    if (problem.empty()) problem = e.what();
  }
  const std::string chat_template = find_chat_template(file);
  report.add("chat_template", "chat template", chat_template.empty() ? Json(nullptr) : Json(chat_template),
             chat_template.empty() ? "none" : fmt::format("{} bytes", chat_template.size()));
  if (model) report_memory(report, *model, o.model);
  if (o.tensors) report_tensors(report, file);
  if (o.model.verbose && model) {
    Json unread = Json::array();
    for (const std::string_view key : file.metadata.unread()) {
      unread.push_back(printable(key));
      report.line(fmt::format("{:<14}{}", unread.size() == 1 ? "unread keys" : "", printable(key)));
    }
    report.json()["unread_keys"] = std::move(unread);
  }
  if (!problem.empty()) report.json()["problem"] = problem;
  write_out(o.model.json ? to_json_text(report.json()) + "\n" : report.text());
  if (problem.empty()) return 0;
  write_note(problem);
  return 1;
}

}  // namespace

Action declare_inspect(Options& options) {
  auto o = std::make_shared<Inspect>();
  options.positional("MODEL", o->path, "as for -m");
  declare_model_options(options, o->model, "one JSON object instead of plain text");
  options.option("--expert-stats", o->expert_stats, "FILE",
                 "show what run --expert-stats wrote, in the place of a model");
  options.flag("--tensors", o->tensors, "list every tensor with type, shape and size");
  declare_engine_options(options, o->model);
  options.example("pith inspect model.gguf --ctx 4096");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
