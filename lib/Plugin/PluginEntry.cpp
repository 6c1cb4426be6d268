//===- PluginEntry.cpp - what mlir-opt sees of the plugin -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entry points of a dialect and pass plugin. MLIR has no stable ABI: loaded
// into another release, mempl would crash, or not load with nothing said but
// "Request ignored". So this library needs no symbol of MLIR; it asks the
// program for its version of LLVM, and only then opens MemplPasses.so, which
// has mempl in it and lies beside it.
//
//===----------------------------------------------------------------------===//

#include "PluginPasses.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

#include "llvm/Config/llvm-config.h"

#include <cstdio>
#include <dlfcn.h>
#include <string>

namespace {

constexpr const char *kName = "MemplPlugin";

/// The entry points of MemplPasses.so; null where they are not to be had.
struct Passes {
  void (*registerDialect)(mlir::DialectRegistry *) = nullptr;
  void (*registerPasses)() = nullptr;
};

void complain(const std::string &text) {
  std::fprintf(stderr, "%s: error: %s\n", kName, text.c_str());
}

/// Whether the program that this is loaded into has the LLVM that mempl was
/// built with, as far as it tells: releases with the same first two numbers
/// have the same ABI.
bool hostFits() {
  using GetVersion = void (*)(unsigned *, unsigned *, unsigned *);
  auto getVersion =
      reinterpret_cast<GetVersion>(dlsym(RTLD_DEFAULT, "LLVMGetVersion"));
  if (!getVersion)
    return true;
  unsigned major = 0, minor = 0, patch = 0;
  getVersion(&major, &minor, &patch);
  if (major == LLVM_VERSION_MAJOR && minor == LLVM_VERSION_MINOR)
    return true;
  complain("mempl " MEMPL_VERSION " was built with LLVM " LLVM_VERSION_STRING
           ", but this program has LLVM " +
           std::to_string(major) + "." + std::to_string(minor) + "." +
           std::to_string(patch) + "; load it into a tool of LLVM " +
           std::to_string(LLVM_VERSION_MAJOR) + "." +
           std::to_string(LLVM_VERSION_MINOR) + ", or build mempl with " +
           std::to_string(major) + "." + std::to_string(minor));
  return false;
}

/// The path of MemplPasses.so.
std::string passesPath() {
  Dl_info info;
  std::string path;
  if (dladdr(reinterpret_cast<void *>(&passesPath), &info) && info.dli_fname)
    path = info.dli_fname;
  size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash + 1);
  return path + "MemplPasses.so";
}

Passes loadPasses() {
  if (!hostFits())
    return {};
  std::string path = passesPath();
  // All symbols now: a program that lacks one must not crash later.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    complain("cannot be used in this program: " +
             std::string(reason ? reason : path) +
             "; the program must be a tool of LLVM " LLVM_VERSION_STRING
             " that exports MLIR, as mlir-opt does");
    return {};
  }
  Passes passes;
  passes.registerDialect = reinterpret_cast<decltype(passes.registerDialect)>(
      dlsym(library, "memplPluginRegisterDialect"));
  passes.registerPasses = reinterpret_cast<decltype(passes.registerPasses)>(
      dlsym(library, "memplPluginRegisterPasses"));
  auto version =
      reinterpret_cast<const char *(*)()>(dlsym(library, "memplPluginVersion"));
  if (version && std::string(version()) == MEMPL_VERSION &&
      passes.registerDialect && passes.registerPasses)
    return passes;
  complain(path + " is not of mempl " MEMPL_VERSION);
  return {};
}

const Passes &passes() {
  static const Passes loaded = loadPasses();
  return loaded;
}

/// What to tell the program as the version of the interface. 0 makes it refuse
/// the plugin.
uint32_t apiVersion(bool usable) {
  return usable ? MLIR_PLUGIN_API_VERSION : 0;
}

} // namespace

extern "C" MEMPL_PLUGIN_EXPORT mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  auto *callback = passes().registerDialect;
  return {apiVersion(callback), kName, MEMPL_VERSION, callback};
}

extern "C" MEMPL_PLUGIN_EXPORT mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  auto *callback = passes().registerPasses;
  return {apiVersion(callback), kName, MEMPL_VERSION, callback};
}
