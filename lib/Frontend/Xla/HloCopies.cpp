//===- HloCopies.cpp - copies that unscheduled HLO lacks ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each array has contents and a storage. Tuples, bitcasts and the like pass
// both on; an update and a loop that changes its state make new contents in the
// same storage. Contents may only be overwritten after their last use. Bodies
// come before the loops that run them, so that a loop knows what its body
// changes.
//
// The state of a loop gets a copy at the end of the body where the next state
// would overwrite the present one too early, and one at its start where the
// present state is part of another element of the next one (two arrays that are
// swapped). XLA finds fewer copies for some of these; these are right.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloCopies.h"

#include "HloAliases.h"
#include "HloShapes.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;

bool hlo::isScheduled(const Module &module) {
  return module.attribute("is_scheduled") == "true";
}

bool hlo::hasAssignment(const Module &module) {
  for (const Computation &c : module.computations)
    for (const Instruction &i : c.instructions)
      for (const Shape *leaf : i.shape.leaves())
        if (leaf->layout.memorySpace == 1 || leaf->layout.memorySpace == 3)
          return true;
  return false;
}

namespace {

/// What a computation does to its parameters, by leaf of all of them.
struct Summary {
  std::vector<bool> changes;
  /// By leaf of the result: the leaf of the parameters that it is, or -1.
  std::vector<int32_t> passes;
};

/// Builds a computation anew, with copies in it.
class Rewriter {
public:
  explicit Rewriter(Computation &computation) : c(computation) {
    for (const Instruction &i : c.instructions)
      names.insert(i.name);
  }

  /// A value like `source`, an index of the new computation, whose arrays in
  /// `copied` are copies.
  int32_t copyLeaves(int32_t source, const std::vector<bool> &copied) {
    size_t leaf = 0;
    return copyPart(source, copied, leaf);
  }
  int32_t add(Instruction instruction) {
    made.push_back(std::move(instruction));
    return static_cast<int32_t>(made.size()) - 1;
  }
  int64_t numCopies() const { return copies; }
  std::vector<Instruction> made;

  /// An element of a tuple.
  int32_t element(int32_t source, size_t index);

private:
  int32_t copyPart(int32_t source, const std::vector<bool> &copied,
                   size_t &leaf);
  Instruction like(int32_t source, StringRef opcode, const std::string &suffix,
                   const Shape &shape);

  Computation &c;
  llvm::StringSet<> names;
  int64_t copies = 0;
};

/// One computation: its contents and storages, and the copies that it needs.
class CopyInserter {
public:
  CopyInserter(Module &module, int32_t index,
               const std::vector<Summary> &summaries,
               const std::vector<bool> &isInlined, bool strict)
      : module(module), c(module.computations[index]), summaries(summaries),
        isInlined(isInlined), strict(strict), isEntry(index == module.entry) {}

  int64_t run(Summary &summary);

private:
  /// A parameter's array and the array of the result that takes its storage.
  struct Carried {
    int32_t parameter; ///< Leaf.
    int32_t result;    ///< Leaf of the root, from 0.
  };

  void number();
  void findContents();
  void findUses();
  void findStorages();
  void shareOrCopy(int32_t instruction, int32_t operand, int32_t operandLeaf,
                   int32_t output);
  void visitCall(int32_t instruction, const Summary &callee);
  void checkCarried();
  bool overwritesTooEarly(int32_t storage, int32_t content) const;
  int64_t rewrite();
  const Summary *calleeOf(const Instruction &i) const;
  int32_t leaves(int32_t instruction) const {
    return base[instruction + 1] - base[instruction];
  }
  int32_t operandLeaf(const Instruction &i, size_t operand,
                      int32_t leaf) const {
    return base[i.operands[operand]] + leaf;
  }

  Module &module;
  Computation &c;
  const std::vector<Summary> &summaries;
  const std::vector<bool> &isInlined;
  bool strict, isEntry;
  std::vector<int32_t> base; ///< By instruction, and one more.
  std::vector<bool> isArray; ///< By leaf: of more than one element.
  std::vector<Carried> carried;
  /// By leaf: the leaf whose contents it has, and the one whose storage.
  std::vector<int32_t> content, storage;
  /// By content: the last instruction that needs it. By storage: the last that
  /// needs any of its contents so far.
  std::vector<int32_t> lastUse, lastOfStorage;
  std::vector<bool> isReadOnly, isChanged; ///< By storage.
  /// By instruction and operand, by parameter, and of the root: leaves that
  /// are to be copied.
  llvm::DenseMap<std::pair<int32_t, int32_t>, std::vector<bool>> ofOperand;
  llvm::DenseMap<int32_t, std::vector<bool>> ofParameter;
  std::vector<bool> ofRoot;
};

} // namespace

