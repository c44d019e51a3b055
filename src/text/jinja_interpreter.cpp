#include "text/jinja_interpreter.h"

#include <deque>
#include <functional>

#include "base/error.h"
#include "text/jinja_builtins.h"
#include "text/jinja_operations.h"

namespace pith::jinja {
namespace {

/// Variables by name; a name that is not here is looked for in the scope around this one.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::map<std::string_view, Value> variables;  ///< the names belong to the syntax tree or to the context

  const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope; scope = scope->parent.get()) {
      if (const auto at = scope->variables.find(name); at != scope->variables.end()) return &at->second;
    }
    return nullptr;
  }
};
using ScopePtr = std::shared_ptr<Scope>;

/// The variable `loop`. Items are filtered one by one, as late as they are needed: the loop's body may change
/// what its condition looks at.
struct Loop : Object {
  Items source;
  std::size_t next_source = 0;
  std::function<bool(const Value&)> accepts;         ///< null: every item is visited
  std::deque<Value> ahead;                           ///< accepted, not yet visited
  std::function<std::string(const Value&)> recurse;  ///< null: the loop is not recursive
  std::int64_t index0 = -1, depth0 = 0;
  Value previous, current, last_changed;
  bool has_changed_before = false;

  std::string_view type() const override { return "LoopContext"; }
  bool callable() const override { return recurse != nullptr; }
  Value call(Runtime& rt, const Arguments& arguments) override;
  std::optional<Value> attribute(Runtime& rt, const Value& self, std::string_view name) override;
  void release() override {
    end();
    previous = current = last_changed = {};
  }

  bool look_ahead() {
    while (ahead.empty() && next_source < source.size()) {
      const Value& item = source[next_source++];
      if (!accepts || accepts(item)) ahead.push_back(item);
    }
    return !ahead.empty();
  }

  bool advance() {
    if (!look_ahead()) return false;
    previous = std::exchange(current, std::move(ahead.front()));
    ahead.pop_front();
    ++index0;
    return true;
  }

  std::int64_t length() {
    for (; next_source < source.size(); ++next_source) {
      if (!accepts || accepts(source[next_source])) ahead.push_back(source[next_source]);
    }
    return index0 + 1 + static_cast<std::int64_t>(ahead.size());
  }

  /// The loop is over; what it ran with is gone.
  void end() {
    accepts = nullptr;
    recurse = nullptr;
    next_source = source.size();
  }
};

Loop& loop_of(const Value& self) { return static_cast<Loop&>(*self.object()); }

Value loop_cycle(Runtime& rt, const Value& self, const Args& args) {
  const Items& items = args.all().positional;
  if (items.empty()) rt.fail("no items for cycling given");
  return items[static_cast<std::size_t>(loop_of(self).index0) % items.size()];
}

Value loop_changed(Runtime& rt, const Value& self, const Args& args) {
  Loop& loop = loop_of(self);
  const Value now = rt.tuple(args.all().positional);
  const bool changed = !loop.has_changed_before || !equal(rt, now, loop.last_changed);
  loop.has_changed_before = true;
  loop.last_changed = now;
  rt.keep(*self.get<ObjectPtr>());
  return changed;
}

constexpr Builtin kLoopCycle = {"cycle", "*", 0, loop_cycle},
                  kLoopChanged = {"changed", "*", 0, loop_changed};

struct LoopAttribute {
  std::string_view name;
  Value (*get)(Runtime&, Loop&);
};
constexpr LoopAttribute kLoopAttributes[] = {
    {"index", [](Runtime&, Loop& loop) -> Value { return loop.index0 + 1; }},
    {"index0", [](Runtime&, Loop& loop) -> Value { return loop.index0; }},
    {"revindex", [](Runtime&, Loop& loop) -> Value { return loop.length() - loop.index0; }},
    {"revindex0", [](Runtime&, Loop& loop) -> Value { return loop.length() - loop.index0 - 1; }},
    {"first", [](Runtime&, Loop& loop) -> Value { return loop.index0 == 0; }},
    {"last", [](Runtime&, Loop& loop) -> Value { return !loop.look_ahead(); }},
    {"length", [](Runtime&, Loop& loop) -> Value { return loop.length(); }},
    {"depth", [](Runtime&, Loop& loop) -> Value { return loop.depth0 + 1; }},
    {"depth0", [](Runtime&, Loop& loop) -> Value { return loop.depth0; }},
    {"previtem",
     [](Runtime& rt, Loop& loop) -> Value {
       return loop.index0 > 0 ? loop.previous : rt.undefined("there is no previous item");
     }},
    {"nextitem",
     [](Runtime& rt, Loop& loop) -> Value {
       return loop.look_ahead() ? loop.ahead.front() : rt.undefined("there is no next item");
     }},
};

