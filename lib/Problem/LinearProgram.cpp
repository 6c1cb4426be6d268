//===- LinearProgram.cpp - solved by a library that is loaded -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinearProgram.h"

using namespace mempl;

#if MEMPL_HAS_CLP

#include <Clp_C_Interface.h>

#include <algorithm>
#include <dlfcn.h>
#include <sys/mman.h>
#include <thread>

/// Addresses that Clp and OpenBLAS need to be of use, in bytes: their code, and
/// for each thread of OpenBLAS a stack and a buffer, which it waits for if it
/// does not get them. It has one for each processor, up to a number.
static constexpr size_t kSpaceNeeded = size_t(256) << 20;
static constexpr size_t kSpacePerThread = size_t(80) << 20;
static constexpr unsigned kMostThreads = 128;
/// As Clp_getColumnStatus() has it.
static constexpr int kBasic = 1;

namespace {

/// The functions of Clp that are used here, by their names without "Clp_".
#define MEMPL_CLP_FUNCTIONS(DO)                                                \
  DO(newModel)                                                                 \
  DO(deleteModel)                                                              \
  DO(resize)                                                                   \
  DO(setLogLevel)                                                              \
  DO(setMaximumIterations)                                                     \
  DO(rowLower)                                                                 \
  DO(rowUpper)                                                                 \
  DO(columnUpper)                                                              \
  DO(addColumns)                                                               \
  DO(deleteColumns)                                                            \
  DO(numberColumns)                                                            \
  DO(primal)                                                                   \
  DO(status)                                                                   \
  DO(objectiveValue)                                                           \
  DO(dualRowSolution)                                                          \
  DO(primalColumnSolution)                                                     \
  DO(getColumnStatus)

struct Functions {
#define MEMPL_CLP_DECLARE(name) decltype(&Clp_##name) name = nullptr;
  MEMPL_CLP_FUNCTIONS(MEMPL_CLP_DECLARE)
#undef MEMPL_CLP_DECLARE
  bool areLoaded = false;

  Functions() { areLoaded = hasSpace() && load(); }

private:
  static bool hasSpace() {
    unsigned threads =
        std::min(std::thread::hardware_concurrency(), kMostThreads);
    size_t size = kSpaceNeeded + threads * kSpacePerThread;
    void *space =
        mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return space != MAP_FAILED && munmap(space, size) == 0;
  }

  bool load() {
    void *library = nullptr;
    // By the name that distributions have, or where it was when mempl was
    // built.
    for (const char *name : {"libClp.so.1", "libClp.1.dylib", MEMPL_CLP_PATH})
      if (!library)
        library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
      return false;
#define MEMPL_CLP_LOAD(name)                                                   \
  name = reinterpret_cast<decltype(name)>(dlsym(library, "Clp_" #name));       \
  if (!name)                                                                   \
    return false;
    MEMPL_CLP_FUNCTIONS(MEMPL_CLP_LOAD)
#undef MEMPL_CLP_LOAD
    return true;
  }
};

} // namespace

static const Functions &clp() {
  static const Functions functions;
  return functions;
}

static Clp_Simplex *of(void *model) {
  return static_cast<Clp_Simplex *>(model);
}

bool LinearProgram::isAvailable() { return clp().areLoaded; }

LinearProgram::LinearProgram(int numRows, int maxPivots)
    : model(clp().newModel()) {
  clp().setLogLevel(of(model), 0);
  clp().setMaximumIterations(of(model), maxPivots);
  clp().resize(of(model), numRows, 0);
}

LinearProgram::~LinearProgram() { clp().deleteModel(of(model)); }

void LinearProgram::setRowBounds(int row, double lower, double upper) {
  clp().rowLower(of(model))[row] = lower;
  clp().rowUpper(of(model))[row] = upper;
}

void LinearProgram::setUpperBound(int column, double upper) {
  flush();
  clp().columnUpper(of(model))[column] = upper;
}

void LinearProgram::addColumn(llvm::ArrayRef<int> rows,
                              llvm::ArrayRef<double> entries, double cost) {
  newStarts.push_back(static_cast<int>(newRows.size()));
  newCosts.push_back(cost);
  llvm::append_range(newRows, rows);
  llvm::append_range(newEntries, entries);
}

void LinearProgram::flush() {
  if (newCosts.empty())
    return;
  auto count = static_cast<int>(newCosts.size());
  const std::vector<double> lower(count, 0.0), upper(count, kInfinity);
  std::vector<CoinBigIndex> starts(newStarts.begin(), newStarts.end());
  starts.push_back(static_cast<CoinBigIndex>(newRows.size()));
  clp().addColumns(of(model), count, lower.data(), upper.data(),
                   newCosts.data(), starts.data(), newRows.data(),
                   newEntries.data());
  newStarts.clear();
  newRows.clear();
  newEntries.clear();
  newCosts.clear();
}

void LinearProgram::deleteColumns(llvm::ArrayRef<int> columns) {
  flush();
  clp().deleteColumns(of(model), static_cast<int>(columns.size()),
                      columns.data());
}

int LinearProgram::numColumns() const {
  return clp().numberColumns(of(model)) + static_cast<int>(newCosts.size());
}

void LinearProgram::solve() {
  flush();
  clp().primal(of(model), /*ifValuesPass=*/0);
}

bool LinearProgram::isSolved() const { return clp().status(of(model)) == 0; }

double LinearProgram::value() const { return clp().objectiveValue(of(model)); }

const double *LinearProgram::duals() const {
  return clp().dualRowSolution(of(model));
}

const double *LinearProgram::solution() {
  flush();
  return clp().primalColumnSolution(of(model));
}

bool LinearProgram::isBasic(int column) {
  flush();
  return clp().getColumnStatus(of(model), column) == kBasic;
}

#else

// There are none.
bool LinearProgram::isAvailable() { return false; }
LinearProgram::LinearProgram(int, int) : model(nullptr) {}
LinearProgram::~LinearProgram() = default;
void LinearProgram::setRowBounds(int, double, double) {}
void LinearProgram::setUpperBound(int, double) {}
void LinearProgram::addColumn(llvm::ArrayRef<int>, llvm::ArrayRef<double>,
                              double) {}
void LinearProgram::flush() {}
void LinearProgram::deleteColumns(llvm::ArrayRef<int>) {}
int LinearProgram::numColumns() const { return 0; }
void LinearProgram::solve() {}
bool LinearProgram::isSolved() const { return false; }
double LinearProgram::value() const { return 0; }
const double *LinearProgram::duals() const { return nullptr; }
const double *LinearProgram::solution() { return nullptr; }
bool LinearProgram::isBasic(int) { return false; }

#endif // MEMPL_HAS_CLP
