//===- PluginPasses.h - the two halves of the plugin ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What MemplPlugin.so looks up in MemplPasses.so, by name.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PLUGIN_PLUGINPASSES_H
#define MEMPL_LIB_PLUGIN_PLUGINPASSES_H

#define MEMPL_PLUGIN_EXPORT __attribute__((visibility("default")))

namespace mlir {
class DialectRegistry;
}

extern "C" {

/// The version of mempl in MemplPasses.so.
MEMPL_PLUGIN_EXPORT const char *memplPluginVersion();

/// Registers the dialect and what mempl attaches to upstream ops.
MEMPL_PLUGIN_EXPORT void
memplPluginRegisterDialect(mlir::DialectRegistry *registry);

/// Registers all passes and pipelines, and the solvers that they can use.
MEMPL_PLUGIN_EXPORT void memplPluginRegisterPasses();

} // extern "C"

#endif // MEMPL_LIB_PLUGIN_PLUGINPASSES_H