//===----------------------------------------------------------------------===//
// New instructions
//===----------------------------------------------------------------------===//

Instruction Rewriter::like(int32_t source, StringRef opcode,
                           const std::string &suffix, const Shape &shape) {
  Instruction result;
  std::string name = made[source].name + suffix;
  result.name = name;
  for (int number = 1; !names.insert(result.name).second; ++number)
    result.name = name + "." + std::to_string(number);
  result.opcode = opcode.str();
  result.shape = shape;
  result.operands = {source};
  result.line = made[source].line;
  return result;
}

int32_t Rewriter::element(int32_t source, size_t index) {
  if (made[source].opcode == "tuple" && index < made[source].operands.size())
    return made[source].operands[index];
  Instruction element =
      like(source, "get-tuple-element", "." + std::to_string(index),
           Shape(made[source].shape.elements[index]));
  element.attributes.push_back({"index", std::to_string(index)});
  return add(std::move(element));
}

int32_t Rewriter::copyPart(int32_t source, const std::vector<bool> &copied,
                           size_t &leaf) {
  Shape shape = made[source].shape;
  if (!shape.isTuple) {
    if (!copied[leaf++])
      return source;
    ++copies;
    return add(like(source, "copy", ".copy", shape));
  }
  std::vector<int32_t> elements;
  for (size_t e = 0; e < shape.elements.size(); ++e)
    elements.push_back(copyPart(element(source, e), copied, leaf));
  Instruction tuple = like(source, "tuple", ".tuple", shape);
  tuple.operands = std::move(elements);
  return add(std::move(tuple));
}

//===----------------------------------------------------------------------===//
// Contents and uses
//===----------------------------------------------------------------------===//

void CopyInserter::number() {
  base.push_back(0);
  for (const Instruction &i : c.instructions) {
    for (const Shape *leaf : i.shape.leaves())
      isArray.push_back(leaf->numElements() > 1);
    base.push_back(static_cast<int32_t>(isArray.size()));
  }
}

const Summary *CopyInserter::calleeOf(const Instruction &i) const {
  int32_t callee = i.opcode == "while"  ? i.callee("body")
                   : i.opcode == "call" ? i.callee("to_apply")
                                        : -1;
  if (callee < 0 || !isInlined[callee])
    return nullptr;
  // A loop or call of another shape is an error that readProgram() reports.
  size_t count = 0;
  for (int32_t operand : i.operands)
    count += leaves(operand);
  const Summary &summary = summaries[callee];
  bool fits = summary.changes.size() == count &&
              summary.passes.size() == i.shape.leaves().size() &&
              (i.opcode == "call" || summary.passes.size() == count);
  return fits ? &summary : nullptr;
}

static bool passesAll(StringRef opcode) {
  static constexpr StringRef names[] = {"bitcast", "opt-barrier",
                                        "optimization-barrier", "domain",
                                        "add-dependency"};
  return llvm::is_contained(names, opcode) || opcode.ends_with("-update");
}

/// Instructions that name arrays and need nothing of them.
static bool onlyNames(StringRef opcode) {
  return passesAll(opcode) || opcode == "tuple" ||
         opcode == "get-tuple-element";
}

