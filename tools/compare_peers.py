#!/usr/bin/env python3
"""pith beside llama.cpp on the same files, interleaved, and a table of ratios beside the limits.

    tools/compare_peers.py run --rounds 5 --results results.jsonl [--cases NAME ...]
    tools/compare_peers.py report results.jsonl > tools/reports/performance.md

`run` makes models with `pith synth` under --folder, and there a virtual environment with llama-cpp-python
from the Python package index, built for this processor (for the cases of AVX2 a second one). Its low-level
API does what llama-bench and llama-batched-bench do: random tokens, no sampling, a synchronise after each
step. --peer DIR takes llama-bench and llama-batched-bench of another build instead. In every round pith
runs, then the peer, so that both see the same moments of a shared machine; what is compared is the ratio
within a round. Results are appended: rounds may be run in pieces.
"""

import argparse
import collections
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

from reporting import checked, read_jsonl, table

ROOT = Path(__file__).resolve().parent.parent
FIRST = "llama-3.2-1b"

# A case: one model file, the tests on it and what is asked of them. A test is (prompt, gen, depth,
# sequences), its limits: at least so many times the peer, at least that share of the machine's limit.
PP, TG = (512, 0, 0, 1), (0, 128, 0, 1)
CASES = {
    "q4_0": {"model": (FIRST, "Q4_0"), "tests": {PP: (2.2, 0.55), TG: (1.05, 0.85)}},
    "q4_k": {"model": (FIRST, "Q4_K"), "tests": {PP: (2.2, 0.55), TG: (1.05, 0.85)}},
    "q6_k": {"model": (FIRST, "Q6_K"), "tests": {PP: (None, None), TG: (1.05, 0.85)}},
    "q8_0": {"model": (FIRST, "Q8_0"), "tests": {PP: (2.5, 0.55), TG: (1.05, 0.85)}},
    "f16": {"model": (FIRST, "F16"), "tests": {PP: (1.05, None), TG: (1.05, 0.85)}},
    "bf16": {"model": (FIRST, "BF16"), "tests": {PP: (1.3, None), TG: (None, None)}},
    "depth": {"model": (FIRST, "Q8_0"), "tests": {(0, 32, 8192, 1): (1.2, None)}},
    "olmoe": {"model": ("olmoe-1b-7b", "Q4_K"), "tests": {PP: (2.5, None), TG: (1.05, None)}},
    "batch8": {"model": (FIRST, "Q4_0"), "tests": {(32, 32, 0, 8): (3.5, None)}},
    "batch32": {"model": (FIRST, "Q4_0"), "tests": {(32, 32, 0, 32): (2.7, None)}},
    "stories": {"model": "stories260K", "tests": {(0, 256, 0, 1): (5, None)}, "threads": 1},
    "start": {"model": "stories260K", "tests": {"start": (5, None)}, "threads": 1},
    "avx2-q4_0": {"model": (FIRST, "Q4_0"), "tests": {PP: (1.2, None), TG: (1.0, None)}, "avx2": True},
    "avx2-q4_k": {"model": (FIRST, "Q4_K"), "tests": {PP: (1.2, None), TG: (1.0, None)}, "avx2": True},
    "avx2-q8_0": {"model": (FIRST, "Q8_0"), "tests": {PP: (1.2, None), TG: (1.0, None)}, "avx2": True},
}
# pith alone: how its cost grows. (model, options of pith bench)
GROWTH = {
    "context": ((FIRST, "Q4_0", "--layers", "4"), ["-p", "0", "-n", "16", "-d", "512-32768*2"]),
    "batch": ((FIRST, "Q4_0"), ["-p", "1", "-n", "16", "--parallel", "1-64*2"]),
    "threads": ((FIRST, "Q4_0"), ["-p", "128", "-n", "16", "-t", "{threads}"]),
    "size": (("qwen3-0.6b", "Q4_0"), ["-p", "128", "-n", "16"]),
    "size 1b": ((FIRST, "Q4_0"), ["-p", "128", "-n", "16"]),
    "size 8b": (("llama-3.1-8b", "Q4_0"), ["-p", "128", "-n", "16"]),
}
STORIES = "shared/data/weights/stories260K/stories260Ktok512-llamacpp.gguf"
MOST_OTHERS = 0.1  # a round in which other processes took more than this share of the cores says nothing
MEMORY_LIMIT = 64 << 20  # beyond the file's pages and the KV cache

