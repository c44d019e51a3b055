// pith batch: a file of prompts in, a file of answers out.
#include "batch/batch.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "batch/merge.h"
#include "batch/output.h"
#include "batch/settings.h"
#include "cli/batch_progress.h"
#include "cli/commands.h"
#include "cli/generation.h"
#include "cli/input.h"
#include "cli/paths.h"
#include "cli/reasoning.h"
#include "cli/terminal.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr int kMostParallel = 1024;

struct BatchArguments {
  ModelOptions model;
  GenerationOptions generation;
  ThinkingOptions thinking;
  ReasonOptions reason;
  std::vector<std::string> in;
  std::string out, shard, chat_template, stats, prompt_cache;
  std::optional<std::string> system;
  int parallel = 0;
  bool text = false, raw = false, ordered = false, lenient = false, resume = false, retry_errors = false,
       merge = false;
};

void check_usage(BatchArguments& o) {
  if (o.out.empty()) fail_usage("batch: -o FILE is missing ('-' for standard output)");
  if (o.merge) {
    if (o.in.empty()) fail_usage("batch: --merge needs the outputs to put together");
    return;
  }
  if (o.in.size() > 1) {
    fail_usage("batch: unexpected argument '{}'; one input at a time (--merge takes several outputs)",
               printable(o.in[1], 60));
  }
  if (o.in.empty()) {
    if (stdin_is_terminal()) fail_usage("batch: no input; name a file, or pipe lines in");
    o.in = {"-"};
  }
  if (o.raw && !o.chat_template.empty()) fail_usage("batch: --raw and --template exclude each other");
  if (o.raw && o.system) fail_usage("batch: --system needs a chat template, and --raw turns it off");
  if (o.retry_errors && !o.resume) fail_usage("batch: --retry-errors needs --resume");
  if (o.retry_errors && o.ordered) {
    fail_usage(
        "batch: --retry-errors cannot keep the order of --ordered; --merge OUT puts any output in order");
  }
  if (o.resume && o.out == "-") fail_usage("batch: --resume needs the output in a file, not -o -");
  if (o.parallel < 0 || o.parallel > kMostParallel)
    fail_usage("--parallel: expected 1 to {}, found {}", kMostParallel, o.parallel);
}

int merge(const BatchArguments& o) {
  const std::vector<fs::path> outputs(o.in.begin(), o.in.end());
  Merged merged;
  if (o.out == "-") {
    merged = merge_outputs(outputs, write_out);
  } else {
    for (const fs::path& output : outputs) refuse_same(output, o.out);
    if (holds_something(o.out))
      fail_usage("{}: exists already; --merge writes a new file", printable(o.out, 400));
    AtomicFile file(o.out);
    merged =
        merge_outputs(outputs, [&](std::string_view line) { file.write(std::as_bytes(std::span(line))); });
    file.commit();
  }
  note("{} lines, {} failed, from {} outputs", merged.lines, merged.failed, outputs.size());
  return merged.failed > 0 ? kSomeFailed : 0;
}

