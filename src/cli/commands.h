// The commands: each file declares its options and hands back what runs with them.
#pragma once

#include <functional>

#include "cli/exit_code.h"
#include "cli/options.h"

namespace pith::cli {

/// Does the work; the exit code.
using Action = std::function<int()>;

Action declare_run(Options& options);
Action declare_chat(Options& options);
Action declare_batch(Options& options);
Action declare_inspect(Options& options);
Action declare_tokenize(Options& options);
Action declare_logits(Options& options);
Action declare_template(Options& options);
Action declare_quantize(Options& options);
Action declare_convert(Options& options);
Action declare_trace(Options& options);
Action declare_synth(Options& options);
Action declare_eval_perplexity(Options& options);
Action declare_eval_choice(Options& options);
Action declare_eval_generate(Options& options);
Action declare_eval_kl(Options& options);
Action declare_score(Options& options);
Action declare_plan_fit(Options& options);
Action declare_plan_train(Options& options);
Action declare_plan_serve(Options& options);
Action declare_plan_lifetime(Options& options);
Action declare_bench(Options& options);

}  // namespace pith::cli
