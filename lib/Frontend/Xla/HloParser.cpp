//===- HloParser.cpp - reader of XLA's HLO text -----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recursive descent; the only recursion is into tuple shapes, at most
// kMaxTupleDepth deep. Names are resolved when all is read, since a call may
// stand above the computation that it calls.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloParser.h"

#include "HloLexer.h"
#include "HloShapes.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

/// Tuples in tuples; real programs have a handful.
static constexpr int kMaxTupleDepth = 64;

namespace {

class HloParser {
public:
  HloParser(StringRef text, StringRef file) : lexer(text, file) {
    module.file = file.str();
  }
  llvm::Expected<Module> parse();

private:
  bool parseFile();
  bool parseHeader();
  bool parseComputation();
  bool parseSignature();
  bool parseInstruction(Computation &computation);
  bool parseOperands(Computation &computation, Instruction &instruction);
  bool parseOperand(Instruction &instruction);
  bool parseAttributes(Instruction &instruction);
  bool parseAttribute(std::pair<std::string, std::string> &attribute);
  bool parseBackendConfig(Instruction &instruction, StringRef text);
  bool parseControl(Instruction &instruction, StringRef text);
  bool parseShape(Shape &shape, int depth);
  bool inferShape(const Computation &computation, Instruction &instruction);
  bool parseDims(Shape &shape);
  bool parseLayout(Shape &shape);
  bool parseTiles(Layout &layout);
  bool checkLayout(const Shape &shape);
  bool finish(Computation &computation);
  bool applyEntryLayout();
  bool resolveCalls();
  bool resolveCall(Instruction &instruction, StringRef role, StringRef name);
  bool checkNoCycle();
  bool checkCopies();

  HloLexer lexer;
  Module module;
  llvm::StringMap<int32_t> computationOf, instructionOf;
};

} // namespace

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

bool HloParser::parseDims(Shape &shape) {
  if (!lexer.expect("[", "after the element type"))
    return false;
  while (!lexer.consume("]")) {
    if (!shape.dims.empty() && !lexer.expect(",", "between dimensions"))
      return false;
    lexer.consume("<="); // A dynamic dimension counts with its bound.
    if (lexer.consume("?"))
      return lexer.fail("expected a dimension with a bound, got '?'",
                        lexer.line());
    int64_t dim = 0;
    if (!lexer.integer(dim, 0, "a dimension"))
      return false;
    shape.dims.push_back(dim);
  }
  return true;
}

/// `T(8,128)(2,1)`, after the `T`.
bool HloParser::parseTiles(Layout &layout) {
  while (lexer.consume("(")) {
    std::vector<int64_t> tile;
    do {
      int64_t dim = Layout::kCombine;
      if (!lexer.consume("*") &&
          !lexer.integer(dim, 1, "a tile dimension of at least 1"))
        return false;
      tile.push_back(dim);
    } while (lexer.consume(","));
    if (!lexer.expect(")", "after a tile"))
      return false;
    layout.tiles.push_back(std::move(tile));
  }
  return true;
}

/// What follows a shape's dimensions: `{1,0:T(8,128)S(1)}`.
bool HloParser::parseLayout(Shape &shape) {
  // The brace of a computation may stand right behind the shape of its result.
  StringRef inside = lexer.rest();
  if (!inside.consume_front("{"))
    return true;
  inside = inside.ltrim();
  if (inside.empty() || (!llvm::isDigit(inside.front()) &&
                         inside.front() != ':' && inside.front() != '}'))
    return true;
  lexer.consume("{");
  Layout &layout = shape.layout;
  shape.hasLayout = true;
  while (lexer.peek() != ':' && !lexer.consume("}")) {
    int64_t dim = 0;
    if (!layout.minorToMajor.empty() &&
        !lexer.expect(",", "between the dimensions of a layout"))
      return false;
    if (!lexer.integer(dim, 0, "a dimension of the layout or ':'"))
      return false;
    layout.minorToMajor.push_back(dim);
  }
  if (!lexer.consume(":"))
    return true;
  while (!lexer.consume("}")) {
    StringRef key = lexer.rest().take_while(llvm::isAlpha);
    if (key == "T") {
      if (!lexer.consume("T") || !parseTiles(layout))
        return false;
    } else if (key == "S" || key == "E") {
      int64_t &number = key == "S" ? layout.memorySpace : layout.elementBits;
      if (!lexer.consume(key) || !lexer.expect("(", "after " + key.str()) ||
          !lexer.integer(number, 0, "a number") ||
          !lexer.expect(")", "after the number"))
        return false;
    } else {
      // Padding, index types, split configurations: they change no size.
      std::string ignored;
      if (key.empty())
        key = lexer.rest().take_front();
      if (key.empty() || !StringRef("LDPM#*SCO").contains(key.front()))
        return lexer.expected("T(..), S(..), E(..) or '}' in a layout");
      if (!lexer.consume(key) || !lexer.expect("(", "after " + key.str()) ||
          !lexer.balanced(")", ignored, "a layout") ||
          !lexer.expect(")", "in a layout"))
        return false;
    }
  }
  return true;
}

