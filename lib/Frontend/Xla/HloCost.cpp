//===- HloCost.cpp - bytes and work of HLO instructions -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions count only the products whose input element exists: XLA for TPU
// writes batched matrix products as convolutions with wide padding.
//
//===----------------------------------------------------------------------===//

#include "HloCost.h"

#include "HloAliases.h"
#include "HloShapes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;

/// Fusions inside fusions; below that, an operand counts whole.
static constexpr int kMaxDepth = 32;

static int64_t leafBytes(const Shape &shape, int32_t leaf) {
  auto leaves = shape.leaves();
  return leaf >= 0 && leaf < static_cast<int32_t>(leaves.size())
             ? leaves[leaf]->bytes()
             : 0;
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

namespace {

/// Follows one parameter through a computation and adds up what is read of it.
class ReadCounter {
public:
  ReadCounter(const Module &module, int64_t whole)
      : module(module), whole(whole) {}

  int64_t total() const { return isWhole ? whole : std::min(read, whole); }

  /// Returns whether the output is the parameter itself, seen differently.
  bool follow(const Computation &c, int32_t parameter, int depth) {
    std::vector<bool> isView(c.instructions.size(), false);
    isView[parameter] = true;
    for (size_t i = parameter + 1; i < c.instructions.size(); ++i)
      for (size_t k = 0; k < c.instructions[i].operands.size(); ++k)
        if (isView[c.instructions[i].operands[k]] &&
            use(c.instructions[i], k, depth))
          isView[i] = true;
    return isView[c.root];
  }

  /// One use of a view; returns whether the output is one, too.
  bool use(const Instruction &user, size_t operand, int depth) {
    StringRef opcode = user.opcode;
    if (opcode == "bitcast" || opcode == "tuple" ||
        opcode == "get-tuple-element")
      return true;
    if (operand == 0 && (opcode == "slice" || opcode == "dynamic-slice" ||
                         opcode == "gather")) {
      read += user.shape.bytes();
      return false;
    }
    if (operand == 0 &&
        (opcode == "slice-start" || opcode == "dynamic-slice-start")) {
      read += leafBytes(user.shape, 1);
      return false;
    }
    // What an update leaves alone does not move.
    if (operand == 0 &&
        (opcode == "dynamic-update-slice" || opcode == "scatter"))
      return true;
    // A start runs what it calls, as a fusion does.
    bool runsCallee = opcode == "fusion" || opcode == "async-start";
    int32_t callee = runsCallee ? user.callee("calls") : -1;
    if (callee >= 0 && depth < kMaxDepth) {
      const Computation &inner = module.computations[callee];
      if (operand < inner.parameters.size())
        return follow(inner, inner.parameters[operand], depth + 1);
    }
    isWhole = true;
    return false;
  }

private:
  const Module &module;
  int64_t whole;
  int64_t read = 0;
  bool isWhole = false;
};

} // namespace

int64_t hlo::readBytes(const Module &module, const Computation &computation,
                       const Instruction &instruction, int32_t operand,
                       int32_t leaf) {
  const Instruction &source =
      computation.instructions[instruction.operands[operand]];
  int64_t whole = leafBytes(source.shape, leaf);
  // Elements of a tuple are not told apart inside.
  if (source.shape.isTuple)
    return whole;
  ReadCounter counter(module, whole);
  if (!counter.use(instruction, operand, 0))
    return counter.total();
  // The output is the operand, changed in part. Elsewhere it is a copy of it.
  for (const InPlacePair &pair : inPlacePairs(module, computation, instruction))
    if (pair.operand == operand)
      return counter.total();
  return whole;
}

/// The instruction whose update makes the output, or null.
static const Instruction *updateBehind(const Computation &c, int32_t output) {
  while (true) {
    const Instruction &i = c.instructions[output];
    if ((i.opcode == "dynamic-update-slice" || i.opcode == "scatter") &&
        !i.operands.empty())
      return &i;
    if (i.opcode != "bitcast" || i.operands.empty())
      return nullptr;
    output = i.operands[0];
  }
}

static bool allocates(const Instruction &instruction) {
  return instruction.attribute("custom_call_target") == "\"AllocateBuffer\"";
}

/// Whether an operand is storage without contents.
static bool isNewStorage(const Computation &c, int32_t operand) {
  while (c.instructions[operand].opcode == "bitcast" &&
         !c.instructions[operand].operands.empty())
    operand = c.instructions[operand].operands[0];
  return allocates(c.instructions[operand]);
}

/// Bytes that one update moves to where it belongs.
static int64_t updateBytes(const Computation &c, const Instruction &update) {
  bool scatters = update.opcode == "scatter";
  size_t index = scatters ? update.operands.size() - 1 : 1;
  if (index == 0 || index >= update.operands.size())
    return update.shape.bytes();
  int64_t bytes = c.instructions[update.operands[index]].shape.bytes();
  // A scatter reads what it combines the update with.
  return scatters ? 2 * bytes : bytes;
}

int64_t hlo::writtenBytes(const Module &module, const Computation &computation,
                          const Instruction &instruction, int32_t leaf) {
  if (allocates(instruction))
    return 0;
  int64_t whole = leafBytes(instruction.shape, leaf);
  if (instruction.opcode == "dynamic-update-slice" ||
      instruction.opcode == "scatter")
    return std::min(whole, updateBytes(computation, instruction));
  int32_t callee = instruction.callee("calls");
  if (instruction.opcode != "fusion" || callee < 0)
    return whole;
  const Computation &inner = module.computations[callee];
  const Instruction &root = inner.instructions[inner.root];
  int32_t output = inner.root;
  if (root.opcode == "tuple") {
    if (leaf >= static_cast<int32_t>(root.operands.size()))
      return whole;
    output = root.operands[leaf];
  }
  const Instruction *update = updateBehind(inner, output);
  if (!update)
    return whole;
  // In place, or in storage that is new: the rest is not accessed. Elsewhere
  // the output is a copy of what is updated.
  bool inPlace = isNewStorage(inner, update->operands[0]);
  for (const InPlacePair &pair : inPlacePairs(module, computation, instruction))
    inPlace |= pair.outputLeaf == leaf;
  return inPlace ? std::min(whole, updateBytes(inner, *update)) : whole;
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

/// Pairs of an output position and a window position whose input element
/// exists, along one dimension.
static double validPairs(const WindowDim &w, int64_t input, int64_t output) {
  // Where one side has very many positions, all count: the padding is then
  // a negligible part.
  constexpr int64_t kMaxPairs = 1 << 22;
  if (output > kMaxPairs / std::max<int64_t>(w.size, 1))
    return static_cast<double>(output) * static_cast<double>(w.size);
  int64_t count = 0;
  for (int64_t o = 0; o < output; ++o)
    for (int64_t k = 0; k < w.size; ++k) {
      int64_t at = o * w.stride + k * w.windowDilation - w.padLow;
      count +=
          at >= 0 && at % w.baseDilation == 0 && at / w.baseDilation < input;
    }
  return static_cast<double>(count);
}

static double convolutionOps(const Computation &c, const Instruction &i) {
  if (i.operands.size() < 2)
    return 0;
  const Shape &lhs = c.instructions[i.operands[0]].shape;
  const Shape &rhs = c.instructions[i.operands[1]].shape;
  const Shape &out = i.shape;
  auto [inputs, outLabels] = i.attribute("dim_labels").split("->");
  auto [lhsLabels, rhsLabels] = inputs.split('_');
  if (lhsLabels.size() != lhs.dims.size() ||
      rhsLabels.size() != rhs.dims.size() ||
      outLabels.size() != out.dims.size())
    return 0;
  double ops = 2;
  for (size_t d = 0; d < out.dims.size(); ++d)
    if (!llvm::isDigit(outLabels[d]))
      ops *= static_cast<double>(out.dims[d]);
  size_t channel = rhsLabels.find('i');
  if (channel != StringRef::npos)
    ops *= static_cast<double>(rhs.dims[channel]);
  std::vector<WindowDim> window = parseWindow(i.attribute("window"));
  for (size_t s = 0; s < window.size(); ++s) {
    char label = static_cast<char>('0' + s);
    size_t in = lhsLabels.find(label), to = outLabels.find(label);
    if (in != StringRef::npos && to != StringRef::npos)
      ops *= validPairs(window[s], lhs.dims[in], out.dims[to]);
  }
  int64_t batchGroups = 1;
  if (!i.attribute("batch_group_count").getAsInteger(10, batchGroups) &&
      batchGroups > 1)
    ops /= static_cast<double>(batchGroups);
  return ops;
}

static double dotOps(const Computation &c, const Instruction &i) {
  if (i.operands.empty())
    return 0;
  const Shape &lhs = c.instructions[i.operands[0]].shape;
  double ops = 2 * static_cast<double>(i.shape.numElements());
  StringRef list = i.attribute("lhs_contracting_dims");
  list.consume_front("{");
  list.consume_back("}");
  llvm::SmallVector<StringRef> dims;
  list.split(dims, ',', -1, /*KeepEmpty=*/false);
  for (StringRef text : dims) {
    size_t dim = 0;
    if (!text.trim().getAsInteger(10, dim) && dim < lhs.dims.size())
      ops *= static_cast<double>(lhs.dims[dim]);
  }
  return ops;
}

/// Vector operations per element of the output.
static double opsPerElement(StringRef opcode) {
  return llvm::StringSwitch<double>(opcode)
      .Cases({"exponential", "exponential-minus-one", "log", "log-plus-one"},
             kTranscendental)
      .Cases({"tanh", "logistic", "rsqrt", "sqrt", "cbrt", "power", "erf"},
             kTranscendental)
      .Cases({"sine", "cosine", "tan", "atan2", "divide", "remainder"},
             kTranscendental)
      // Data that is renamed, made up or moved by the memory system.
      .Cases({"broadcast", "constant", "iota", "parameter", "bitcast"}, 0)
      .Cases({"tuple", "get-tuple-element", "slice", "dynamic-slice"}, 0)
      .Cases({"dynamic-update-slice", "gather", "concatenate", "after-all"}, 0)
      .Cases({"custom-call", "while", "conditional", "call", "fusion"}, 0)
      .Default(1);
}

static Work work(const Module &module, const Computation &c,
                 const Instruction &i, int depth) {
  StringRef opcode = i.opcode;
  Work total;
  // What a start began has been done.
  if (opcode.ends_with("-done"))
    return total;
  bool runsCallee = opcode == "fusion" || opcode == "async-start";
  int32_t callee = runsCallee ? i.callee("calls") : -1;
  if (callee >= 0 && depth < kMaxDepth) {
    const Computation &inner = module.computations[callee];
    for (const Instruction &each : inner.instructions)
      total += work(module, inner, each, depth + 1);
    return total;
  }
  if (opcode == "convolution") {
    total.matrix = convolutionOps(c, i);
    return total;
  }
  if (opcode == "dot") {
    total.matrix = dotOps(c, i);
    return total;
  }
  double elements = 0;
  for (const Shape *leaf : i.shape.leaves())
    elements = std::max(elements, static_cast<double>(leaf->numElements()));
  total.vector = opsPerElement(opcode) * elements;
  if (opcode == "reduce" && !i.operands.empty())
    total.vector =
        static_cast<double>(c.instructions[i.operands[0]].shape.numElements());
  if (opcode == "reduce-window" || opcode == "select-and-scatter") {
    std::vector<WindowDim> window = parseWindow(i.attribute("window"));
    for (size_t d = 0; d < window.size(); ++d) {
      // A window over all there is stands for a reduction, whose result is
      // repeated; it is not computed again for each output.
      bool isAll =
          i.operands.empty() ||
          d >= c.instructions[i.operands[0]].shape.dims.size() ||
          window[d].size >= c.instructions[i.operands[0]].shape.dims[d];
      total.vector *= isAll ? 1 : static_cast<double>(window[d].size);
    }
  }
  if (opcode == "sort") {
    double n = 2;
    for (int64_t dim : i.shape.leaves().front()->dims)
      n = std::max(n, static_cast<double>(dim));
    total.vector *= std::log2(n);
  }
  return total;
}

Work hlo::workOf(const Module &module, const Computation &computation,
                 const Instruction &instruction) {
  return work(module, computation, instruction, 0);
}

//===----------------------------------------------------------------------===//
// What the compiler says
//===----------------------------------------------------------------------===//

int64_t hlo::estimatedCycles(const Instruction &instruction) {
  const JsonNode *window = instruction.backendConfig.find("window_config");
  const JsonNode *cycles = window ? window->find("estimated_cycles") : nullptr;
  int64_t value = -1;
  // A number beyond all time means that the compiler does not know.
  constexpr int64_t kMaxCycles = int64_t(1) << 50;
  if (!cycles || StringRef(cycles->text).getAsInteger(10, value) ||
      value <= 0 || value > kMaxCycles)
    return -1;
  return value;
}

/// A number of bytes, in quotes or not; -1 if it is none.
static int64_t bytesOf(const JsonNode &config, StringRef key, int64_t missing) {
  const JsonNode *node = config.find(key);
  int64_t bytes = 0;
  if (!node)
    return missing;
  return StringRef(node->text).getAsInteger(10, bytes) || bytes < 0 ? -1
                                                                    : bytes;
}

int64_t hlo::scopedBytes(const Instruction &instruction) {
  const JsonNode *list =
      instruction.backendConfig.find("used_scoped_memory_configs");
  int64_t most = 0;
  if (!list)
    return 0;
  for (const JsonNode &config : list->elements) {
    int64_t size = bytesOf(config, "size", -1);
    int64_t offset = bytesOf(config, "offset", 0);
    if (size < 0 || offset < 0 || offset > INT64_MAX - size)
      return -1;
    most = std::max(most, offset + size);
  }
  return most;
}

static void describe(const Module &module, const Computation &c,
                     const Instruction &i, int depth, std::string &text) {
  text += i.opcode + i.shape.key();
  for (int32_t operand : i.operands)
    text += c.instructions[operand].shape.key();
  for (StringRef key :
       {"window", "dim_labels", "dimensions", "slice", "dynamic_slice_sizes",
        "slice_sizes", "kind", "custom_call_target", "feature_group_count",
        "lhs_contracting_dims"})
    text += i.attribute(key).str() + ";";
  int32_t callee = i.opcode == "fusion" ? i.callee("calls") : -1;
  if (callee >= 0 && depth < kMaxDepth)
    for (const Instruction &each : module.computations[callee].instructions)
      describe(module, module.computations[callee], each, depth + 1, text);
}

uint64_t hlo::kindOf(const Module &module, const Computation &computation,
                     const Instruction &instruction) {
  std::string text;
  describe(module, computation, instruction, 0, text);
  return llvm::xxh3_64bits(text);
}
