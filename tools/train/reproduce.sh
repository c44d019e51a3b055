#!/usr/bin/env bash
# Makes the bundled models again, from nothing: bash tools/train/reproduce.sh [--quick] [FOLDER]
#
# FOLDER (default: ./lab-run) holds everything that is made. A step that is done is not done again, and one that
# was interrupted goes on from its last checkpoint, so the script can be stopped and started at any time. Each step
# says how long it took; FOLDER/times.txt keeps it. --quick makes every step a twentieth or less of its size: ten
# minutes that show that all of it works, and models that do not.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
quick=0
if [ "${1:-}" = --quick ]; then quick=1; shift; fi
if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then
  echo "usage: bash tools/train/reproduce.sh [--quick] [FOLDER]" >&2
  exit 2
fi
run=$(realpath -m "${1:-lab-run}")
mkdir -p "$run/configs" "$run/done" "$run/models"

. "$root/tools/prepare.sh"
need_toolchain libopenblas-dev python3
if [ ! -f "$root/build/build.ninja" ] && [ ! -f "$root/build/Makefile" ]; then
  cmake -S "$root" -B "$root/build" -G Ninja -DCMAKE_BUILD_TYPE=Release $(cmake_extras) >&2
fi
cmake --build "$root/build" --target pith-lab pith-cli --parallel "$(nproc)" >&2
lab=$root/build/pith-lab
export OPENBLAS_NUM_THREADS=1

# The configs of this run: the committed ones, or small ones made of them.
python3 - "$root/tools/train/configs" "$run/configs" "$quick" <<'PYTHON'
import json, pathlib, sys
source, target, quick = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3] == "1"
COUNTS = {"documents", "conversations", "tasks", "puzzle_prefixes"}

def smaller(value, by):
    if isinstance(value, dict):
        return {k: smaller(v, by) for k, v in value.items()}
    return max(20, value // by) if value else 0

for path in sorted(source.glob("*.json")):
    config = json.loads(path.read_text())
    if quick:
        for key in COUNTS & config.keys():
            if not isinstance(config[key], list):  # an evaluation's tasks
                config[key] = smaller(config[key], 20)
        if "schedule" in config:
            factor = config["schedule"]["budgets"][-1]
            config["schedule"]["budgets"] = [b * 300_000 // factor for b in config["schedule"]["budgets"]]
            config["schedule"]["warmup_tokens"] = 10_000
        if "steps" in config:
            config["steps"] = max(20, config["steps"] // 50)
            config["warmup_steps"] = 5
        if "limit" in config:
            config["limit"] = 200
        if "choices" in config:
            config["choices"] = min(16, config["choices"])
        for task in config.get("tasks", []) if isinstance(config.get("tasks"), list) else []:
            task["limit"] = 20
        if "from" in config or "checkpoint" in config or "model" in config:
            text = json.dumps(config).replace("-24000000", "-300000")
            config = json.loads(text)
    (target / path.name).write_text(json.dumps(config, indent=1) + "\n")
PYTHON

# step NAME COMMAND: runs pith-lab COMMAND with the config NAME, once.
step() {
  local name=$1 command=$2 begin
  if [ -f "$run/done/$name" ]; then echo "$name: done before" >&2; return; fi
  begin=$(date +%s)
  "$lab" "$command" "$run/configs/$name.json" --dir "$run"
  echo "$name: $(($(date +%s) - begin)) s" | tee -a "$run/times.txt" >&2
  touch "$run/done/$name"
}

step corpus corpus
step tokenizer tokenizer
step pretrain-2m pretrain
for name in 25k 60k 160k 380k 780k; do step "pretrain-$name" pretrain; done
for name in 160k 380k 780k; do step "pretrain-$name-seed2" pretrain; done
for name in moe moe-dense-active moe-dense-total; do
  step "pretrain-$name" pretrain
  for seed in 2 3; do step "pretrain-$name-seed$seed" pretrain; done
done
step sft sft
step sft-without-replay sft
for name in pairs pairs-1000 pairs-validation pairs-test; do step "$name" pairs; done
step reward reward
step reward-1000 reward
step rank-validation rank
step rank-test rank
step best-of best-of
step best-of-1000 best-of
step rlhf rlhf
step rlhf-1000 rlhf
step rlhf-1000-free rlhf
step dpo dpo
for name in base sft rlhf; do
  step "eval-$name-validation" eval
  step "eval-$name-test" eval
done
for config in "$root"/tools/train/configs/export-*.json; do step "$(basename "$config" .json)" export; done

# The cards, with pictures where matplotlib is installed.
if python3 -c 'import matplotlib' 2>/dev/null; then
  plot() { python3 "$root/tools/plot.py" "$@"; }
  longest=$(ls -dv "$run"/runs/2m-*000 | tail -1)
  plot training "$run/runs/2m/log.jsonl" "$longest/log.jsonl" "$run/models/pith-tiny-base.png"
  moe=("$run/runs/moe/log.jsonl" "$(ls -dv "$run"/runs/moe-[0-9]* | tail -1)/log.jsonl")
  plot training "${moe[@]}" "$run/models/pith-tiny-moe.png"
  plot load "${moe[@]}" "$run/models/pith-tiny-moe-load.png" --experts 8
  plot training "$run/runs/sft/log.jsonl" "$run/models/pith-tiny-sft.png"
  plot training "$run/runs/reward/log.jsonl" "$run/models/pith-tiny-reward.png"
  plot rlhf "$run/runs/rlhf/log.jsonl" "$run/models/pith-tiny.png"
fi
python3 "$root/tools/train/make_cards.py" "$run" "$run/models" --pith "$root/build/pith"
echo "the models lie in $run/models" >&2