// Seconds since 1970; $SOURCE_DATE_EPOCH where a build or an experiment fixes the time.
std::int64_t now() {
  if (const char* fixed = std::getenv("SOURCE_DATE_EPOCH")) {
    std::int64_t value;
    read_argument("SOURCE_DATE_EPOCH", fixed, value);
    return value;
  }
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

PrompterOptions prompter_options(const BatchArguments& o, const ModelFile& file) {
  PrompterOptions p{.raw = o.raw};
  if (o.chat_template.empty()) {
    p.chat_template = find_chat_template(file);
    p.template_name = file.path;
  } else {
    p.chat_template = read_template(o.chat_template);
    p.template_name = o.chat_template;
  }
  if (o.system) p.system = valid_text(*o.system, "--system");
  return p;
}

// The model's file or folder, whatever the way to it.
std::string model_name(const ModelFile& file) {
  const fs::path path = fs::absolute(file.path).lexically_normal();
  return (path.has_filename() ? path.filename() : path.parent_path().filename()).string();
}

class Run {
 public:
  explicit Run(const BatchArguments& o)
      : o_(o),
        begun_(Clock::now()),
        input_{.path = o.in.front(), .text = o.text},
        model_(open_model(find_model(o.model.model))),
        prompter_options_(prompter_options(o, model_->file)),
        prompter_(need_tokenizer(model_->file), prompter_options_, template_variables(o.thinking)),
        engine_(model_, plan_engine(*model_, o.model, o.parallel)),
        scheduler_(engine_, prompter_.tokenizer(), scheduler_options(o)) {
    report_engine(o.model, engine_);
    if (o.model.verbose) {
      note("{} sequences at a time share a KV cache of {} positions", scheduler_.options().parallel,
           engine_.options().positions);
    }
    options_.defaults.request = make_request(o.generation);
    options_.defaults.request.sampling.check(model_->spec.vocab);
    options_.defaults.seed = o.generation.seed.value_or(0);
    options_.defaults.lenient = o.lenient;
    options_.ordered = o.ordered;
    if (!o.reason.strategy.empty()) {
      const std::string source = prompter_.wraps_texts() ? prompter_options_.chat_template : "";
      reasoner_.emplace(
          make_reasoner(o.reason, o.model, options_.defaults.request.sampling,
                        make_prompts(o.reason, prompter_.tokenizer(), source, prompter_options_.template_name,
                                     template_variables(o.thinking))));
      options_.reasoner = &*reasoner_;
      options_.defaults.reasoned = true;
    }
    options_.header.model = model_name(model_->file);
    if (!o.shard.empty())
      input_.shard = find_shard(o.shard, [](const char* name) { return std::getenv(name); });
    out_ = shard_path(o.out, input_.shard);
  }

  int run() {
    if (o_.in.front() != "-" && out_ != "-") refuse_same(o_.in.front(), out_);
    if (out_ != "-" && !o_.resume) refuse_to_replace(out_);
    if (!o_.stats.empty()) check_output(o_.stats, {o_.in.front(), out_, out_ + ".manifest"});
    restore_prompt_cache(scheduler_, o_.prompt_cache);
    BatchInput input(input_);
    if (input.is_file()) {
      const Survey all = survey(input_);
      total_ = all.requests;
      if (all.format) tell_format(*all.format);
    }
    open_output();
    options_.header.created = output_ ? output_->created() : now();
    const Finished none;
    Batch batch(scheduler_, prompter_, input, output_ ? output_->finished() : none, options_,
                [this](std::string_view line) { write(line); });
    work(batch, input);
    return finish(batch, input);
  }

 private:
  static SchedulerOptions scheduler_options(const BatchArguments& o) {
    SchedulerOptions s = cli::scheduler_options(o.model);
    s.parallel = o.parallel;
    return s;
  }

  void tell_format(BatchFormat format) {
    if (std::exchange(told_format_, true)) return;
    const bool wraps =
        prompter_.wraps_texts() && (format == BatchFormat::Text || format == BatchFormat::Prompts);
    note("{}: {}{}{}", o_.in.front() == "-" ? "standard input" : printable(o_.in.front(), 400),
         format_description(format),
         wraps ? "; prompts are user messages (--raw: continued as they are)" : "",
         input_.shard.count > 1 ? ", shard " + input_.shard.name() : "");
  }

  void open_output() {
    if (out_ == "-") return;
    output_.emplace(OutputOptions{
        .path = out_,
        .settings = batch_settings({engine_, prompter_options_, to_json_text(template_variables(o_.thinking)),
                                    options_.defaults, o_.text, o_.ordered, reason_settings(o_.reason),
                                    PITH_VERSION}),
        .shard = input_.shard,
        .resume = o_.resume,
        .retry_errors = o_.retry_errors,
        .now = now()});
    if (output_->finished().lines > 0)
      note("{}: {} lines are there already", printable(out_, 400), output_->finished().lines);
  }

  void write(std::string_view line) {
    if (!output_) return write_out(line);
    keep([&] { output_->append(line); });
  }

  // What goes wrong with the output, such as a full disk, leaves its whole lines.
  void keep(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& e) {
      fail("{}; the lines that are there stay, and --resume goes on", e.what());
    }
  }

  void work(Batch& batch, BatchInput& input) {
    BatchProgress progress(total_);
    while (!interrupted() && batch.turn()) {
      if (input.format()) tell_format(*input.format());
      if (output_) keep([&] { output_->sync(true); });
      if (progress.due()) progress.show(batch.counts(), scheduler_.stats());
    }
  }

  int finish(const Batch& batch, const BatchInput& input) {
    const bool stopped = interrupted();
    const BatchCounts& counts = batch.counts();
    if (output_) {
      keep([&] {
        if (stopped) return output_->sync();
        output_->complete({input.lines(), counts.requests()});
      });
    }
    if (!o_.prompt_cache.empty()) scheduler_.save_prefixes(o_.prompt_cache, true);
    const Json stats = stats_json(batch, input, stopped);
    if (!o_.stats.empty()) {
      const std::string text = stats.dump(1) + "\n";
      write_file_atomically(o_.stats, std::as_bytes(std::span(text)));
    }
    report(batch, input, stats);
    if (stopped) {
      note("interrupted after {} lines{}", counts.requests(),
           output_ ? "; the same command with --resume goes on" : "");
      return kInterrupted;
    }
    const std::int64_t failed = counts.failed + (output_ ? output_->finished().failed : 0);
    return failed > 0 ? kSomeFailed : 0;
  }

  void report(const Batch& batch, const BatchInput& input, const Json& stats) const {
    const BatchCounts& counts = batch.counts();
    std::string skipped = counts.skipped > 0 ? fmt::format(", {} there before", counts.skipped) : "";
    if (const std::int64_t failed = output_ ? output_->finished().failed : 0; failed > 0)
      skipped += fmt::format(" ({} of them failed; --retry-errors asks again)", failed);
    if (input.blank() > 0) skipped += fmt::format(", {} blank ones skipped", input.blank());
    note(
        "{} lines answered, {} failed{}; prompt {} tokens, {:.1f} % of them shared; generated {} tokens in "
        "{:.1f} s",
        counts.answered, counts.failed, skipped, stats["tokens"]["prompt"].get<std::int64_t>(),
        100 * stats["tokens"]["saved_share"].get<double>(), stats["tokens"]["generated"].get<std::int64_t>(),
        stats["seconds"].get<double>());
    for (const auto& [name, lines] : batch.skipped_fields())
      note("the field '{}' was skipped in {} lines", name, lines);
  }

  Json stats_json(const Batch& batch, const BatchInput& input, bool stopped) const {
    const BatchCounts& counts = batch.counts();
    const SchedulerStats s = scheduler_.stats();
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    const auto share = [](auto part, auto all) {
      return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 0;
    };
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    return {{"lines",
             {{"answered", counts.answered},
              {"failed", counts.failed},
              {"there_before", counts.skipped},
              {"blank", input.blank()}}},
            {"interrupted", stopped},
            {"tokens",
             {{"prompt", s.prompt_tokens},
              {"saved", s.cached_tokens},
              {"saved_share", share(s.cached_tokens, s.prompt_tokens)},
              {"generated", s.answer_tokens},
              {"recomputed", s.recomputed_tokens},
              {"cancelled", counts.cancelled_tokens}}},
            {"chains", counts.chains},
            {"preemptions", s.preemptions},
            {"steps", s.steps},
            {"seconds", seconds},
            {"seconds_in_steps", static_cast<double>(s.step_ns) / 1e9},
            {"prompt_tokens_per_second", share(s.prompt_tokens, seconds)},
            {"generated_tokens_per_second", share(s.answer_tokens, seconds)},
            {"parallel", scheduler_.options().parallel},
            {"threads", engine_.options().threads},
            {"context", engine_.options().context},
            {"kv_positions", engine_.options().positions},
            {"kv_bytes", Engine::plan(*model_, engine_.options()).kv},
            {"weight_bytes", model_->weight_bytes()},
            {"peak_memory_bytes", std::int64_t{usage.ru_maxrss} * 1024},
            {"instruction_set", kernels().isa},
            {"model", model_->file.path}};
  }

  const BatchArguments& o_;
  Clock::time_point begun_;
  InputOptions input_;
  std::shared_ptr<const Model> model_;
  PrompterOptions prompter_options_;
  Prompter prompter_;
  Engine engine_;
  Scheduler scheduler_;
  std::optional<Reasoner> reasoner_;  // none: each line has the answer of one request
  BatchOptions options_;
  std::string out_;
  std::optional<BatchOutput> output_;  // none: standard output
  std::optional<std::int64_t> total_;
  bool told_format_ = false;
};

}  // namespace

