#include "cli/bench_rows.h"

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "analyse/machine.h"
#include "analyse/statistics.h"
#include "base/error.h"
#include "format/quant_recipe.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%FT%TZ", &utc);
  return text;
}

// Architecture, size class and storage type.
std::string model_type(const Model& model) {
  const Metadata& m = model.file.metadata;
  const auto parameters = static_cast<double>(model.parameters());
  const std::string counted =
      parameters < 1e9 ? fmt::format("{:.2f}M", parameters / 1e6) : fmt::format("{:.2f}B", parameters / 1e9);
  const auto label = m.find<std::string_view>("general.size_label");
  const auto type = m.find<std::uint32_t>("general.file_type");
  const QuantRecipe* recipe = type ? find_quant_recipe(*type) : nullptr;
  const std::string storage(recipe ? recipe->name : type_info(model.weights.output.weight.type).name);
  return fmt::format("{} {} {}", model.spec.arch, label ? printable(*label, 20) : counted, storage);
}

std::string size_text(std::uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  return size < 0x1p30 ? fmt::format("{:.2f} MiB", size / 0x1p20) : fmt::format("{:.2f} GiB", size / 0x1p30);
}

std::string count_text(std::uint64_t count) {
  const auto n = static_cast<double>(count);
  return n < 1e9 ? fmt::format("{:.2f} M", n / 1e6) : fmt::format("{:.2f} B", n / 1e9);
}

Json nanoseconds(std::span<const double> seconds) {
  Json out = Json::array();
  for (const double s : seconds) out.push_back(std::llround(s * 1e9));
  return out;
}

std::int64_t ns(double seconds) { return std::llround(seconds * 1e9); }

/// Work done in a time, and its share of what the machine could do.
struct Achieved {
  double bytes, read_share, ops, ops_share;  // per second
  Achieved(const Work& work, double seconds, const MachineLimits& limits)
      : bytes(work.read_bytes / seconds),
        read_share(work.read_seconds(limits) / seconds),
        ops(work.ops() / seconds),
        ops_share(work.arithmetic_seconds(limits) / seconds) {}
  std::string read_text() const { return fmt::format("{:.1f} {:3.0f} %", bytes / 1e9, 100 * read_share); }
  std::string ops_text() const { return fmt::format("{:.0f} {:3.0f} %", ops / 1e9, 100 * ops_share); }
};

Work whole(const BenchResult& r) {
  Work work = r.prompt_work;
  work += r.gen_work;
  return work;
}

/// Seconds until there are logits to draw the first token from.
double first_token(const Measurement& m) {
  return mean(m.test.prompt > 0 ? m.result.prompt_seconds : m.result.step_seconds);
}

/// What llama-batched-bench reports: prompts and generation apart, all sequences together.
struct Parallel {
  std::int64_t held;
  double prompt_seconds, gen_seconds, prompt_speed, gen_speed, speed;
  Achieved prompt, gen;

  explicit Parallel(const Measurement& m)
      : held(m.test.sequences * (m.test.depth + m.test.prompt + m.test.gen)),
        prompt_seconds(mean(m.result.prompt_seconds)),
        gen_seconds(mean(m.result.gen_seconds)),
        prompt_speed(static_cast<double>(m.test.prompt * m.test.sequences) / prompt_seconds),
        gen_speed(static_cast<double>(m.test.gen * m.test.sequences) / gen_seconds),
        speed(static_cast<double>((m.test.prompt + m.test.gen) * m.test.sequences) /
              (prompt_seconds + gen_seconds)),
        prompt(m.result.prompt_work, prompt_seconds, m.limits),
        gen(m.result.gen_work, gen_seconds, m.limits) {}
};

void add_machine(Json& row, const Measurement& m) {
  row["isa"] = kernels().isa;
  row["read_limit_gbs"] = m.limits.read_bytes / 1e9;
  row["int8_limit_gops"] = m.limits.int8_ops / 1e9;
  row["bf16_limit_gops"] = m.limits.bf16_ops / 1e9;
  row["f32_limit_gops"] = m.limits.f32_ops / 1e9;
  row["peak_rss"] = m.result.peak_memory;
  row["kv_bytes"] = m.result.memory.kv;
  row["scratch_bytes"] = m.result.memory.scratch;
  row["logits_hash"] = fmt::format("{:016x}", m.result.logits_hash);
}

}  // namespace

std::string test_name(std::int64_t prompt, std::int64_t gen, std::int64_t depth) {
  std::string name = prompt > 0 ? fmt::format("pp{}", prompt) : "";
  if (gen > 0) name += fmt::format("{}tg{}", name.empty() ? "" : "+", gen);
  return depth > 0 ? name + fmt::format(" @ d{}", depth) : name;
}