std::optional<Value> Loop::attribute(Runtime& rt, const Value& self, std::string_view name) {
  for (const LoopAttribute& a : kLoopAttributes) {
    if (a.name == name) return a.get(rt, *this);
  }
  if (name == "cycle") return bound_function(rt, kLoopCycle, self);
  if (name == "changed") return bound_function(rt, kLoopChanged, self);
  return {};
}

Value Loop::call(Runtime& rt, const Arguments& arguments) {
  if (arguments.positional.size() != 1 || !arguments.named.empty())
    rt.fail("'loop' is called with one value to loop over");
  return rt.text(recurse(arguments.positional[0]));
}

class Interpreter;

/// A macro with the scope it was defined in.
struct Macro : Object {
  Interpreter& interpreter;
  const MacroDefinition& definition;
  ScopePtr scope;

  Macro(Interpreter& interpreter_, const MacroDefinition& definition_, ScopePtr scope_)
      : interpreter(interpreter_), definition(definition_), scope(std::move(scope_)) {}
  std::string_view type() const override { return "Macro"; }
  bool callable() const override { return true; }
  Value call(Runtime& rt, const Arguments& arguments) override;
  std::optional<Value> attribute(Runtime& rt, const Value&, std::string_view name) override {
    if (name == "name") return rt.text(definition.name);
    return {};
  }
  void release() override {
    if (scope) scope->variables.clear();
  }
};

class Interpreter {
 public:
  Interpreter(Runtime& rt, const Dict& context) : rt_(rt), scope_(std::make_shared<Scope>()) {
    for (const auto& [key, value] : context.entries) scope_->variables.emplace(*key.text(), value);
  }
  ~Interpreter() { scope_->variables.clear(); }

  std::string run(const Block& block) {
    return capture([&] { execute(block); });
  }

  /// Runs a macro's body with its arguments.
  Value call_macro(const Macro& macro, const Arguments& arguments) {
    const MacroDefinition& definition = macro.definition;
    const InScope inside(*this, macro.scope);
    bind(definition, arguments);
    return rt_.text(capture([&] { execute(definition.body); }));
  }

 private:
  enum class Flow { kNext, kBreak, kContinue };

  /// A new scope for as long as this lives.
  class InScope {
   public:
    InScope(Interpreter& interpreter, ScopePtr parent)
        : interpreter_(interpreter), before_(interpreter.scope_) {
      interpreter.scope_ = std::make_shared<Scope>();
      interpreter.scope_->parent = std::move(parent);
    }
    ~InScope() { interpreter_.scope_ = std::move(before_); }
    InScope(const InScope&) = delete;
    InScope& operator=(const InScope&) = delete;

   private:
    Interpreter& interpreter_;
    ScopePtr before_;
  };

  /// What `body` writes.
  template <class Body>
  std::string capture(Body body) {
    std::string text;
    std::string* const before = std::exchange(out_, &text);
    try {
      body();
    } catch (...) {
      out_ = before;
      throw;
    }
    out_ = before;
    return text;
  }

  void set(std::string_view name, Value value) { scope_->variables.insert_or_assign(name, std::move(value)); }

  void assign(const Target& target, const Value& value) {
    rt_.set_place(target.offset);
    if (!target.parts.empty()) {
      const Items items = iterate(rt_, value);
      if (items.size() != target.parts.size()) {
        rt_.fail("cannot unpack {} values into {} names", items.size(), target.parts.size());
      }
      for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
    } else if (target.attribute.empty()) {
      set(target.name, value);
    } else {
      auto* space = dynamic_cast<Namespace*>(lookup(target.name).object());
      if (!space)
        rt_.fail("cannot assign an attribute of '{}': it is no namespace", printable(target.name, 40));
      space->set(rt_, target.attribute, value);
    }
  }