void CopyInserter::findContents() {
  content.resize(base.back());
  for (int32_t leaf = 0; leaf < base.back(); ++leaf)
    content[leaf] = leaf;
  for (size_t k = 0; k < c.instructions.size(); ++k) {
    const Instruction &i = c.instructions[k];
    int32_t out = base[k], count = leaves(k);
    auto pass = [&](int32_t leaf, int32_t from) {
      if (leaf < count)
        content[out + leaf] = content[from];
    };
    if (i.opcode == "tuple") {
      int32_t at = 0;
      for (size_t o = 0; o < i.operands.size(); ++o)
        for (int32_t leaf = 0; leaf < leaves(i.operands[o]); ++leaf)
          pass(at++, operandLeaf(i, o, leaf));
    } else if (i.opcode == "get-tuple-element" && i.operands.size() == 1) {
      int64_t index = -1;
      const Shape &tuple = c.instructions[i.operands[0]].shape;
      if (i.attribute("index").getAsInteger(10, index) || !tuple.isTuple ||
          index < 0 || index >= static_cast<int64_t>(tuple.elements.size()))
        continue;
      int32_t before = 0;
      for (int64_t e = 0; e < index; ++e)
        before += static_cast<int32_t>(tuple.elements[e].leaves().size());
      for (int32_t leaf = 0; leaf < count; ++leaf)
        if (before + leaf < leaves(i.operands[0]))
          pass(leaf, operandLeaf(i, 0, before + leaf));
    } else if (passesAll(i.opcode) && !i.operands.empty()) {
      for (int32_t leaf = 0; leaf < std::min(count, leaves(i.operands[0]));
           ++leaf)
        pass(leaf, operandLeaf(i, 0, leaf));
    } else if (isStart(i.opcode)) {
      // Operands are needed until the transfer is done.
      std::vector<StartLeaf> kinds = startLeaves(i.opcode, i.shape);
      int32_t at = 0;
      for (size_t o = 0; o < i.operands.size(); ++o)
        for (int32_t leaf = 0; leaf < leaves(i.operands[o]); ++leaf, ++at) {
          while (at < count && kinds[at] == StartLeaf::Result)
            ++at;
          if (at < count && kinds[at] == StartLeaf::Operand)
            pass(at, operandLeaf(i, o, leaf));
        }
    } else if (const Summary *callee = calleeOf(i)) {
      std::vector<int32_t> arguments;
      for (size_t o = 0; o < i.operands.size(); ++o)
        for (int32_t leaf = 0; leaf < leaves(i.operands[o]); ++leaf)
          arguments.push_back(operandLeaf(i, o, leaf));
      for (int32_t leaf = 0; leaf < count; ++leaf)
        if (int32_t from = callee->passes[leaf];
            from >= 0 && !callee->changes[from])
          pass(leaf, arguments[from]);
    }
  }
}

void CopyInserter::findUses() {
  lastUse.assign(base.back(), -1);
  auto use = [&](int32_t instruction, int32_t at) {
    for (int32_t leaf = base[instruction]; leaf < base[instruction + 1]; ++leaf)
      lastUse[content[leaf]] = std::max(lastUse[content[leaf]], at);
  };
  for (size_t k = 0; k < c.instructions.size(); ++k)
    if (!onlyNames(c.instructions[k].opcode))
      for (int32_t operand : c.instructions[k].operands)
        use(operand, k);
  use(c.root, c.instructions.size());
}

//===----------------------------------------------------------------------===//
// Storages
//===----------------------------------------------------------------------===//

/// Puts leaf `output` of an instruction into the storage of its operand, or has
/// the operand copied where its contents are needed later.
void CopyInserter::shareOrCopy(int32_t instruction, int32_t operand,
                               int32_t leaf, int32_t output) {
  const Instruction &i = c.instructions[instruction];
  int32_t from = storage[content[operandLeaf(i, operand, leaf)]];
  int32_t to = base[instruction] + output;
  // What is passed on as it is, and what is in scalar memory.
  if (content[to] != to || !isArray[to])
    return;
  if (isReadOnly[from] || lastOfStorage[from] > instruction) {
    std::vector<bool> &copied = ofOperand[{instruction, operand}];
    copied.resize(leaves(i.operands[operand]));
    copied[leaf] = true;
    return;
  }
  storage[to] = from;
  isChanged[from] = true;
  lastOfStorage[from] = std::max(lastOfStorage[from], lastUse[to]);
}

void CopyInserter::visitCall(int32_t instruction, const Summary &callee) {
  const Instruction &i = c.instructions[instruction];
  std::vector<std::pair<int32_t, int32_t>> arguments; // Operand, leaf.
  for (size_t o = 0; o < i.operands.size(); ++o)
    for (int32_t leaf = 0; leaf < leaves(i.operands[o]); ++leaf)
      arguments.push_back({static_cast<int32_t>(o), leaf});
  llvm::DenseMap<int32_t, int32_t> timesOf; // By storage, of the arguments.
  for (auto [operand, leaf] : arguments)
    ++timesOf[storage[content[operandLeaf(i, operand, leaf)]]];
  for (size_t a = 0; a < arguments.size(); ++a) {
    auto [operand, leaf] = arguments[a];
    if (!callee.changes[a] || !isArray[operandLeaf(i, operand, leaf)])
      continue;
    int32_t from = storage[content[operandLeaf(i, operand, leaf)]];
    int32_t output = -1;
    for (size_t r = 0; r < callee.passes.size(); ++r)
      if (callee.passes[r] == static_cast<int32_t>(a))
        output = static_cast<int32_t>(r);
    if (timesOf[from] > 1 || output < 0) {
      std::vector<bool> &copied = ofOperand[{instruction, operand}];
      copied.resize(leaves(i.operands[operand]));
      copied[leaf] = true;
    } else {
      shareOrCopy(instruction, operand, leaf, output);
    }
  }
}