bool HloParser::checkLayout(const Shape &shape) {
  if (elementBits(shape.elementType) < 0)
    return lexer.fail("expected an element type, got '" + shape.elementType +
                          "'",
                      lexer.line());
  if (shape.hasLayout) {
    std::vector<int64_t> order = shape.layout.minorToMajor;
    llvm::sort(order);
    bool permutation = order.size() == shape.dims.size();
    for (size_t i = 0; permutation && i < order.size(); ++i)
      permutation = order[i] == static_cast<int64_t>(i);
    if (!permutation)
      return lexer.fail("expected each dimension of the shape once in its "
                        "layout",
                        lexer.line());
  }
  if (shape.layout.elementBits > 64 || checkedBytes(shape) < 0)
    return lexer.fail("expected a shape of less than 2^63 bytes", lexer.line());
  return true;
}

bool HloParser::parseShape(Shape &shape, int depth) {
  if (!lexer.consume("(")) {
    if (!lexer.skip())
      return false;
    std::string type;
    if (lexer.peek() == '%' || !lexer.name(type, "a shape"))
      return lexer.expected("a shape");
    shape.elementType = std::move(type);
    return parseDims(shape) && parseLayout(shape) && checkLayout(shape);
  }
  if (depth >= kMaxTupleDepth)
    return lexer.fail("expected at most " + Twine(kMaxTupleDepth) +
                          " tuples inside each other",
                      lexer.line());
  shape.isTuple = true;
  while (!lexer.consume(")")) {
    if (!shape.elements.empty() && !lexer.expect(",", "in a tuple"))
      return false;
    if (!parseShape(shape.elements.emplace_back(), depth + 1))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

bool HloParser::parseOperand(Instruction &instruction) {
  if (!lexer.skip())
    return false;
  // Long forms print the operand's shape before its name.
  StringRef word = lexer.rest().take_while(
      [](char c) { return llvm::isAlnum(c) || c == '_'; });
  bool typed = lexer.peek() == '(' ||
               lexer.rest().drop_front(word.size()).starts_with("[");
  Shape ignored;
  if (typed && !parseShape(ignored, 0))
    return false;
  std::string name;
  if (!lexer.skip() || !lexer.name(name, "an operand"))
    return false;
  auto found = instructionOf.find(name);
  if (found == instructionOf.end())
    return lexer.fail("expected an instruction above, got '" + name + "'",
                      lexer.line());
  instruction.operands.push_back(found->second);
  return true;
}

bool HloParser::parseOperands(Computation &computation,
                              Instruction &instruction) {
  if (!lexer.expect("(", "after the opcode"))
    return false;
  if (instruction.opcode == "constant" || instruction.opcode == "parameter") {
    if (!lexer.balanced(")", instruction.literal, "')'"))
      return false;
  } else if (lexer.skip() && lexer.peek() != ')') {
    do {
      if (!parseOperand(instruction))
        return false;
    } while (lexer.consume(","));
  }
  if (lexer.failed() || !lexer.expect(")", "after the operands"))
    return false;
  if (instruction.opcode != "parameter")
    return true;
  std::vector<int32_t> &parameters = computation.parameters;
  size_t number = 0;
  if (StringRef(instruction.literal).getAsInteger(10, number) ||
      number >= (1u << 20))
    return lexer.fail("expected the number of the parameter, got '" +
                          instruction.literal + "'",
                      lexer.line());
  if (parameters.size() <= number)
    parameters.resize(number + 1, -1);
  if (parameters[number] >= 0)
    return lexer.fail("expected parameter " + Twine(number) + " once",
                      lexer.line());
  parameters[number] = computation.instructions.size();
  instruction.parameter = number;
  return true;
}

bool HloParser::parseAttribute(std::pair<std::string, std::string> &attribute) {
  if (!lexer.skip() ||
      !lexer.name(attribute.first, "the name of an attribute") ||
      !lexer.expect("=", "after the name of an attribute") || !lexer.skip() ||
      !lexer.balanced(",", attribute.second, "the value of an attribute"))
    return false;
  if (attribute.second.empty())
    return lexer.expected("the value of attribute " + attribute.first);
  return true;
}

/// Whether braces hold a dictionary as MLIR writes it, `{a = 1 : i64, b}`, not
/// JSON.
static bool isDictionary(StringRef text) {
  text = text.drop_front().ltrim();
  if (text.starts_with("\"")) {
    size_t end = 1;
    while (end < text.size() && text[end] != '"')
      end += text[end] == '\\' ? 2 : 1;
    return text.drop_front(std::min(end + 1, text.size()))
        .ltrim()
        .starts_with("=");
  }
  StringRef word = text.take_while(
      [](char c) { return llvm::isAlnum(c) || StringRef("_.$-").contains(c); });
  StringRef after = text.drop_front(word.size()).ltrim();
  return !word.empty() && !after.empty() &&
         StringRef("=,}").contains(after.front());
}

/// The entries of such a dictionary whose values are JSON, types left out.
static JsonNode parseDictionary(StringRef text) {
  JsonNode node;
  node.kind = JsonNode::Kind::Object;
  HloLexer lexer(text.drop_front().drop_back(), "");
  while (lexer.skip() && !lexer.atEnd()) {
    std::string key, value;
    if (!lexer.name(key, "a key"))
      break;
    if (lexer.consume("=") &&
        (!lexer.skip() || !lexer.balanced(",", value, "a value")))
      break;
    // An attribute of a dialect, `#x.y<1, 2>`, may hold commas.
    std::string more;
    while (StringRef(value).count('<') > StringRef(value).count('>') &&
           lexer.consume(",") && lexer.skip() &&
           lexer.balanced(",", more, "a value"))
      value += ", " + more;
    auto document = parseJson(value, "");
    if (!document) {
      llvm::consumeError(document.takeError());
      document = parseJson(StringRef(value).rsplit(':').first.trim(), "");
    }
    if (document) {
      node.keys.push_back(key);
      node.elements.push_back(std::move(document->root));
    } else {
      llvm::consumeError(document.takeError());
    }
    if (!lexer.consume(","))
      break;
  }
  llvm::consumeError(lexer.takeError());
  return node;
}

/// The text inside quotes, without the backslashes.
static std::string unquoted(StringRef text) {
  std::string result;
  text = text.drop_front().drop_back();
  for (size_t i = 0; i < text.size(); ++i)
    result += text[i] == '\\' && i + 1 < text.size() ? text[++i] : text[i];
  return result;
}

/// Braces hold JSON, or a dictionary of MLIR. Strings hold JSON or whatever a
/// backend likes.
bool HloParser::parseBackendConfig(Instruction &instruction, StringRef text) {
  bool isString = text.size() >= 2 && text.starts_with("\"");
  std::string inner = isString ? unquoted(text) : text.str();
  if (!StringRef(inner).starts_with("{"))
    return true;
  if (!isString && isDictionary(inner)) {
    instruction.backendConfig = parseDictionary(inner);
    return true;
  }
  auto document = parseJson(inner, module.file);
  if (document) {
    instruction.backendConfig = std::move(document->root);
    return true;
  }
  std::string problem = llvm::toString(document.takeError());
  return isString ||
         lexer.fail("backend_config: " +
                        StringRef(problem).split("error: ").second.rtrim(),
                    instruction.line);
}

bool HloParser::parseControl(Instruction &instruction, StringRef text) {
  text.consume_front("{");
  text.consume_back("}");
  llvm::SmallVector<StringRef> names;
  text.split(names, ',', -1, /*KeepEmpty=*/false);
  for (StringRef name : names) {
    name = name.trim();
    name.consume_front("%");
    auto found = instructionOf.find(name);
    if (found == instructionOf.end())
      return lexer.fail("control-predecessors: expected an instruction above, "
                        "got '" +
                            name + "'",
                        instruction.line);
    instruction.controlPredecessors.push_back(found->second);
  }
  return true;
}

bool HloParser::parseAttributes(Instruction &instruction) {
  while (lexer.consume(",")) {
    std::pair<std::string, std::string> attribute;
    if (!parseAttribute(attribute))
      return false;
    if (attribute.first == "backend_config" &&
        !parseBackendConfig(instruction, attribute.second))
      return false;
    if (attribute.first == "control-predecessors" &&
        !parseControl(instruction, attribute.second))
      return false;
    instruction.attributes.push_back(std::move(attribute));
  }
  return !lexer.failed();
}

/// Whether an opcode is next, and not the shape before it.
static bool startsWithOpcode(StringRef rest) {
  StringRef word = rest.take_while(
      [](char c) { return llvm::isAlnum(c) || c == '_' || c == '-'; });
  return !word.empty() && rest.drop_front(word.size()).ltrim().starts_with("(");
}

bool HloParser::inferShape(const Computation &computation,
                           Instruction &instruction) {
  std::vector<const Shape *> operands;
  for (int32_t operand : instruction.operands)
    operands.push_back(&computation.instructions[operand].shape);
  auto shapeOfCall = [&](StringRef role) -> const Shape * {
    StringRef name = instruction.attribute(role);
    name.consume_front("{");
    name = name.split(',').first.trim(" %}");
    auto found = computationOf.find(name);
    if (found == computationOf.end())
      return nullptr;
    const Computation &callee = module.computations[found->second];
    return &callee.instructions[callee.root].shape;
  };
  auto shape = hlo::inferShape(instruction, operands, shapeOfCall);
  if (!shape)
    return lexer.fail("expected a shape before '" + instruction.opcode +
                          "', whose operands do not tell it",
                      instruction.line);
  for (const Shape *leaf : shape->leaves())
    if (checkedBytes(*leaf) < 0)
      return lexer.fail("expected a shape of less than 2^63 bytes",
                        instruction.line);
  instruction.shape = std::move(*shape);
  return true;
}

bool HloParser::parseInstruction(Computation &computation) {
  Instruction instruction;
  instruction.isRoot = lexer.consumeWord("ROOT");
  if (!lexer.skip())
    return false;
  instruction.line = lexer.line();
  if (!lexer.name(instruction.name, "an instruction or '}'") ||
      !lexer.expect("=", "after the name of an instruction") || !lexer.skip())
    return false;
  bool hasShape = !startsWithOpcode(lexer.rest());
  if ((hasShape && !parseShape(instruction.shape, 0)) || !lexer.skip() ||
      !lexer.name(instruction.opcode, "an opcode") ||
      !parseOperands(computation, instruction) ||
      !parseAttributes(instruction) ||
      (!hasShape && !inferShape(computation, instruction)))
    return false;
  int32_t index = computation.instructions.size();
  if (!instructionOf.try_emplace(instruction.name, index).second)
    return lexer.fail("expected a new name, got '" + instruction.name +
                          "' again",
                      instruction.line);
  if (instruction.isRoot && computation.root >= 0)
    return lexer.fail("expected one ROOT in a computation", instruction.line);
  if (instruction.isRoot)
    computation.root = index;
  computation.instructions.push_back(std::move(instruction));
  return true;
}

//===----------------------------------------------------------------------===//
// Computations and the module
//===----------------------------------------------------------------------===//

/// `(x: f32[2]) -> f32[2]`, which repeats what the instructions say.
bool HloParser::parseSignature() {
  std::string ignored;
  if (lexer.consume("(") && (!lexer.balanced(")", ignored, "the parameters") ||
                             !lexer.expect(")", "after the parameters")))
    return false;
  Shape result;
  if (lexer.consume("->") && !parseShape(result, 0))
    return false;
  return !lexer.failed();
}

bool HloParser::finish(Computation &computation) {
  if (computation.instructions.empty())
    return lexer.fail("expected at least one instruction in computation '" +
                          computation.name + "'",
                      computation.line);
  if (computation.root < 0) {
    computation.root = computation.instructions.size() - 1;
    computation.instructions.back().isRoot = true;
  }
  for (size_t i = 0; i < computation.parameters.size(); ++i)
    if (computation.parameters[i] < 0)
      return lexer.fail("expected parameter " + Twine(i) + " in computation '" +
                            computation.name + "'",
                        computation.line);
  return true;
}

bool HloParser::parseComputation() {
  Computation computation;
  computation.line = lexer.line();
  computation.isEntry = lexer.consumeWord("ENTRY");
  if (!lexer.skip() ||
      !lexer.name(computation.name,
                  !module.hasHeader && module.computations.empty()
                      ? "'HloModule' or a computation"
                      : "a computation") ||
      !parseSignature() || !lexer.expect("{", "at the start of a computation"))
    return false;
  instructionOf.clear();
  while (true) {
    if (!lexer.skip())
      return false;
    if (lexer.consume("}"))
      break;
    if (!parseInstruction(computation))
      return false;
  }
  // An execution thread.
  std::pair<std::string, std::string> ignored;
  while (lexer.consume(","))
    if (!parseAttribute(ignored))
      return false;
  if (lexer.failed() || !finish(computation))
    return false;
  int32_t index = module.computations.size();
  if (!computationOf.try_emplace(computation.name, index).second)
    return lexer.fail("expected a new name, got computation '" +
                          computation.name + "' again",
                      computation.line);
  if (computation.isEntry && module.entry >= 0)
    return lexer.fail("expected one ENTRY computation", computation.line);
  if (computation.isEntry)
    module.entry = index;
  module.computations.push_back(std::move(computation));
  return true;
}

/// The header, which may be missing.
bool HloParser::parseHeader() {
  if (!lexer.skip())
    return false;
  module.line = lexer.line();
  if (!lexer.consumeWord("HloModule")) {
    module.name = "module";
    return true;
  }
  module.hasHeader = true;
  if (!lexer.skip() || !lexer.name(module.name, "the name of the module"))
    return false;
  while (lexer.consume(","))
    if (!parseAttribute(module.attributes.emplace_back()))
      return false;
  return !lexer.failed();
}

/// Tables of source locations, which XLA prints between the computations: a
/// title, and lines that begin with a number.
static bool isLocationTable(StringRef rest) {
  for (StringRef title :
       {"FileNames", "FunctionNames", "FileLocations", "StackFrames"})
    if (rest.starts_with(title))
      return true;
  return !rest.empty() && llvm::isDigit(rest.front());
}

/// Puts the arrays of `to` on the host that are there in `from`.
static void copyHostMemory(const Shape &from, Shape &to) {
  if (from.elements.size() != to.elements.size())
    return;
  if (!to.isTuple && from.layout.memorySpace == kHostMemory)
    to.layout.memorySpace = kHostMemory;
  for (auto [source, target] : llvm::zip_equal(from.elements, to.elements))
    copyHostMemory(source, target);
}

bool HloParser::parseFile() {
  if (!parseHeader())
    return false;
  while (lexer.skip() && !lexer.atEnd()) {
    if (!module.computations.empty() && lexer.rest().starts_with("HloModule")) {
      module.nextModule = lexer.line();
      break;
    }
    if (isLocationTable(lexer.rest()))
      lexer.skipLine();
    else if (!parseComputation())
      return false;
  }
  if (lexer.failed())
    return false;
  // Where none is marked as the entry, it is the last.
  if (module.entry < 0)
    module.entry = static_cast<int32_t>(module.computations.size()) - 1;
  if (module.entry < 0 && !module.hasHeader && module.computations.empty())
    return lexer.expected("'HloModule' or a computation");
  if (module.entry < 0)
    return lexer.fail("expected an ENTRY computation", lexer.line());
  module.computations[module.entry].isEntry = true;
  return applyEntryLayout() && resolveCalls() && checkNoCycle() &&
         checkCopies();
}

/// Parameters and results on the host of which only the header tells:
/// `entry_computation_layout={(f32[2]{0:S(5)})->f32[2]{0}}`.
bool HloParser::applyEntryLayout() {
  StringRef text = module.attribute("entry_computation_layout");
  if (text.empty())
    return true;
  HloParser header(text, module.file);
  Shape parameters, result;
  if (!header.lexer.consume("{") || !header.parseShape(parameters, 0) ||
      !header.lexer.consume("->") || !header.parseShape(result, 0)) {
    llvm::consumeError(header.lexer.takeError());
    return lexer.fail("entry_computation_layout: expected the shapes of the "
                      "parameters and of the result",
                      module.line);
  }
  Computation &entry = module.computations[module.entry];
  if (parameters.elements.size() == entry.parameters.size())
    for (auto [shape, index] :
         llvm::zip_equal(parameters.elements, entry.parameters))
      copyHostMemory(shape, entry.instructions[index].shape);
  copyHostMemory(result, entry.instructions[entry.root].shape);
  return true;
}

/// Whether operands are the parameters of what is called, one by one.
static bool passesOperands(const Instruction &instruction, StringRef role) {
  StringRef opcode = instruction.opcode;
  if (role == "calls")
    return opcode == "fusion" || opcode == "async-start";
  if (role == "body" || role == "condition")
    return opcode == "while";
  return role == "to_apply" && opcode == "call";
}

bool HloParser::resolveCall(Instruction &instruction, StringRef role,
                            StringRef name) {
  name = name.trim();
  name.consume_front("%");
  auto found = computationOf.find(name);
  if (found == computationOf.end())
    return lexer.fail(role + ": expected the name of a computation, got '" +
                          name + "'",
                      instruction.line);
  size_t count = module.computations[found->second].parameters.size();
  if (passesOperands(instruction, role) && instruction.operands.size() != count)
    return lexer.fail("expected an operand for each parameter of '" + name +
                          "', " + Twine(count) + ", got " +
                          Twine(instruction.operands.size()),
                      instruction.line);
  instruction.calls.push_back({role.str(), found->second});
  return true;
}

bool HloParser::resolveCalls() {
  static constexpr StringRef roles[] = {"calls",
                                        "to_apply",
                                        "body",
                                        "select",
                                        "true_computation",
                                        "branch_computations",
                                        "scatter",
                                        "condition",
                                        "false_computation",
                                        "called_computations"};
  for (Computation &computation : module.computations)
    for (Instruction &instruction : computation.instructions)
      for (StringRef role : roles) {
        StringRef text = instruction.attribute(role);
        text.consume_front("{");
        text.consume_back("}");
        llvm::SmallVector<StringRef> names;
        text.split(names, ',', -1, /*KeepEmpty=*/false);
        for (StringRef name : names)
          if (!resolveCall(instruction, role, name))
            return false;
      }
  return true;
}

/// Takes away, again and again, computations that call none that is left.
bool HloParser::checkNoCycle() {
  size_t count = module.computations.size();
  std::vector<std::vector<int32_t>> callers(count);
  std::vector<size_t> open(count, 0);
  for (size_t i = 0; i < count; ++i)
    for (const Instruction &instruction : module.computations[i].instructions)
      for (const Call &call : instruction.calls) {
        callers[call.computation].push_back(i);
        ++open[i];
      }
  std::vector<int32_t> ready;
  for (size_t i = 0; i < count; ++i)
    if (open[i] == 0)
      ready.push_back(i);
  for (size_t next = 0; next < ready.size(); ++next)
    for (int32_t caller : callers[ready[next]])
      if (--open[caller] == 0)
        ready.push_back(caller);
  if (ready.size() == count)
    return true;
  for (size_t i = 0; i < count; ++i)
    if (open[i] != 0)
      return lexer.fail("expected computations that do not call themselves, "
                        "got '" +
                            module.computations[i].name + "'",
                        module.computations[i].line);
  return true;
}

/// A copy ends once.
bool HloParser::checkCopies() {
  for (const Computation &computation : module.computations) {
    std::vector<bool> ended(computation.instructions.size());
    for (const Instruction &instruction : computation.instructions) {
      if (instruction.opcode != "copy-done" || instruction.operands.empty())
        continue;
      int32_t start = instruction.operands[0];
      if (ended[start])
        return lexer.fail("expected one copy-done of '" +
                              computation.instructions[start].name +
                              "', got a second",
                          instruction.line);
      ended[start] = true;
    }
  }
  return true;
}

llvm::Expected<Module> HloParser::parse() {
  if (!parseFile() || lexer.failed())
    return lexer.takeError();
  return std::move(module);
}

llvm::Expected<Module> hlo::parseModule(StringRef text, StringRef file) {
  return HloParser(text, file).parse();
}

llvm::Expected<Module> hlo::readModule(StringRef path) {
  llvm::Expected<std::string> text = readFile(path);
  if (!text)
    return text.takeError();
  return parseModule(*text, path);
}