Action declare_batch(Options& options) {
  auto o = std::make_shared<BatchArguments>();
  options.positionals(
      "IN", o->in,
      "JSON Lines (OpenAI batch requests, {\"custom_id\", \"body\"}, {\"prompt\"}) or text, a "
      "prompt a line; '-' or nothing: standard input");
  declare_model_options(options, o->model, "changes nothing: the output is JSON Lines");
  options.option("-o,--output", o->out, "OUT",
                 "a line for each request, as OpenAI's batches write them; '-': standard output");
  options.flag("--text", o->text, "lines are prompts, whatever they look like");
  options.option("--system", o->system, "TEXT", "a system message before prompts that are plain text");
  options.flag("--raw", o->raw, "no chat template for prompts: the model continues them as they are");
  options.option("--template", o->chat_template, "FILE", "this chat template instead of the model's");
  declare_think_option(options, o->thinking);
  options.flag("--lenient", o->lenient, "skip fields of a request that are not supported, and say which");
  options.flag("--ordered", o->ordered, "write in the order of the input, not of completion");
  options.option("--parallel", o->parallel, "N",
                 "requests at a time at most; default: 32, or what memory allows");
  options.option("--stats", o->stats, "FILE", "tokens, speed and memory as JSON at the end");
  declare_prompt_cache_option(options, o->prompt_cache);
  options.group("Going on, and sharing the work");
  options.flag("--resume", o->resume, "go on with the output that is there, or begin one");
  options.flag("--retry-errors", o->retry_errors, "with --resume: lines that failed once more");
  options.option(
      "--shard", o->shard, "I/N",
      "every N-th line from the I-th on; 'auto': as a Slurm array, mpirun or GNU parallel (auto/N) "
      "says. {shard} in OUT stands for I");
  options.flag("--merge", o->merge, "put the outputs IN... together in the order of the input");
  declare_generation_options(options, o->generation,
                             "each line's own seed derives from this and its custom_id (0)");
  declare_reason_options(options, o->reason);
  declare_engine_options(options, o->model);
  options.example("pith batch requests.jsonl -o answers.jsonl -m model.gguf");
  options.example("pith batch requests.jsonl -o answers.jsonl -m model.gguf --resume");
  options.example("printf 'One\\nTwo\\n' | pith batch --text -o - -m model.gguf -n 20");
  options.example("pith batch questions.jsonl -o answers.jsonl -m model.gguf --reason self-consistency:8");
  options.example("mpirun pith batch in.jsonl -o out.{shard}.jsonl --shard auto");
  options.example("pith batch --merge out.*.jsonl -o all.jsonl");
  return [o] {
    catch_termination();
    check_usage(*o);
    return o->merge ? merge(*o) : Run(*o).run();
  };
}

}  // namespace pith::cli
