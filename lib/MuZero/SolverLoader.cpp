//===- SolverLoader.cpp - finds the module of the solver muzero -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Module and shipped weights are found from where this code is, a program or a
// plugin of one: in the build tree, in an installation, and in one that was
// moved. The module is where the environment says, if it does.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/SolverLoader.h"
#include "mempl/Support/Version.h"

#include "MuZeroSolverBase.h"

#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace mempl;

namespace {

using CreateSolver = Solver *(*)(const MuZeroOptions &);

/// Stands for the weights that come with mempl.
constexpr llvm::StringLiteral kShippedWeights = "generalist";
constexpr llvm::StringLiteral kShippedFile = "generalist.mempl";

/// The program or shared library that this code is in.
std::string ownFile() {
  static int anchor;
  Dl_info info;
  std::string program = llvm::sys::fs::getMainExecutable(nullptr, &anchor);
  // The name of the program itself is what it was called by: perhaps a link, or
  // a word that the shell looked up.
  if (!dladdr(&anchor, &info) || !info.dli_fname ||
      !llvm::StringRef(info.dli_fname).contains('/'))
    return program;
  llvm::SmallString<128> real;
  if (llvm::sys::fs::real_path(info.dli_fname, real))
    return program;
  return real.str().str();
}

/// A file of the tree that this code is in. The root is some levels up: `bin`
/// has one, the folder of libraries may have two.
std::string inTree(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<128> root(ownFile());
  llvm::SmallString<128> first;
  for (int level = 0; level < 4 && !root.empty(); ++level) {
    llvm::sys::path::remove_filename(root);
    llvm::SmallString<128> path(root);
    llvm::sys::path::append(path, folder, name);
    if (llvm::sys::fs::exists(path))
      return path.str().str();
    if (level == 1)
      first = path; // Where a program that is installed would have it.
  }
  return first.str().str();
}

std::string modulePath() {
  if (const char *given = std::getenv("MEMPL_MUZERO_MODULE"))
    return given;
  return inTree(MEMPL_MODULE_DIR, "mempl_muzero.so");
}

llvm::Expected<CreateSolver> loadModule() {
  std::string path = modulePath();
  if (!llvm::sys::fs::exists(path))
    return llvm::createStringError(
        "expected the module " + path +
        ", which is built where LibTorch is; MEMPL_MUZERO_MODULE names another "
        "place");
  std::string problem;
  auto library =
      llvm::sys::DynamicLibrary::getPermanentLibrary(path.c_str(), &problem);
  if (!library.isValid())
    return llvm::createStringError(problem);
  auto *version = reinterpret_cast<const char *(*)()>(
      library.getAddressOfSymbol("memplMuZeroVersion"));
  auto *create = reinterpret_cast<CreateSolver>(
      library.getAddressOfSymbol("memplMuZeroCreateSolver"));
  if (!version || !create)
    return llvm::createStringError(path + " is no module of mempl");
  if (llvm::StringRef(version()) != mempl::version())
    return llvm::createStringError(path + " is of mempl " + version() +
                                   ", expected " + mempl::version());
  return create;
}

/// The weights that come with mempl lie beside the module, or in the tree.
std::string shippedWeights() {
  llvm::SmallString<128> path(modulePath());
  llvm::sys::path::remove_filename(path);
  llvm::sys::path::append(path, kShippedFile);
  if (llvm::sys::fs::exists(path))
    return path.str().str();
  return inTree(MEMPL_WEIGHTS_DIR, kShippedFile);
}

/// Opens the module when something is to be solved.
class LoadedSolver : public MuZeroSolverBase {
public:
  llvm::Error check() override {
    auto solver = load();
    return solver ? (*solver)->check() : solver.takeError();
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    auto solver = load();
    if (!solver)
      return solver.takeError();
    return (*solver)->solve(instance, context);
  }

  llvm::Expected<SearchGuide> guide(const Instance &instance,
                                    const SolverContext &context) override {
    auto solver = load();
    if (!solver)
      return solver.takeError();
    return (*solver)->guide(instance, context);
  }

private:
  llvm::Expected<std::unique_ptr<Solver>> load() const {
    auto create = loadModule();
    if (!create)
      return create.takeError();
    MuZeroOptions resolved = options;
    if (options.weights.empty() || options.weights == kShippedWeights)
      resolved.weights = shippedWeights();
    return std::unique_ptr<Solver>((*create)(resolved));
  }
};

} // namespace

void mempl::registerMuZeroSolvers() {
  registerUntrainedSolvers();
  registerSolver<LoadedSolver>();
}
