import os
import sys

import lit.formats

config.name = "mempl"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".test", ".mlir"]
config.excludes = ["Inputs", "data", "lib"]
config.test_source_root = os.path.dirname(__file__)
config.substitutions.append(("%data", os.path.join(config.test_source_root, "data")))
config.substitutions.append(("%python", f'"{sys.executable}"'))
# Runs @main of a module in the LLVM dialect.
runtime = os.path.join(config.mempl_library_dir, "libmempl_runtime.so")
runner_utils = os.path.join(config.llvm_library_dir, "libmlir_c_runner_utils.so")
async_runtime = os.path.join(config.llvm_library_dir, "libmlir_async_runtime.so")
config.substitutions.append(
    (
        "%run_main",
        f"{config.mlir_runner} -O0 -e main -entry-point-result=void "
        f"-shared-libs={runner_utils} -shared-libs={runtime} -shared-libs={async_runtime}",
    )
)
config.environment["PATH"] = os.pathsep.join(
    [config.mempl_tools_dir, config.llvm_tools_dir, os.environ.get("PATH", "")]
)
if config.mempl_torch:
    config.available_features.add("torch")
# mlir-runner has no sanitizers in it, and cannot load a library that has.
if not config.mempl_sanitized:
    config.available_features.add("runner")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
