#include "cli/line_reader.h"

#include "cli/terminal.h"

#ifdef PITH_HAVE_LIBEDIT
#include <histedit.h>

#include <cstdio>
#endif

namespace pith::cli {

#ifdef PITH_HAVE_LIBEDIT

struct LineReader::Editor {
  EditLine* line = el_init("pith", stdin, stderr, stderr);
  History* history = history_init();
  const char* prompt = "";

  Editor() {
    HistEvent event;
    ::history(history, &event, H_SETSIZE, 1000);
    ::history(history, &event, H_SETUNIQUE, 1);
    el_set(line, EL_CLIENTDATA, this);
    el_set(
        line, EL_PROMPT, +[](EditLine* e) {
          void* self = nullptr;
          el_get(e, EL_CLIENTDATA, &self);
          return const_cast<char*>(static_cast<Editor*>(self)->prompt);
        });
    el_set(line, EL_EDITOR, "emacs");
    el_set(line, EL_HIST, ::history, history);
    el_source(line, nullptr);
  }
  ~Editor() {
    history_end(history);
    el_end(line);
  }

  bool read(const char* shown, std::string& text) {
    prompt = shown;
    int length = 0;
    const char* typed = el_gets(line, &length);
    if (!typed || length <= 0) return false;
    text.assign(typed, static_cast<std::size_t>(length));
    if (text.ends_with('\n')) text.pop_back();
    HistEvent event;
    if (!text.empty()) ::history(history, &event, H_ENTER, text.c_str());
    return true;
  }
};

#else

struct LineReader::Editor {
  bool read(const char* shown, std::string& text) {
    write_error_stream(shown);
    return read_stdin_line(text);
  }
};

#endif

LineReader::LineReader() : interactive_(stdin_is_terminal() && stderr_is_terminal()) {
  if (interactive_) editor_ = std::make_unique<Editor>();
}

LineReader::~LineReader() = default;

bool LineReader::read(const char* prompt, std::string& line) {
  return editor_ ? editor_->read(prompt, line) : read_stdin_line(line);
}

}  // namespace pith::cli
