/* dialect.c - the dialect and the passes beside MLIR's C API. */
/* Part of the mempl project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

// RUN: mempl-capi-dialect-test 2>&1 | FileCheck %s

#include "mempl-c/Dialect.h"
#include "mempl-c/Passes.h"

#include "mlir-c/BuiltinAttributes.h"
#include "mlir-c/Pass.h"
#include "mlir-c/RegisterEverything.h"

#include <stdio.h>

static const char *const program =
    "func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {\n"
    "  %e = tensor.empty() : tensor<16xf32>\n"
    "  %x = linalg.exp ins(%a : tensor<16xf32>)\n"
    "                  outs(%e : tensor<16xf32>) -> tensor<16xf32>\n"
    "  %f = tensor.empty() : tensor<16xf32>\n"
    "  %y = linalg.log ins(%x : tensor<16xf32>)\n"
    "                  outs(%f : tensor<16xf32>) -> tensor<16xf32>\n"
    "  return %y : tensor<16xf32>\n"
    "}\n";

static void print(MlirStringRef text, void *file) {
  fwrite(text.data, 1, text.length, (FILE *)file);
}

/* Runs a pipeline on the program. */
static int run(MlirContext context, const char *pipeline) {
  MlirModule module =
      mlirModuleCreateParse(context, mlirStringRefCreateFromCString(program));
  if (mlirModuleIsNull(module))
    return 1;
  MlirPassManager passes = mlirPassManagerCreate(context);
  if (mlirLogicalResultIsFailure(mlirParsePassPipeline(
          mlirPassManagerGetAsOpPassManager(passes),
          mlirStringRefCreateFromCString(pipeline), print, stdout))) {
    mlirPassManagerDestroy(passes);
    mlirModuleDestroy(module);
    return 1;
  }
  MlirOperation op = mlirModuleGetOperation(module);
  bool failed = mlirLogicalResultIsFailure(mlirPassManagerRunOnOp(passes, op));
  if (!failed)
    mlirOperationPrint(op, print, stdout);
  fflush(stdout);
  mlirPassManagerDestroy(passes);
  mlirModuleDestroy(module);
  return failed;
}

int main(void) {
  MlirContext context = mlirContextCreateWithThreading(false);
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  mlirRegisterAllDialects(registry);
  memplRegisterDialect(registry);
  mlirContextAppendDialectRegistry(context, registry);
  mlirDialectRegistryDestroy(registry);

  // CHECK: mempl
  MlirStringRef name =
      mlirDialectHandleGetNamespace(mlirGetDialectHandle__mempl__());
  printf("%.*s\n", (int)name.length, name.data);

  // CHECK: #mempl.space<fast> fast 1 0
  MlirAttribute space =
      memplSpaceAttrGet(context, mlirStringRefCreateFromCString("fast"));
  mlirAttributePrint(space, print, stdout);
  name = memplSpaceAttrGetName(space);
  printf(" %.*s %d %d\n", (int)name.length, name.data,
         memplAttributeIsASpace(space),
         memplAttributeIsASpace(mlirUnitAttrGet(context)));
  fflush(stdout);

  // CHECK: func.func @f(
  // CHECK: mempl.alloc <fast> at {{[0-9]+}} bytes 64 : tensor<16xf32>
  // CHECK: placed: 1
  memplRegisterPasses();
  memplRegisterPasses();
  int failed = run(context, "builtin.module(learned-memory-placement{target="
                            "tiny policy=greedy})");
  printf("placed: %d\n", !failed);
  fflush(stdout);

  // CHECK: one by one: 1
  // CHECK-NOT: mempl.release
  // CHECK: tensor.empty()
  MlirModule module = mlirModuleCreateParse(
      context, mlirStringRefCreateFromCString(
                   "func.func @g() -> tensor<4xf32> {\n"
                   "  %a = mempl.alloc <fast> at 0 bytes 16 : tensor<4xf32>\n"
                   "  mempl.release %a : tensor<4xf32>\n"
                   "  %e = tensor.empty() : tensor<4xf32>\n"
                   "  return %e : tensor<4xf32>\n"
                   "}\n"));
  MlirPassManager passes = mlirPassManagerCreate(context);
  mlirPassManagerAddOwnedPass(passes,
                              mlirCreateMemplConversionMemplDropReleases());
  printf("one by one: %d\n", mlirLogicalResultIsSuccess(mlirPassManagerRunOnOp(
                                 passes, mlirModuleGetOperation(module))));
  mlirOperationPrint(mlirModuleGetOperation(module), print, stdout);
  fflush(stdout);
  mlirPassManagerDestroy(passes);
  mlirModuleDestroy(module);

  // CHECK: nowhere
  // CHECK: no such target: 1
  failed =
      run(context, "builtin.module(learned-memory-placement{target=nowhere})");
  printf("no such target: %d\n", failed);

  // CHECK: 'mempl-nothing' does not refer to a registered pass
  // CHECK: no such pass: 1
  failed = run(context, "builtin.module(mempl-nothing)");
  printf("no such pass: %d\n", failed);
  mlirContextDestroy(context);
  return 0;
}