std::string build_line() { return fmt::format("build: {} ({})", PITH_COMMIT, PITH_BUILD_NUMBER); }

std::string machine_line(int threads, const MachineLimits& limits) {
  return fmt::format(
      "machine: {}, {}, {} thread{}: reads {:.1f} GB/s, int8 {:.0f}, BF16 {:.0f}, F32 {:.0f} GOP/s",
      processor_name(), kernels().isa, threads, threads == 1 ? "" : "s", limits.read_bytes / 1e9,
      limits.int8_ops / 1e9, limits.bf16_ops / 1e9, limits.f32_ops / 1e9);
}

Json bench_fields(const Measurement& m) {
  const BenchResult& r = m.result;
  const std::vector<double> seconds = r.seconds(),
                            speed = rates(static_cast<double>(m.test.prompt + m.test.gen), seconds);
  const Achieved achieved(whole(r), mean(seconds), m.limits);
  Json row = {{"build_commit", PITH_COMMIT},
              {"build_number", PITH_BUILD_NUMBER},
              {"cpu_info", processor_name()},
              {"gpu_info", ""},
              {"backends", "CPU"},
              {"model_filename", m.file},
              {"model_type", model_type(m.model)},
              {"model_size", m.model.weight_bytes()},
              {"model_n_params", m.model.parameters()},
              {"n_batch", m.setting.batch},
              {"n_ubatch", m.setting.ubatch},
              {"n_threads", r.threads},
              {"cpu_mask", "0x0"},
              {"cpu_strict", false},
              {"poll", 50},
              {"type_k", lower(type_info(m.setting.kv.k).name)},
              {"type_v", lower(type_info(m.setting.kv.v).name)},
              {"n_gpu_layers", -1},
              {"n_cpu_moe", 0},
              {"split_mode", "layer"},
              {"main_gpu", 0},
              {"no_kv_offload", false},
              {"flash_attn", -1},
              {"devices", "auto"},
              {"tensor_split", "0.00"},
              {"tensor_buft_overrides", "none"},
              {"load_mode", "mmap"},
              {"embeddings", false},
              {"no_op_offload", 0},
              {"no_host", false},
              {"fit_target", 0},
              {"fit_min_ctx", 0},
              {"n_prompt", m.test.prompt},
              {"n_gen", m.test.gen},
              {"n_depth", m.test.depth},
              {"test_time", now_utc()},
              {"avg_ns", ns(mean(seconds))},
              {"stddev_ns", ns(standard_deviation(seconds))},
              {"avg_ts", mean(speed)},
              {"stddev_ts", standard_deviation(speed)},
              {"samples_ns", nanoseconds(seconds)},
              {"samples_ts", speed},
              {"use_mmap", true},
              {"ttft_ns", ns(first_token(m))},
              {"token_p50_ns", ns(percentile(r.step_seconds, 0.5))},
              {"token_p90_ns", ns(percentile(r.step_seconds, 0.9))},
              {"token_p99_ns", ns(percentile(r.step_seconds, 0.99))},
              {"bandwidth_gbs", achieved.bytes / 1e9},
              {"bandwidth_share", achieved.read_share},
              {"gops", achieved.ops / 1e9},
              {"gops_share", achieved.ops_share}};
  add_machine(row, m);
  return row;
}

std::vector<Cell> bench_cells(const Measurement& m, const ShownSettings& shown) {
  const BenchResult& r = m.result;
  const std::vector<double> seconds = r.seconds(),
                            speed = rates(static_cast<double>(m.test.prompt + m.test.gen), seconds);
  const Achieved achieved(whole(r), mean(seconds), m.limits);
  std::vector<Cell> cells = {{"model", -30, model_type(m.model)},
                             {"size", 10, size_text(m.model.weight_bytes())},
                             {"params", 10, count_text(m.model.parameters())},
                             {"backend", -10, "CPU"},
                             {"threads", 7, std::to_string(r.threads)}};
  if (shown.batch) cells.push_back({"n_batch", 10, std::to_string(m.setting.batch)});
  if (shown.ubatch) cells.push_back({"n_ubatch", 10, std::to_string(m.setting.ubatch)});
  if (shown.type_k) cells.push_back({"type_k", 10, lower(type_info(m.setting.kv.k).name)});
  if (shown.type_v) cells.push_back({"type_v", 10, lower(type_info(m.setting.kv.v).name)});
  cells.push_back({"test", 15, test_name(m.test.prompt, m.test.gen, m.test.depth)});
  cells.push_back({"t/s", 20, fmt::format("{:.2f} ± {:.2f}", mean(speed), standard_deviation(speed))});
  cells.push_back({"GB/s of limit", 13, achieved.read_text()});
  cells.push_back({"GOP/s of limit", 14, achieved.ops_text()});
  cells.push_back({"first ms", 8, fmt::format("{:.1f}", 1e3 * first_token(m))});
  cells.push_back({"p50 p99 ms", 13,
                   m.test.gen > 0 ? fmt::format("{:.2f} {:.2f}", 1e3 * percentile(r.step_seconds, 0.5),
                                                1e3 * percentile(r.step_seconds, 0.99))
                                  : ""});
  cells.push_back({"peak", 11, size_text(r.peak_memory)});
  cells.push_back({"logits", 8, fmt::format("{:08x}", r.logits_hash >> 32)});
  return cells;
}