AVX2_FLAGS = ["-DGGML_NATIVE=OFF"] + [f"-DGGML_{f}=ON" for f in "SSE42 AVX AVX2 FMA F16C BMI2".split()]
COMMON_FLAGS = ["-DMTMD_BUILD=OFF", "-DLLAVA_BUILD=OFF", "-DLLAMA_BUILD_TOOLS=OFF"]


# --- the peer, inside its virtual environment -----------------------------------------------------


class Worker:
    """Speaks JSON lines: a test in, its seconds out. The model stays loaded from round to round."""

    def __init__(self, path, threads):
        import llama_cpp

        self.api, self.path, self.threads = llama_cpp, path.encode(), threads
        self.log = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.log, None)
        llama_cpp.llama_backend_init()
        self.model = self.load()
        self.vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.context = self.key = None

    def load(self):
        params = self.api.llama_model_default_params()
        params.n_gpu_layers = 0
        model = self.api.llama_model_load_from_file(self.path, params)
        if not model:
            sys.exit(f"llama.cpp cannot load {self.path.decode()}")
        return model

    def new_context(self, model, tokens, sequences):
        params = self.api.llama_context_default_params()
        params.n_ctx = tokens
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = self.threads
        return self.api.llama_init_from_model(model, params)

    def batch(self, entries):
        """entries: (token, position, sequence, wants logits)."""
        batch = self.api.llama_batch_init(len(entries), 0, 1)
        batch.n_tokens = len(entries)
        for i, (token, position, sequence, wanted) in enumerate(entries):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, position, 1
            batch.seq_id[i][0], batch.logits[i] = sequence, wanted
        return batch

    def decode(self, batches):
        for batch in batches:
            if self.api.llama_decode(self.context, batch) != 0:
                sys.exit("llama_decode failed")
            self.api.llama_synchronize(self.context)

    def prompt(self, tokens, at, sequence):
        entries = [(t, at + i, sequence, i == len(tokens) - 1) for i, t in enumerate(tokens)]
        return [self.batch(entries[i : i + 2048]) for i in range(0, len(entries), 2048)]

    def measure(self, prompt, gen, depth, sequences):
        draw = lambda n: [random.randrange(self.vocab) for _ in range(n)]
        key = (prompt, gen, depth, sequences)
        fresh = key != self.key
        if fresh:
            if self.context:
                self.api.llama_free(self.context)
            room = 256 * -(-(depth + prompt + gen + 8) // 256)
            self.context = self.new_context(self.model, room * sequences, sequences)
            self.key = key
            for s in range(sequences):
                self.decode(self.prompt(draw(depth), 0, s))
        memory = self.api.llama_get_memory(self.context)

        def run(prompt, gen):
            for s in range(sequences):
                self.api.llama_memory_seq_rm(memory, s, depth, -1)
            reading = [b for s in range(sequences) for b in self.prompt(draw(prompt), depth, s)]
            writing = [self.batch([(draw(1)[0], depth + prompt + i, s, True) for s in range(sequences)])
                       for i in range(gen)]
            start = time.perf_counter()
            self.decode(reading)
            middle = time.perf_counter()
            self.decode(writing)
            end = time.perf_counter()
            for batch in reading + writing:
                self.api.llama_batch_free(batch)
            return {"prompt_seconds": middle - start, "gen_seconds": end - middle}

        if fresh:  # warm-up, as llama-bench does it
            run(prompt, min(gen, 1))
        return run(prompt, gen)


def work(path, threads):
    worker = Worker(path, threads)
    about = {"version": worker.api.__version__, "system": worker.api.llama_print_system_info().decode()}
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        test = json.loads(line)
        print(json.dumps(worker.measure(*test)), flush=True)


class PythonPeer:
    def __init__(self, python, path, threads):
        self.python, self.path = python, path
        command = [python, __file__, "work", str(path), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the peer ended")
        return json.loads(line)

    def first_token_program(self):
        """tools/first_token.c, compiled against the llama.cpp of the virtual environment."""
        program = self.python.parent / "first_token"
        if not program.exists():
            where = "import sysconfig; print(sysconfig.get_path('platlib'))"
            site = Path(checked([self.python, "-c", where]).strip())
            libraries = site / "llama_cpp" / "lib"
            checked(["cc", "-O2", f"-I{site}/include", ROOT / "tools" / "first_token.c", "-o", program,
                     f"-L{libraries}", "-lllama", f"-Wl,-rpath,{libraries}", "-Wl,--allow-shlib-undefined"])
        return program

    def measure(self, test):
        self.process.stdin.write(json.dumps(test) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class ProgramPeer:
    """llama-bench and llama-batched-bench of another build."""

    def __init__(self, folder, path, threads):
        self.folder, self.path, self.threads = Path(folder), str(path), str(threads)
        self.about = {"version": self.folder.name, "system": ""}

    def rows(self, program, *options):
        return checked([self.folder / program, "-m", self.path, "-t", self.threads, *options])

    def measure(self, test):
        prompt, gen, depth, sequences = test
        if sequences > 1:
            out = self.rows("llama-batched-bench", "-npp", prompt, "-ntg", gen, "-npl", sequences,
                            "-c", (prompt + gen) * sequences, "--output-format", "jsonl")
            row = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
            return {"prompt_seconds": row["t_pp"], "gen_seconds": row["t_tg"]}
        out = self.rows("llama-bench", "-p", prompt, "-n", gen, "-d", depth, "-r", 1, "-o", "json")
        row = json.loads(out)[0]
        seconds = row["avg_ns"] / 1e9
        return {"prompt_seconds": 0 if gen else seconds, "gen_seconds": seconds if gen else 0}

    def close(self):
        pass


def make_venv(folder, flags):
    python = folder / "bin" / "python"
    probe = [python, "-c", "import llama_cpp"]
    if python.exists() and subprocess.run(probe, stderr=subprocess.DEVNULL).returncode == 0:
        return python
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    environment = dict(os.environ, CMAKE_ARGS=" ".join(COMMON_FLAGS + flags))
    install = [python, "-m", "pip", "install", "--no-binary", "llama-cpp-python", "llama-cpp-python"]
    subprocess.run(install, check=True, env=environment)
    return python


# --- who else computes ------------------------------------------------------------------------------

TICKS = os.sysconf("SC_CLK_TCK")


def busy_seconds():
    """Of all processors together, since the boot."""
    user, nice, system = Path("/proc/stat").read_text().split()[1:4]
    return (int(user) + int(nice) + int(system)) / TICKS


def process_seconds(pid):
    """A process's own, without its children's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def own_seconds(peer):
    children = os.times()
    own = children.user + children.system + children.children_user + children.children_system
    return own + (process_seconds(peer.process.pid) if isinstance(peer, PythonPeer) else 0)


# --- pith -------------------------------------------------------------------------------------------


def bench(pith, path, threads, test, environment):
    prompt, gen, depth, sequences = test
    options = ["-p", prompt, "-n", gen, "-d", depth, "-r", 1, "-t", threads, "--probe", "-o", "json"]
    if sequences > 1:
        options += ["--parallel", sequences]
    command = list(map(str, [pith, "bench", "-m", path, *options]))
    row = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment).stdout)[0]
    if sequences > 1:
        return {"prompt_seconds": row["t_pp"], "gen_seconds": row["t_tg"], "row": row}
    seconds = row["avg_ns"] / 1e9
    return {"prompt_seconds": 0 if gen else seconds, "gen_seconds": seconds if gen else 0, "row": row}


STARTS = 20  # processes of each in a round


def process_seconds_of(command, environment):
    """A whole process, from its start to its end."""
    command = list(map(str, command))
    silent = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    begin = time.perf_counter()
    _, status = os.waitpid(os.posix_spawn(command[0], command, environment, file_actions=silent), 0)
    seconds = time.perf_counter() - begin
    if status != 0:
        sys.exit(f"{' '.join(command)}: it failed")
    return seconds


def start(pith, peer, path, threads, environment):
    """Processes that start, answer one token and end, in turn; the medians."""
    text = "Once upon a time"
    ours = [pith, "run", "-m", path, "-t", threads, "--raw", "--temp", "0", "-n", "1", text]
    theirs = [peer.first_token_program(), path, threads, text]
    pairs = [[process_seconds_of(c, environment) for c in (ours, theirs)] for _ in range(STARTS)]
    return [{"seconds": statistics.median(seconds)} for seconds in zip(*pairs)]


def model_file(args, model):
    if model == "stories260K":
        path = ROOT.parent / STORIES
        if not path.exists():
            print(f"{path} is not there: its rows are left out", file=sys.stderr)
            return None
        return path
    path = args.folder / ("-".join(model).replace("--", "") + ".gguf")
    if not path.exists():
        subprocess.run([args.pith, "synth", model[0], model[1], path, *model[2:]], check=True)
    return path


def processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def run_case(args, name, append):
    case = CASES[name]
    path = model_file(args, case["model"])
    if not path:
        return
    threads, avx2 = case.get("threads", args.threads), case.get("avx2", False)
    environment = dict(os.environ, **({"PITH_ISA": "avx2"} if avx2 else {}))
    if args.peer:
        peer = ProgramPeer(args.peer, path, threads)
    else:
        venv = args.folder / ("venv-avx2" if avx2 else "venv")
        peer = PythonPeer(make_venv(venv, AVX2_FLAGS if avx2 else ["-DGGML_NATIVE=ON"]), path, threads)
    # Another build has no program for the first token.
    tests = [test for test in case["tests"] if not (args.peer and test == "start")]
    for _ in range(args.rounds):
        for test in tests:
            begin, busy, own = time.perf_counter(), busy_seconds(), own_seconds(peer)
            if test == "start":
                ours, theirs = start(args.pith, peer, path, threads, environment)
            else:
                ours = bench(args.pith, path, threads, test, environment)
                theirs = peer.measure(test)
            cores = (time.perf_counter() - begin) * os.cpu_count()
            others = max(0.0, busy_seconds() - busy - (own_seconds(peer) - own)) / cores
            append({"case": name, "test": test, "model": path.stem, "file_bytes": path.stat().st_size,
                    "threads": threads, "peer": peer.about, "processor": processor(), "others": others,
                    "pith": ours, "theirs": theirs})
    peer.close()


def run(args):
    args.folder.mkdir(parents=True, exist_ok=True)
    args.folder = args.folder.resolve()
    args.pith = Path(args.pith).resolve()

    def append(result):
        with open(args.results, "a") as file:
            file.write(json.dumps(result) + "\n")

    for name in args.cases or CASES:
        if name in CASES:
            run_case(args, name, append)
        elif name in GROWTH:
            model, options = GROWTH[name]
            threads = ",".join(str(t) for t in range(1, args.threads + 1))
            options = [o.format(threads=threads) for o in options]
            command = [args.pith, "bench", "-m", model_file(args, model), "-r", str(args.rounds), "--probe"]
            command += ["-o", "json"]
            if "-t" not in options:
                command += ["-t", str(args.threads)]
            rows = json.loads(subprocess.run(command + options, stdout=subprocess.PIPE, check=True).stdout)
            append({"growth": name, "model": "-".join(model[:2]), "rows": rows})
        else:
            sys.exit(f"no case '{name}'; there are {', '.join([*CASES, *GROWTH])}")


# --- the report ---------------------------------------------------------------------------------------


def test_name(test):
    if test == "start":
        return "process for one token"
    prompt, gen, depth, sequences = test
    if sequences > 1:
        return f"{sequences} sequences decoding"
    name = f"prefill {prompt}" if prompt else f"decode {gen}"
    return name + (f" at depth {depth}" if depth else "")


def seconds_of(result, test):
    if test == "start":
        return result["seconds"]
    return result["gen_seconds"] if test[1] else result["prompt_seconds"]


def speed(result, test):
    seconds = seconds_of(result, test)
    return None if test == "start" else (test[1] * test[3] if test[1] else test[0]) / seconds


def share_of(row, test):
    """Of the limit that matters: arithmetic for prompts, reading for generation."""
    if test == "start":
        return None
    if test[3] > 1:
        return row["tg_gops_share"]
    return row["bandwidth_share"] if test[1] else row["gops_share"]


def verdict(value, limit):
    return "" if limit is None else "yes" if value >= limit else "no"


def percent(share):
    return "" if share is None else f"{100 * share:.0f} %"


def speed_text(found, who, test):
    if test == "start":
        return f"{1e3 * statistics.median(seconds_of(r[who], test) for r in found):.1f} ms"
    return f"{statistics.median(speed(r[who], test) for r in found):.1f}"


def ratio_table(results):
    rows = []
    for name, case in CASES.items():
        for test, (wanted, wanted_share) in case["tests"].items():
            found = [r for r in results if r.get("case") == name and r["test"] in (test, list(test))]
            if not found:
                continue
            ratios = sorted(seconds_of(r["theirs"], test) / seconds_of(r["pith"], test) for r in found)
            median = statistics.median(ratios)
            shares = [share_of(r["pith"].get("row"), test) for r in found]
            share = None if shares[0] is None else statistics.median(shares)
            rows.append((
                found[0]["pith"].get("row", {}).get("isa", ""), found[0]["model"], test_name(test),
                speed_text(found, "pith", test), speed_text(found, "theirs", test),
                f"{ratios[0]:.2f}", f"**{median:.2f}**", f"{ratios[-1]:.2f}",
                "" if wanted is None else wanted, verdict(median, wanted),
                percent(share), percent(wanted_share), "" if share is None else verdict(share, wanted_share)))
    head = ("level", "model", "test", "pith t/s", "llama.cpp t/s", "ratio min", "median", "max", "at least",
            "reached", "of limit", "at least", "reached")
    return table(head, rows, "lllrrrrrrlrrl")


def memory_table(results):
    rows = {}
    for r in results:
        row = r.get("pith", {}).get("row")
        if row:
            more = row["peak_rss"] - r["file_bytes"] - row["kv_bytes"]
            sizes = (row["peak_rss"], r["file_bytes"], row["kv_bytes"], more, MEMORY_LIMIT)
            name = (r["model"], test_name(tuple(r["test"])))
            cells = (f"{n / 2**20:.0f} MiB" for n in sizes)
            rows.setdefault(name, (*name, *cells, verdict(MEMORY_LIMIT, more)))
    head = ("model", "test", "peak", "file", "KV cache", "more", "at most", "reached")
    return table(head, rows.values(), "llrrrrrl")


def growth_row(row):
    if "pl" in row:
        name, rate, step = f"{row['pl']} sequences", row["speed_tg"], row["t_tg"] / row["tg"]
    else:
        name = test_name((row["n_prompt"], row["n_gen"], row["n_depth"], 1))
        rate, step = row["avg_ts"], row["avg_ns"] / 1e9 / max(row["n_gen"], 1)
    prefix = "tg_" if "pl" in row else ""
    return (name, row["n_threads"], f"{rate:.1f}", f"{1e3 * step:.1f}",
            f"{row[prefix + 'bandwidth_gbs']:.1f}", percent(row[prefix + "bandwidth_share"]),
            f"{row[prefix + 'gops']:.0f}", percent(row[prefix + "gops_share"]))


def growth_tables(results):
    head = ("test", "threads", "t/s", "ms a step", "GB/s", "of reading", "GOP/s", "of arithmetic")
    for r in results:
        if "growth" in r:
            yield from ("", f"### {r['growth'].capitalize()}: {r['model']}", "")
            yield from table(head, map(growth_row, r["rows"]), "lrrrrrrr")


PAGE = """# Speed and memory

Written by `tools/compare_peers.py report` from what `tools/compare_peers.py run` measured.

- Machine: {processor}, {threads} threads.{limits}
  Every ratio is taken within a round, in which both ran one after the other, and every share against limits
  measured right before and after.
{peers}
- Models have random weights (`pith synth`); stories260K is a trained one. Rounds: {rounds} or more of each
  row; {disturbed} were left out because other processes took more than {most_others} of the cores.
- Of limit: prefill and several sequences, of the arithmetic peak of what the kernels multiply; decode, of the
  read bandwidth (a model that the caches hold can exceed it). The process for one token: whole processes
  with one thread, pith's and tools/first_token.c with llama.cpp's library, medians of 20 in turn.

## Beside llama.cpp

{ratios}"""

LIMITS = """ Over the measurements its limits were {read_limit_gbs} GB/s read,
  {int8_limit_gops} int8 GOP/s, {bf16_limit_gops} BF16 GOP/s and {f32_limit_gops} F32 GOP/s (all rows)."""


def limits_text(rows):
    """Nothing where only whole processes were measured, which do not look for the machine's limits."""
    if not rows:
        return ""
    keys = ("read_limit_gbs", "int8_limit_gops", "bf16_limit_gops", "f32_limit_gops")
    return LIMITS.format(**{key: f"{min(row[key] for row in rows):.0f} to {max(row[key] for row in rows):.0f}"
                            for key in keys})


def report(args):
    results = read_jsonl(args.results)
    disturbed = [r for r in results if r.get("others", 0) > MOST_OTHERS]
    results = [r for r in results if r not in disturbed]
    measured = [r for r in results if "case" in r]
    if not measured:
        sys.exit(f"{args.results}: in every round others took more than {percent(MOST_OTHERS)} of the cores")
    rows = [r["pith"]["row"] for r in measured if "row" in r["pith"]]
    peers = sorted({f"{r['peer']['version']} ({r['peer']['system'].strip(' |')})" for r in measured})
    counts = collections.Counter(r["case"] for r in measured)
    print(PAGE.format(
        processor=measured[0]["processor"], threads=max(r["threads"] for r in measured),
        limits=limits_text(rows),
        peers="\n".join(f"- Peer: llama-cpp-python {p}" for p in peers),
        rounds=min(n // len(CASES[case]["tests"]) for case, n in counts.items()),
        disturbed=len(disturbed), most_others=percent(MOST_OTHERS), ratios="\n".join(ratio_table(results))))
    if rows:
        print("", "## Peak memory", "", *memory_table(results), sep="\n")
    growth = list(growth_tables(results))
    if growth:
        print("", "## How cost grows", *growth, sep="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("run", help="measure, and append to the results")
    p.add_argument("--pith", default=ROOT / "build" / "pith", help="the program (build/pith)")
    p.add_argument("--folder", type=Path, default=ROOT / "build" / "compare",
                   help="of models and environments")
    p.add_argument("--results", type=Path, required=True)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--peer", help="a folder with llama-bench and llama-batched-bench")
    p.add_argument("--cases", nargs="+",
                   help=f"some of {', '.join([*CASES, *GROWTH])}; default: the first {len(CASES)}")
    p.set_defaults(go=run)
    p = commands.add_parser("report", help="print the tables")
    p.add_argument("results")
    p.set_defaults(go=report)
    p = commands.add_parser("work", help="the peer's side of run")
    p.add_argument("model")
    p.add_argument("threads", type=int)
    p.set_defaults(go=lambda a: work(a.model, a.threads))
    args = parser.parse_args()
    args.go(args)


if __name__ == "__main__":
    main()