  Value lookup(std::string_view name) {
    if (const Value* value = scope_->find(name)) return *value;
    if (const Builtin* function = find_global(name)) return bound_function(rt_, *function, {});
    if (rt_.javascript() && name == "null") return None();
    return rt_.undefined(fmt::format("'{}' is undefined", printable(name, 60)));
  }

  // --- macros ---

  Value make_macro(const MacroDefinition& definition) {
    const auto made = std::make_shared<Macro>(*this, definition, scope_);
    rt_.keep(made);
    return rt_.object(made);
  }

  void bind(const MacroDefinition& definition, const Arguments& arguments) {
    const std::vector<Parameter>& parameters = definition.parameters;
    std::vector<bool> taken(arguments.named.size(), false);
    const auto take_named = [&](std::string_view name) -> const Value* {
      for (std::size_t i = 0; i < taken.size(); ++i) {
        if (arguments.named[i].first != name) continue;
        taken[i] = true;
        return &arguments.named[i].second;
      }
      return nullptr;
    };
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Parameter& parameter = parameters[i];
      const Value* named = take_named(parameter.name);
      const bool by_position = i < arguments.positional.size();
      if (named && by_position)
        rt_.fail("the argument '{}' of '{}' is given twice", parameter.name, definition.name);
      if (by_position || named) {
        set(parameter.name, by_position ? arguments.positional[i] : *named);
      } else if (parameter.default_value) {
        set(parameter.name, evaluate(*parameter.default_value));
      } else {
        set(parameter.name, rt_.undefined(fmt::format("parameter '{}' was not provided", parameter.name)));
      }
    }
    bind_rest(definition, arguments, taken, take_named("caller"));
  }

  /// caller, varargs and kwargs, which a macro's body may use without declaring them.
  void bind_rest(const MacroDefinition& definition, const Arguments& arguments,
                 const std::vector<bool>& taken, const Value* caller) {
    const bool declared = scope_->variables.count("caller") > 0;
    if (definition.takes_caller && !declared)
      set("caller", caller ? *caller : rt_.undefined("No caller defined"));
    Dict kwargs;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const auto& [name, value] = arguments.named[i];
      if (taken[i] && (name != "caller" || definition.takes_caller)) continue;
      if (!definition.takes_kwargs)
        rt_.fail("'{}' has no argument '{}'", definition.name, printable(name, 40));
      rt_.insert(kwargs, rt_.text(name), value);
    }
    if (definition.takes_kwargs) set("kwargs", rt_.dict(std::move(kwargs)));
    const std::size_t count = definition.parameters.size();
    if (definition.takes_varargs) {
      Items rest;
      for (std::size_t i = count; i < arguments.positional.size(); ++i)
        rest.push_back(arguments.positional[i]);
      set("varargs", rt_.tuple(std::move(rest)));
    } else if (arguments.positional.size() > count) {
      rt_.fail("'{}' takes at most {} arguments, not {}", definition.name, count,
               arguments.positional.size());
    }
  }

  // --- statements ---

  Flow execute(const Block& block) {
    for (const Statement& statement : block) {
      const Runtime::At at(rt_, statement.offset);
      const Flow flow = std::visit([&](const auto& node) { return execute(node); }, statement.node);
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  Flow execute(const Data& node) {
    rt_.append(*out_, node.text);
    return Flow::kNext;
  }

  Flow execute(const Output& node) {
    rt_.append(*out_, to_text(rt_, evaluate(*node.value)));
    return Flow::kNext;
  }

  Flow execute(const If& node) {
    for (const If::Branch& branch : node.branches) {
      if (!branch.condition || is_true(rt_, evaluate(*branch.condition))) return execute(branch.body);
    }
    return Flow::kNext;
  }

  Flow execute(const For& node) {
    run_loop(node, evaluate(*node.iterable), 0);
    return Flow::kNext;
  }

  void run_loop(const For& node, const Value& over, std::int64_t depth0) {
    const ScopePtr outer = scope_;
    const auto loop = std::make_shared<Loop>();
    loop->source = iterate(rt_, over);
    loop->depth0 = depth0;
    for (const Value& item : loop->source) loop->depth = std::max(loop->depth, item.depth() + 1);
    if (node.condition) {
      loop->accepts = [&](const Value& item) {
        const InScope inside(*this, outer);
        assign(node.target, item);
        return is_true(rt_, evaluate(*node.condition));
      };
    }
    if (node.recursive) {
      loop->recurse = [&, depth0](const Value& inner) {
        const Runtime::At deeper(rt_, node.iterable->offset);
        const ScopePtr here = std::exchange(scope_, outer);
        std::string text = capture([&] { run_loop(node, inner, depth0 + 1); });
        scope_ = here;
        return text;
      };
    }
    struct End {
      Loop& loop;
      ~End() { loop.end(); }
    } end{*loop};
    const Value handle = rt_.object(loop);
    while (loop->advance()) {
      const InScope inside(*this, outer);
      assign(node.target, loop->current);
      set("loop", handle);
      if (execute(node.body) == Flow::kBreak) return;
    }
    if (loop->index0 < 0) {
      const InScope inside(*this, outer);
      execute(node.otherwise);
    }
  }

  Flow execute(const Break&) { return Flow::kBreak; }
  Flow execute(const Continue&) { return Flow::kContinue; }

  Flow execute(const Set& node) {
    assign(node.target, evaluate(*node.value));
    return Flow::kNext;
  }

  /// Runs a body in a scope of its own, and its text through filters.
  Value filtered_text(const Block& body, const Expression* filter, Flow& flow) {
    std::string text;
    {
      const InScope inside(*this, scope_);
      text = capture([&] { flow = execute(body); });
    }
    const Value value = rt_.text(text);
    return filter ? run_filters(*filter, value) : value;
  }

  Flow execute(const SetBlock& node) {
    Flow flow = Flow::kNext;
    const Value value = filtered_text(node.body, node.filter.get(), flow);
    if (flow == Flow::kNext) assign(node.target, value);
    return flow;
  }

  Flow execute(const FilterBlock& node) {
    Flow flow = Flow::kNext;
    const Value value = filtered_text(node.body, node.filter.get(), flow);
    if (flow == Flow::kNext) rt_.append(*out_, to_text(rt_, value));
    return flow;
  }

  Flow execute(const With& node) {
    const ScopePtr outer = scope_;
    const InScope inside(*this, outer);
    for (const auto& [target, expression] : node.variables) {
      // The values do not see each other's names.
      const ScopePtr here = std::exchange(scope_, outer);
      const Value value = evaluate(*expression);
      scope_ = here;
      assign(target, value);
    }
    return execute(node.body);
  }

  Flow execute(const MacroDefinition& node) {
    set(node.name, make_macro(node));
    return Flow::kNext;
  }

  Flow execute(const CallBlock& node) {
    const auto& call_node = std::get<Call>(node.call->node);
    const Value callee = evaluate(*call_node.callee);
    Arguments arguments = evaluate(call_node.arguments);
    arguments.named.emplace_back("caller", make_macro(node.caller));
    rt_.append(*out_, to_text(rt_, call(rt_, callee, arguments)));
    return Flow::kNext;
  }

  Flow execute(const Generation& node) {
    const InScope inside(*this, scope_);
    return execute(node.body);
  }

  // --- expressions ---

  Value evaluate(const Expression& expression) {
    const Runtime::At at(rt_, expression.offset);
    return std::visit([&](const auto& node) { return evaluate(node); }, expression.node);
  }

  Arguments evaluate(const CallArguments& node) {
    Arguments out;
    for (const ExpressionPtr& argument : node.positional) out.positional.push_back(evaluate(*argument));
    if (node.star) {
      for (Value& item : iterate(rt_, evaluate(*node.star))) out.positional.push_back(std::move(item));
    }
    for (const auto& [name, argument] : node.named) out.named.emplace_back(name, evaluate(*argument));
    if (node.double_star) {
      const Value named = evaluate(*node.double_star);
      if (!named.dict()) rt_.fail("the argument after ** is a dictionary, not a {}", type_name(named));
      for (const auto& [key, value] : named.dict()->entries) {
        if (!key.text()) rt_.fail("the names of arguments are texts, not a {}", type_name(key));
        rt_.take_memory(key.text()->size() + sizeof(Value));
        out.named.emplace_back(*key.text(), value);
      }
    }
    return out;
  }

  Items evaluate(const Expressions& expressions) {
    Items out;
    for (const ExpressionPtr& expression : expressions) out.push_back(evaluate(*expression));
    return out;
  }

  Value evaluate(const Literal& node) { return node.value; }
  Value evaluate(const Name& node) { return lookup(node.name); }
  Value evaluate(const ListDisplay& node) { return rt_.list(evaluate(node.items)); }
  Value evaluate(const TupleDisplay& node) { return rt_.tuple(evaluate(node.items)); }

  Value evaluate(const DictDisplay& node) {
    Dict out;
    for (const auto& [key, value] : node.items) {
      const Value k = evaluate(*key);
      rt_.insert(out, k, evaluate(*value));
    }
    return rt_.dict(std::move(out));
  }

  Value evaluate(const Unary& node) { return unary(rt_, node.op, evaluate(*node.operand)); }

  Value evaluate(const Arithmetic& node) {
    Value result = evaluate(*node.first);
    for (const Arithmetic::Step& step : node.steps) {
      const Value right = evaluate(*step.right);
      const Runtime::At at(rt_, step.offset);
      result = arithmetic(rt_, step.op, result, right);
    }
    return result;
  }

  Value evaluate(const Logical& node) {
    Value result;
    for (const ExpressionPtr& operand : node.operands) {
      result = evaluate(*operand);
      if (is_true(rt_, result) == (node.op == LogicalOp::kOr)) break;
    }
    return result;
  }

  Value evaluate(const Comparison& node) {
    Value left = evaluate(*node.first);
    for (const auto& [op, expression] : node.rest) {
      Value right = evaluate(*expression);
      if (!compare(rt_, op, left, right)) return false;
      left = std::move(right);
    }
    return true;
  }

  Value evaluate(const Concatenation& node) {
    std::string text;
    for (const ExpressionPtr& part : node.parts) rt_.append(text, to_text(rt_, evaluate(*part)));
    return rt_.text(text);
  }

  Value evaluate(const Conditional& node) {
    if (is_true(rt_, evaluate(*node.condition))) return evaluate(*node.then);
    if (node.otherwise) return evaluate(*node.otherwise);
    return rt_.undefined("the condition of an 'if' without 'else' is false");
  }

  Value evaluate(const Attribute& node) { return attribute(rt_, evaluate(*node.object), node.name); }

  Value evaluate(const Subscript& node) {
    const Value object = evaluate(*node.object);
    return subscript(rt_, object, evaluate(*node.key));
  }

  Value evaluate(const Slice& node) {
    const auto bound = [&](const ExpressionPtr& e) { return e ? evaluate(*e) : Value(None()); };
    const Value object = evaluate(*node.object);
    const Value start = bound(node.start), stop = bound(node.stop), step = bound(node.step);
    return slice(rt_, object, start, stop, step);
  }

  Value evaluate(const Call& node) {
    const Value callee = evaluate(*node.callee);
    return call(rt_, callee, evaluate(node.arguments));
  }

  Value evaluate(const Filter& node) {
    const Value value = evaluate(*node.value);
    return apply_filter(rt_, node.name, value, evaluate(node.arguments));
  }

  /// A chain of filters that begins with `value`.
  Value run_filters(const Expression& expression, const Value& value) {
    const Runtime::At at(rt_, expression.offset);
    const auto& node = std::get<Filter>(expression.node);
    const Value input = node.value ? run_filters(*node.value, value) : value;
    return apply_filter(rt_, node.name, input, evaluate(node.arguments));
  }

  Value evaluate(const Test& node) {
    const Value value = evaluate(*node.value);
    return apply_test(rt_, node.name, value, evaluate(node.arguments)) != node.negated;
  }

  Runtime& rt_;
  ScopePtr scope_;
  std::string* out_ = nullptr;
};

Value Macro::call(Runtime&, const Arguments& arguments) { return interpreter.call_macro(*this, arguments); }

}  // namespace

std::string render(Runtime& rt, const Block& block, const Dict& context) {
  return Interpreter(rt, context).run(block);
}

}  // namespace pith::jinja
