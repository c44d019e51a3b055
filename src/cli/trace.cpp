// pith trace: what a strategy of reasoning did, as a tree in the terminal or as a page.
#include "reason/trace.h"

#include <span>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/paths.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

struct TraceArguments {
  std::string file, html;
  int width = 0;
};

constexpr int kLeastWidth = 20;

int trace(const TraceArguments& o) {
  if (o.width < kLeastWidth) fail_usage("--width: expected at least {}, found {}", kLeastWidth, o.width);
  if (!o.html.empty()) check_output(o.html, {o.file});
  const Trace trace = parse_trace(read_file(o.file), o.file);
  if (!o.html.empty()) {
    const std::string page = trace_page(trace);
    write_file_atomically(o.html, std::as_bytes(std::span(page)));
    return 0;
  }
  write_out(draw_trace(trace, o.width));
  return 0;
}

}  // namespace

Action declare_trace(Options& options) {
  auto o = std::make_shared<TraceArguments>();
  o->width = 100;
  options.required("FILE", o->file, "what --trace wrote");
  options.option("--html", o->html, "OUT", "one self-contained page instead, to open and fold");
  options.option("--width", o->width, "N", "columns of a line (100)");
  options.example("pith trace trace.json");
  options.example("pith trace trace.json --html trace.html");
  return [o] { return trace(*o); };
}

}  // namespace pith::cli
