#include "cli/bench_options.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "cli/rows.h"

namespace pith::cli {
namespace {

constexpr std::int64_t kMostTokens = std::int64_t{1} << 24;
constexpr std::size_t kMostRows = 10'000;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(separator)) != text.npos; text.remove_prefix(end + 1))
    parts.push_back(text.substr(0, end));
  parts.push_back(text);
  return parts;
}

/// Reads a number from the front of `text`; false where there is none.
bool take_number(std::string_view& text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// first, first-last, first-last+step or first-last*factor.
bool expand(std::string_view part, std::vector<std::int64_t>& out) {
  std::int64_t first, last, step = 1;
  if (!take_number(part, first)) return false;
  if (part.empty()) return out.push_back(first), true;
  if (part.front() != '-') return false;
  part.remove_prefix(1);
  if (!take_number(part, last) || last < first) return false;
  bool multiply = false;
  if (!part.empty()) {
    multiply = part.front() == '*';
    if (!multiply && part.front() != '+') return false;
    part.remove_prefix(1);
    if (!take_number(part, step) || !part.empty()) return false;
    if (step < (multiply ? 2 : 1) || (multiply && first < 1)) return false;
  }
  for (std::int64_t v = first; v <= last && out.size() <= kMostRows; v = multiply ? v * step : v + step)
    out.push_back(v);
  return true;
}

std::vector<DType> read_types(std::string_view option, const std::vector<std::string>& texts) {
  std::vector<DType> types;
  for (const std::string& text : texts) {
    for (const std::string_view name : split(text, ',')) {
      const TypeInfo* type = find_type(name);
      const bool known = type && (type->type == DType::F32 || type->type == DType::F16 ||
                                  type->type == DType::BF16 || type->type == DType::Q8_0);
      if (!known) fail_usage("{}: expected f32, f16, bf16 or q8_0, found '{}'", option, printable(name, 40));
      types.push_back(type->type);
    }
  }
  if (types.empty()) types.push_back(DType::F16);
  return types;
}

std::vector<std::int64_t> or_default(std::vector<std::int64_t> values, std::int64_t fallback) {
  if (values.empty()) values.push_back(fallback);
  return values;
}

std::vector<BenchSetting> settings_of(const BenchArguments& a) {
  const auto batches = or_default(read_list("-b", a.batch, 1, kMostTokens), BenchSetting{}.batch);
  const auto ubatches = or_default(read_list("-ub", a.ubatch, 1, kMostTokens), BenchSetting{}.ubatch);
  const auto threads = or_default(read_list("-t", a.threads, 1, 1024), default_threads().threads);
  const auto k_types = read_types("-ctk", a.type_k), v_types = read_types("-ctv", a.type_v);
  std::vector<BenchSetting> settings;
  for (const std::int64_t batch : batches)
    for (const std::int64_t ubatch : ubatches)
      for (const DType k : k_types)
        for (const DType v : v_types)
          for (const std::int64_t t : threads)
            settings.push_back({batch, ubatch, {k, v}, static_cast<int>(t)});
  return settings;
}

std::vector<BenchTest> tests_of(const BenchArguments& a) {
  const auto prompts = or_default(read_list("-p", a.prompt, 0, kMostTokens), 512);
  const auto gens = or_default(read_list("-n", a.gen, 0, kMostTokens), 128);
  const auto depths = or_default(read_list("-d", a.depth, 0, kMostTokens), 0);
  std::vector<std::pair<std::int64_t, std::int64_t>> both;
  for (const std::string& text : a.both) {
    const auto pair = read_list("-pg", {text}, 1, kMostTokens);
    if (pair.size() != 2)
      fail_usage("-pg: expected PROMPT,GEN such as 512,128, found '{}'", printable(text, 40));
    both.emplace_back(pair[0], pair[1]);
  }
  const auto sequences = read_list("--parallel", a.parallel, 1, 1024);
  std::vector<BenchTest> tests;
  for (const std::int64_t depth : depths) {
    if (!sequences.empty()) {
      for (const std::int64_t p : prompts)
        for (const std::int64_t n : gens)
          for (const std::int64_t s : sequences) tests.push_back({p, n, depth, s});
      continue;
    }
    for (const std::int64_t p : prompts)
      if (p > 0) tests.push_back({p, 0, depth});
    for (const std::int64_t n : gens)
      if (n > 0) tests.push_back({0, n, depth});
    for (const auto& [p, n] : both) tests.push_back({p, n, depth});
  }
  std::erase_if(tests, [](const BenchTest& t) { return t.prompt + t.gen == 0; });
  return tests;
}

}  // namespace

std::vector<std::int64_t> read_list(std::string_view option, const std::vector<std::string>& texts,
                                    std::int64_t least, std::int64_t most) {
  std::vector<std::int64_t> values;
  for (const std::string& text : texts) {
    for (const std::string_view part : split(text, ',')) {
      if (!expand(part, values)) {
        fail_usage("{}: expected numbers such as 512, 256,512, 1-4 or 1-32*2, found '{}'", option,
                   printable(text, 40));
      }
    }
  }
  if (values.size() > kMostRows) fail_usage("{}: more than {} numbers", option, kMostRows);
  for (const std::int64_t v : values)
    if (v < least || v > most) fail_usage("{}: expected {} to {}, found {}", option, least, most, v);
  return values;
}

std::vector<DType> read_weight_types(std::string_view option, const std::string& text) {
  std::vector<DType> all, types;
  std::string names = "all";
  for (const TypeInfo& t : kTypes) {
    if (!t.weight) continue;
    all.push_back(t.type);
    names += fmt::format(", {}", t.name);
  }
  if (text == "all") return all;
  for (const std::string_view name : split(text, ',')) {
    const TypeInfo* type = find_type(name);
    if (!type || !type->weight)
      fail_usage("{}: no type '{}'; there are {}", option, printable(name, 40), names);
    types.push_back(type->type);
  }
  return types;
}

void declare_bench_options(Options& options, BenchArguments& a) {
  options.option("-m,--model", a.models, "MODEL",
                 "a .gguf file, a Hugging Face directory or the name of a bundled model; several times for "
                 "several models");
  options.choice("-o,--output", a.format, row_formats(), "format on standard output (md)");
  std::vector<std::string> formats = row_formats();
  formats.push_back("none");
  options.choice("-oe,--output-err", a.error_format, formats, "format on standard error (none)");
  options.flag("--json", a.json, "the same as -o json");
  options.flag("--progress", a.progress, "say on stderr what runs");
  options.group("Tests; lists (256,512) and ranges (1-4, 128-1024+128, 1-32*2) make all combinations");
  options.option("-p,--n-prompt", a.prompt, "N", "tokens of a prompt (512; 0: no such test)");
  options.option("-n,--n-gen", a.gen, "N", "tokens to generate (128; 0: no such test)");
  options.option("-pg", a.both, "P,N", "a prompt, then generation; adds a test");
  options.option("-d,--n-depth", a.depth, "N", "tokens that the context holds before (0)");
  options.option("--parallel", a.parallel, "N",
                 "so many sequences together, each with its own prompt, as llama-batched-bench does");
  options.option("-r,--repetitions", a.repetitions, "N", "of each test (5)");
  options.flag("--no-warmup", a.no_warmup, "measure the first repetition too");
  options.group("Settings");
  options.option("-t,--threads", a.threads, "N", "threads; default: the physical cores this process may use");
  options.option("-b,--batch-size", a.batch, "N", "tokens of one step at most (2048)");
  options.option("-ub,--ubatch-size", a.ubatch, "N", "tokens of a prompt read at a time (512)");
  options.option("-ctk,--cache-type-k", a.type_k, "TYPE", "how keys are stored: f32, f16, bf16, q8_0 (f16)");
  options.option("-ctv,--cache-type-v", a.type_v, "TYPE", "how values are stored (f16)");
  for (const char* names : {"-ngl,--n-gpu-layers", "-fa,--flash-attn", "-mmp,--mmap", "--prio", "--poll"})
    options.option(names, a.without_meaning, "X", "for scripts written for llama-bench; has no effect");
  options.group("More than models");
  options.flag("--probe", a.probe,
               "compare each test with the machine's limits right before and after it, not with the highest "
               "seen since "
               "the boot: for shared machines");
  options.option("--kernels", a.kernels, "TYPES", "time the kernels of all or some types (Q4_0,F16) alone");
  options.option("--compare", a.compare, "OLD.json",
                 "then compare with what pith bench or llama-bench wrote earlier (json or jsonl)");
  options.example("pith bench -m model.gguf -p 512 -n 128 -d 0,4096");
  options.example("pith bench -m model.gguf -p 128 -n 32 --parallel 1-32*2 -o jsonl");
}

ShownSettings BenchPlan::shown() const {
  const auto any = [&](auto value_of) {
    return std::ranges::any_of(settings, [&](const BenchSetting& s) {
      return value_of(s) != value_of(BenchSetting{}) || value_of(s) != value_of(settings.front());
    });
  };
  return {
      any([](const BenchSetting& s) { return s.batch; }), any([](const BenchSetting& s) { return s.ubatch; }),
      any([](const BenchSetting& s) { return s.kv.k; }), any([](const BenchSetting& s) { return s.kv.v; })};
}

BenchPlan plan_bench(const BenchArguments& a) {
  if (a.repetitions < 1 || a.repetitions > 100'000)
    fail_usage("--repetitions: expected 1 to 100000, found {}", a.repetitions);
  BenchPlan plan{a.models, settings_of(a), tests_of(a)};
  if (plan.models.empty()) plan.models.emplace_back();
  if (plan.tests.empty()) fail_usage("bench: nothing to measure: -p, -n or -pg must be above 0");
  if (plan.models.size() * plan.settings.size() * plan.tests.size() > kMostRows)
    fail_usage("bench: the lists make more than {} tests", kMostRows);
  return plan;
}

}  // namespace pith::cli