void CopyInserter::findStorages() {
  storage.resize(base.back());
  lastOfStorage = lastUse;
  isReadOnly.assign(base.back(), false);
  isChanged.assign(base.back(), false);
  for (size_t k = 0; k < c.instructions.size(); ++k) {
    const Instruction &i = c.instructions[k];
    for (int32_t leaf = base[k]; leaf < base[k + 1]; ++leaf) {
      storage[leaf] = leaf;
      isReadOnly[leaf] =
          i.opcode == "constant" || (isEntry && i.opcode == "parameter");
    }
    if (i.opcode == "parameter")
      for (const Carried &pair : carried)
        if (pair.parameter >= base[k] && pair.parameter < base[k + 1])
          isReadOnly[pair.parameter] = false;
    if (const Summary *callee = calleeOf(i)) {
      visitCall(k, *callee);
      continue;
    }
    for (const InPlacePair &pair : inPlacePairs(module, c, i))
      if (pair.outputLeaf < leaves(k) && pair.operandLeaf >= 0 &&
          pair.operandLeaf < leaves(i.operands[pair.operand]))
        shareOrCopy(k, pair.operand, pair.operandLeaf, pair.outputLeaf);
  }
}

/// Whether the storage of a parameter is needed when `content` is first
/// written into it.
bool CopyInserter::overwritesTooEarly(int32_t parameter,
                                      int32_t content) const {
  int32_t first = storage[content];
  int32_t at = 0;
  while (base[at + 1] <= first)
    ++at;
  const Instruction &writer = c.instructions[at];
  int32_t last = lastOfStorage[parameter];
  if (last != at || !strict)
    return last > at;
  return !worksByElement(writer.opcode);
}

/// What takes the storage of a parameter: the next state of a loop, or an
/// output of the program.
void CopyInserter::checkCarried() {
  int32_t root = base[c.root];
  ofRoot.assign(leaves(c.root), false);
  llvm::DenseMap<int32_t, int32_t> timesOf; // By storage, in the root.
  for (int32_t leaf = root; leaf < base[c.root + 1]; ++leaf)
    ++timesOf[storage[content[leaf]]];
  std::vector<bool> isParameter(base.back(), false);
  for (int32_t p : c.parameters)
    for (int32_t leaf = base[p]; leaf < base[p + 1]; ++leaf)
      isParameter[leaf] = true;
  for (const Carried &pair : carried) {
    int32_t next = storage[content[root + pair.result]];
    if (next == pair.parameter || !isArray[pair.parameter])
      continue;
    bool isSafe =
        !isParameter[next] && !isReadOnly[next] && timesOf[next] == 1 &&
        !overwritesTooEarly(pair.parameter, content[root + pair.result]);
    if (!isSafe)
      ofRoot[pair.result] = true;
    isChanged[pair.parameter] = true;
    // It is part of another element of the next state.
    if (timesOf[pair.parameter] > 0)
      for (int32_t p : c.parameters)
        if (pair.parameter >= base[p] && pair.parameter < base[p + 1]) {
          ofParameter[p].resize(leaves(p));
          ofParameter[p][pair.parameter - base[p]] = true;
          ofRoot[pair.result] = true;
        }
  }
}

//===----------------------------------------------------------------------===//
// The computation anew
//===----------------------------------------------------------------------===//

