/* OldHost.c - a program of another LLVM that loads a plugin.
 *
 * Part of the mempl project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Loads the plugin that is its argument as mlir-opt does, and says which
 * version of the interface the plugin claims; with a second argument it says
 * itself that it is of LLVM 9.8.7.
 */

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

static int tellsVersion;

/* What the plugin asks for the version of the program's LLVM. */
void LLVMGetVersion(unsigned *major, unsigned *minor, unsigned *patch) {
  *major = tellsVersion ? 9 : LLVM_MAJOR;
  *minor = tellsVersion ? 8 : LLVM_MINOR;
  *patch = tellsVersion ? 7 : 0;
}

struct Info {
  uint32_t apiVersion;
  const char *name, *version;
  void (*callback)(void);
};

int main(int argc, char **argv) {
  tellsVersion = argc > 2;
  void *library = dlopen(argv[1], RTLD_LAZY | RTLD_GLOBAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  struct Info (*entry)(void) =
      (struct Info (*)(void))dlsym(library, "mlirGetPassPluginInfo");
  struct Info info = entry();
  printf("%s %s has interface %u, %s callback\n", info.name, info.version,
         info.apiVersion, info.callback ? "a" : "no");
  return 0;
}
