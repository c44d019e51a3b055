#!/usr/bin/env python3
"""Records what Python's jinja2, set up as Hugging Face transformers 5.x sets it up, renders from real chat templates.

    python3 tools/make_template_fixtures.py ../shared/data/chat_templates/templates tests/data/templates

Needs jinja2 3.1.6. Writes rendered.json: the templates are not part of this repository; the fixture holds the
conversations and, for each template and conversation, the length and FNV-1a hash of the rendered text, or the error.
And it brings language.json up to date: there each case is a template, and what it renders or the error's name is
filled in. --show TEMPLATE CONVERSATION prints a rendering instead.
"""

import argparse
import json
import pathlib
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

NOW = datetime(2025, 7, 10, 12, 0, 0)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the weather of a place, as \"now\" or as a forecast; <b>metric</b> & more.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "The city, e.g. Zürich"},
                    "days": {"type": "integer", "description": "How many days", "default": 1},
                    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                    "options": {
                        "type": "object",
                        "properties": {"wind": {"type": "boolean"}, "hours": {"type": "array", "items": {"type": "integer"}}},
                        "required": ["wind"],
                    },
                },
                "required": ["city"],
            },
        },
    },
    {
        "type": "function",
        "function": {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}},
    },
]

ARGUMENTS = {"city": "Zürich", "days": 2, "unit": "celsius", "options": {"wind": True, "hours": [6, 18]}}


def tool_messages(arguments):
    call = {"id": "call12345", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    return [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Do I need an umbrella in Zürich?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": "get_weather", "tool_call_id": "call12345", "content": '{"rain": 0.8, "text": "wet"}'},
        {"role": "assistant", "content": "Yes: rain is likely."},
        {"role": "user", "content": "Thanks! And tomorrow?"},
    ]


MULTI_TURN = [
    {"role": "system", "content": "Answer briefly."},
    {"role": "user", "content": "  What is 1 + 1?  "},
    {"role": "assistant", "content": "2"},
    {"role": "user", "content": "And\ntwice that? {{ 'no' }} <b>&</b> 🤗"},
    {"role": "assistant", "content": "\n4 "},
    {"role": "user", "content": "Why?"},
]

REASONING = [
    {"role": "user", "content": "What is 2 + 2?"},
    {"role": "assistant", "content": "4", "reasoning_content": "Two and two make four."},
    {"role": "user", "content": "Times three?"},
    {"role": "assistant", "content": "<think>\nFour times three.\n</think>\n\n12"},
    {"role": "user", "content": "Minus one?"},
]

CONVERSATIONS = {
    "plain": {"messages": [{"role": "user", "content": "Hello, how are you?"}]},
    "system": {"messages": [{"role": "system", "content": "You are a pirate."}, {"role": "user", "content": "Hello!"}]},
    "multi-turn": {"messages": MULTI_TURN},
    "multi-turn without prompt": {"messages": MULTI_TURN[:5], "add_generation_prompt": False},
    "tools": {"messages": tool_messages(ARGUMENTS), "tools": TOOLS},
    "tools, arguments as text": {"messages": tool_messages(json.dumps(ARGUMENTS, ensure_ascii=False)), "tools": TOOLS},
    "tools not used": {"messages": [{"role": "user", "content": "Hi"}], "tools": TOOLS},
    "reasoning": {"messages": REASONING},
    "thinking on": {"messages": MULTI_TURN[1:], "variables": {"enable_thinking": True, "thinking": True}},
    "thinking off": {"messages": MULTI_TURN[1:], "variables": {"enable_thinking": False, "thinking": False}},
}


class Generation(jinja2.ext.Extension):
    """{% generation %}: transformers notes where assistants speak; the text is that of the body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_text"), [], [], body).set_lineno(line)

    def _text(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class Namespace(jinja2.utils.Namespace):
    def __init__(*args, **kwargs):
        self, attributes = args[0], dict(*args[1:], **kwargs)
        for name in attributes:
            Namespace.check(name)
        jinja2.utils.Namespace.__init__(self, attributes)

    def __setitem__(self, name, value):
        Namespace.check(name)
        jinja2.utils.Namespace.__setitem__(self, name, value)

    @staticmethod
    def check(name):
        if isinstance(name, str) and name.startswith("_"):
            raise SecurityError(f"underscore-prefixed attribute {name!r}")


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals.update(
        raise_exception=raise_exception, strftime_now=lambda form: NOW.strftime(form), namespace=Namespace
    )
    return env


def with_reasoning_names(message):
    """transformers fills in the names under which templates look for a message's reasoning."""
    for name in ("reasoning_content", "thinking", "reasoning"):
        if message.get(name) is not None:
            return {"thinking": message[name], **message, "reasoning_content": message[name]}
    return message


def render(source, conversation):
    context = {**TOKENS, **conversation.get("variables", {})}
    context["messages"] = [with_reasoning_names(message) for message in conversation["messages"]]
    context["tools"] = conversation.get("tools")
    context["documents"] = None
    context["add_generation_prompt"] = conversation.get("add_generation_prompt", True)
    return environment().from_string(source).render(context)


def fnv64(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def record(source, conversation):
    try:
        text = render(source, conversation).encode()
    except jinja2.TemplateError as error:
        # What raise_exception says is part of the template's meaning; other messages are jinja2's own.
        said = type(error) is jinja2.TemplateError
        return {"error": str(error) if said else type(error).__name__, "raised": said}
    except Exception as error:
        return {"error": type(error).__name__, "raised": False}
    return {"bytes": len(text), "hash": fnv64(text)}


def record_language(path):
    """Fills in what the templates of language.json give."""
    fixture = json.loads(path.read_text())
    for case in fixture["cases"]:
        for key in ("text", "error"):
            case.pop(key, None)
        try:
            case["text"] = environment().from_string(case["template"]).render(fixture["context"])
        except Exception as error:
            case["error"] = type(error).__name__
    path.write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("templates", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path, nargs="?")
    parser.add_argument("--show", nargs=2, metavar=("TEMPLATE", "CONVERSATION"))
    args = parser.parse_args()
    if args.show:
        name, conversation = args.show
        print(render((args.templates / name).read_bytes().decode(), CONVERSATIONS[conversation]), end="")
        return
    if not args.output:
        parser.error("expected OUTPUT, a folder, or --show TEMPLATE CONVERSATION")
    results = {}
    for path in sorted(args.templates.glob("*.jinja")):
        data = path.read_bytes()
        source = data.decode()
        results[path.name] = {
            "template": fnv64(data),
            "results": {name: record(source, c) for name, c in CONVERSATIONS.items()},
        }
    fixture = {
        "about": "made by tools/make_template_fixtures.py with jinja2 " + jinja2.__version__,
        "now": NOW.isoformat() + "Z",
        "tokens": TOKENS,
        "conversations": CONVERSATIONS,
        "templates": results,
    }
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "rendered.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")
    record_language(args.output / "language.json")


if __name__ == "__main__":
    main()