int64_t CopyInserter::rewrite() {
  bool copiesRoot = llvm::is_contained(ofRoot, true);
  if (ofOperand.empty() && ofParameter.empty() && !copiesRoot)
    return 0;
  Rewriter rewriter(c);
  std::vector<int32_t> placeOf(c.instructions.size());
  for (size_t k = 0; k < c.instructions.size(); ++k) {
    Instruction i = c.instructions[k];
    for (size_t o = 0; o < i.operands.size(); ++o) {
      int32_t operand = placeOf[i.operands[o]];
      auto copied =
          ofOperand.find({static_cast<int32_t>(k), static_cast<int32_t>(o)});
      i.operands[o] = copied == ofOperand.end()
                          ? operand
                          : rewriter.copyLeaves(operand, copied->second);
    }
    for (int32_t &before : i.controlPredecessors)
      before = placeOf[before];
    bool isRoot = i.isRoot;
    int64_t parameter = i.parameter;
    size_t index = 0;
    i.isRoot = false;
    // Of a tuple with copies in it, the copy itself: a counter stays one.
    if (i.opcode == "get-tuple-element" &&
        !i.attribute("index").getAsInteger(10, index) &&
        i.operands.size() == 1 &&
        ofParameter.contains(c.instructions[k].operands[0]))
      placeOf[k] = rewriter.element(i.operands[0], index);
    else
      placeOf[k] = rewriter.add(std::move(i));
    if (parameter >= 0)
      c.parameters[parameter] = placeOf[k];
    auto copied = ofParameter.find(static_cast<int32_t>(k));
    if (copied != ofParameter.end())
      placeOf[k] = rewriter.copyLeaves(placeOf[k], copied->second);
    if (isRoot)
      c.root = placeOf[k];
  }
  if (copiesRoot)
    c.root = rewriter.copyLeaves(c.root, ofRoot);
  rewriter.made[c.root].isRoot = true;
  c.instructions = std::move(rewriter.made);
  return rewriter.numCopies();
}

int64_t CopyInserter::run(Summary &summary) {
  for (size_t k = 0; k < c.instructions.size(); ++k)
    for (int32_t operand : c.instructions[k].operands)
      if (operand >= static_cast<int32_t>(k))
        return 0; // An error that readProgram() reports.
  number();
  std::vector<int32_t> parameterLeaves;
  for (int32_t p : c.parameters)
    for (int32_t leaf = base[p]; leaf < base[p + 1]; ++leaf)
      parameterLeaves.push_back(leaf);
  if (isEntry) {
    for (const InPlacePair &pair : donations(module))
      carried.push_back({base[c.parameters[pair.operand]] + pair.operandLeaf,
                         pair.outputLeaf});
  } else if (summary.passes.size() == parameterLeaves.size() &&
             !summary.passes.empty()) {
    // A loop's body.
    for (size_t k = 0; k < parameterLeaves.size(); ++k)
      carried.push_back({parameterLeaves[k], static_cast<int32_t>(k)});
  }
  findContents();
  findUses();
  findStorages();
  checkCarried();
  bool isBody = !isEntry && !carried.empty();
  summary.changes.clear();
  for (int32_t leaf : parameterLeaves)
    summary.changes.push_back(isChanged[leaf]);
  summary.passes.clear();
  for (int32_t leaf = 0; leaf < leaves(c.root); ++leaf) {
    auto it =
        llvm::find(parameterLeaves, storage[content[base[c.root] + leaf]]);
    summary.passes.push_back(
        isBody ? leaf
        : it == parameterLeaves.end()
            ? -1
            : static_cast<int32_t>(it - parameterLeaves.begin()));
  }
  return rewrite();
}

int64_t hlo::insertCopies(Module &module) {
  size_t count = module.computations.size();
  std::vector<int32_t> calls(count, 0);
  std::vector<bool> isBody(count, false), isInlined(count, false);
  for (const Computation &c : module.computations)
    for (const Instruction &i : c.instructions)
      for (const Call &call : i.calls) {
        ++calls[call.computation];
        isBody[call.computation] = isBody[call.computation] ||
                                   (i.opcode == "while" && call.role == "body");
      }
  // The entry, and what runs as a part of it; callers first.
  std::vector<int32_t> order = {module.entry};
  for (size_t next = 0; next < order.size(); ++next)
    for (const Instruction &i : module.computations[order[next]].instructions)
      for (const Call &call : i.calls)
        if (calls[call.computation] == 1 &&
            ((i.opcode == "while" && call.role == "body") ||
             (i.opcode == "call" && call.role == "to_apply"))) {
          isInlined[call.computation] = true;
          order.push_back(call.computation);
        }
  std::vector<Summary> summaries(count);
  int64_t copies = 0;
  for (int32_t index : llvm::reverse(order)) {
    Summary &summary = summaries[index];
    const Computation &c = module.computations[index];
    if (isBody[index])
      summary.passes.resize(c.instructions[c.root].shape.leaves().size());
    copies +=
        CopyInserter(module, index, summaries, isInlined, !isScheduled(module))
            .run(summary);
  }
  return copies;
}