Json parallel_fields(const Measurement& m) {
  const Parallel p(m);
  Json row = {{"model_filename", m.file},
              {"model_type", model_type(m.model)},
              {"n_kv_max", p.held},
              {"n_batch", m.setting.batch},
              {"n_ubatch", m.setting.ubatch},
              {"flash_attn", -1},
              {"is_pp_shared", 0},
              {"n_gpu_layers", -1},
              {"n_threads", m.result.threads},
              {"n_threads_batch", m.result.threads},
              {"pp", m.test.prompt},
              {"tg", m.test.gen},
              {"pl", m.test.sequences},
              {"n_kv", p.held},
              {"t_pp", p.prompt_seconds},
              {"speed_pp", p.prompt_speed},
              {"t_tg", p.gen_seconds},
              {"speed_tg", p.gen_speed},
              {"t", p.prompt_seconds + p.gen_seconds},
              {"speed", p.speed},
              {"stddev_t_pp", standard_deviation(m.result.prompt_seconds)},
              {"stddev_t_tg", standard_deviation(m.result.gen_seconds)},
              {"pp_gops", p.prompt.ops / 1e9},
              {"pp_gops_share", p.prompt.ops_share},
              {"tg_bandwidth_gbs", p.gen.bytes / 1e9},
              {"tg_bandwidth_share", p.gen.read_share},
              {"tg_gops", p.gen.ops / 1e9},
              {"tg_gops_share", p.gen.ops_share}};
  add_machine(row, m);
  return row;
}

std::vector<Cell> parallel_cells(const Measurement& m) {
  const Parallel p(m);
  const auto number = [](double v, int digits) { return fmt::format("{:.{}f}", v, digits); };
  return {{"PP", 6, std::to_string(m.test.prompt)},
          {"TG", 6, std::to_string(m.test.gen)},
          {"B", 4, std::to_string(m.test.sequences)},
          {"N_KV", 6, std::to_string(p.held)},
          {"T_PP s", 8, number(p.prompt_seconds, 3)},
          {"S_PP t/s", 8, number(p.prompt_speed, 2)},
          {"T_TG s", 8, number(p.gen_seconds, 3)},
          {"S_TG t/s", 8, number(p.gen_speed, 2)},
          {"T s", 8, number(p.prompt_seconds + p.gen_seconds, 3)},
          {"S t/s", 8, number(p.speed, 2)},
          {"PP GOP/s of limit", 17, m.test.prompt > 0 ? p.prompt.ops_text() : ""},
          {"TG GB/s of limit", 16, m.test.gen > 0 ? p.gen.read_text() : ""},
          {"TG GOP/s of limit", 17, m.test.gen > 0 ? p.gen.ops_text() : ""}};
}

Json kernel_fields(const KernelTiming& k) {
  return {{"isa", kernels().isa},
          {"type", type_info(k.type).name},
          {"rows", k.rows},
          {"k", k.k},
          {"tokens", k.tokens},
          {"bandwidth_gbs", k.read_bytes / 1e9},
          {"bandwidth_share", k.read_share},
          {"gops", k.ops / 1e9},
          {"gops_share", k.ops_share}};
}

std::vector<Cell> kernel_cells(const KernelTiming& k) {
  return {{"type", -7, std::string(type_info(k.type).name)},
          {"rows", 6, std::to_string(k.rows)},
          {"k", 6, std::to_string(k.k)},
          {"tokens", 6, std::to_string(k.tokens)},
          {"GB/s", 7, fmt::format("{:.1f}", k.read_bytes / 1e9)},
          {"of read", 8, fmt::format("{:.0f} %", 100 * k.read_share)},
          {"GOP/s", 7, fmt::format("{:.0f}", k.ops / 1e9)},
          {"of peak", 8, fmt::format("{:.0f} %", 100 * k.ops_share)}};
}

}  // namespace pith::cli
