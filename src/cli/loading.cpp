#include "cli/loading.h"

#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/memory.h"
#include "batch/memory.h"
#include "cli/paths.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace fs = std::filesystem;
namespace {

constexpr const char* kDefaultModel = "pith-tiny";

constexpr std::int64_t kMostTokens = std::int64_t{1} << 31;  // of a context, of a step

// Where bundled models are: $PITH_MODELS, beside the build folder, and in an installation.
std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  if (const char* env = std::getenv("PITH_MODELS")) {
    std::string_view list = env;
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(':'), list.size());
      if (end > 0) folders.emplace_back(list.substr(0, end));
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  }
  std::error_code ignored;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ignored);
  if (!binary.empty()) {
    const fs::path above = binary.parent_path().parent_path();
    folders.push_back(above / "models");
    folders.push_back(above / "share" / "pith" / "models");
  }
  return folders;
}

DType cache_type(const std::string& name) {
  const TypeInfo* type = find_type(name);
  return type->type;  // one of the words that the option takes
}

}  // namespace

void declare_model_options(Options& options, ModelOptions& values, const std::string& json_help) {
  options.option("-m,--model", values.model, "MODEL",
                 "a .gguf file, a Hugging Face directory or the name of a bundled model; without it the "
                 "bundled default");
  options.flag("--json", values.json, json_help);
  options.flag("--verbose", values.verbose, "say on stderr what is done and why");
}

void declare_thread_and_cache_options(Options& options, ModelOptions& values) {
  const std::vector<std::string> types = {"f32", "f16", "bf16", "q8_0"};
  options.group("Engine");
  options.option("-t,--threads", values.threads, "N",
                 "threads; default: the physical cores this process may use");
  options.choice("--cache-type-k", values.cache_k, types, "how keys are stored (" + values.cache_k + ")");
  options.choice("--cache-type-v", values.cache_v, types, "how values are stored (" + values.cache_v + ")");
}

void declare_engine_options(Options& options, ModelOptions& values) {
  declare_thread_and_cache_options(options, values);
  options.option("--ctx", values.context, "N",
                 "context in tokens; default: the trained length, or what memory allows");
  options.option("-b,--batch", values.batch, "N",
                 fmt::format("tokens of one step at most ({})", values.batch));
  options.option("-ub,--ubatch", values.chunk, "N",
                 fmt::format("tokens of a prompt read at a time ({})", values.chunk));
}

fs::path find_model(const std::string& name) {
  if (!name.empty() && is_there(name)) return name;
  std::string searched;
  if (name.find('/') == std::string::npos) {
    for (const fs::path& folder : model_folders()) {
      const fs::path plain = folder / (name.empty() ? kDefaultModel : name);
      for (const fs::path& path : {plain, fs::path(plain.string() + ".gguf")}) {
        if (is_there(path)) return path;
      }
      searched += (searched.empty() ? "" : ", ") + folder.string();
    }
  }
  if (name.empty())
    fail("no model is bundled with this pith (looked in {}); -m FILE names one", printable(searched, 400));
  fail("{}: no such file or directory{}", printable(name, 400),
       searched.empty() ? "" : ", and no bundled model of that name in " + printable(searched, 400));
}

EngineOptions engine_options(const ModelOptions& values) {
  const auto check = [](const char* option, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least || value > most) fail_usage("{}: expected 1 to {}, found {}", option, most, value);
  };
  check("--threads", values.threads, 0, 1024);  // 0: not given
  check("--ctx", values.context, 0, kMostTokens);
  check("--batch", values.batch, 1, kMostTokens);
  check("--ubatch", values.chunk, 1, kMostTokens);
  EngineOptions o;
  o.threads = values.threads;
  o.context = values.context;
  o.step_tokens = std::min(values.batch, values.chunk);
  o.kv = {cache_type(values.cache_k), cache_type(values.cache_v)};
  return o;
}

EngineOptions plan_engine(const Model& model, const ModelOptions& values, int sequences) {
  EngineOptions o = engine_options(values);
  o.step_tokens = values.batch;
  if (sequences == 1) return o;
  o.sequences = sequences;
  return plan_batch(model, o, available_memory());
}

void report_engine(const ModelOptions& values, const Engine& engine) {
  const EngineOptions& o = engine.options();
  const int trained = engine.model().spec.trained_context;
  if (values.context == 0 && o.context < trained)
    note("the context is {} of {} trained: no memory for more with steps of {} tokens (-b)", o.context,
         trained, values.batch);
  if (trained > 0 && o.context > trained)
    note("a context of {} is longer than the {} this model was trained on", o.context, trained);
  if (!values.verbose) return;
  const MemoryPlan plan = Engine::plan(engine.model(), o);
  note("{} thread{} ({})", o.threads, o.threads == 1 ? "" : "s",
       values.threads > 0 ? "as asked" : default_threads().reason);
  note("kernels: {}", kernels().isa);
  note("context {}, KV cache {}, scratch {}, weights {}", o.context, size_string(plan.kv),
       size_string(plan.scratch), size_string(engine.model().weight_bytes()));
}

void refuse_same_file(const ModelFile& in, const fs::path& out) {
  for (const auto& file : in.files) {
    std::error_code ignored;
    if (fs::equivalent(file->path(), out, ignored))
      fail_usage("{}: the output would replace the input", printable(out.string()));
  }
}

std::string size_string(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

std::string count_string(double n) {
  if (n >= 1e15) return fmt::format("{:.3g}", n);
  constexpr std::pair<double, const char*> kUnits[] = {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e4, "K"}};
  for (const auto& [size, name] : kUnits) {
    if (n < size) continue;
    const double value = n / (size == 1e4 ? 1e3 : size);
    return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, name);
  }
  return fmt::format("{:.0f}", n);
}

}  // namespace pith::cli
