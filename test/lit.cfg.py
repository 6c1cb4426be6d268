import os
import shutil
import sys

import lit.formats

config.name = "mempl"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".test", ".mlir", ".c"]
config.excludes = ["Inputs", "consumer", "data", "lib"]
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
# The same, and says how many buffers were not freed.
counter = os.path.join(config.mempl_library_dir, "libcount_buffers.so")
config.substitutions.append(
    (
        "%count_buffers",
        f"{config.mlir_runner} -O0 -e main -entry-point-result=void "
        f"-shared-libs={runner_utils} -shared-libs={counter} -shared-libs={runtime}",
    )
)
config.environment["PATH"] = os.pathsep.join(
    [config.mempl_tools_dir, config.llvm_tools_dir, os.environ.get("PATH", "")]
)
# mlir-runner has no sanitizers in it, and cannot load a library that has.
config.available_features.add("sanitized" if config.mempl_sanitize else "runner")
# The runtime for GPUs, on a fake CUDA driver.
gpu_runtime = os.path.join(config.mempl_library_dir, "libmempl_gpu_runtime.so")
fake_cuda = os.path.join(config.mempl_library_dir, "libfake_cuda.so")
run_gpu = (
    f"{config.mlir_runner} -O0 -e main -entry-point-result=void "
    f"-shared-libs={runner_utils} -shared-libs={gpu_runtime}"
)
config.substitutions += [
    ("%run_gpu", run_gpu),
    ("%run_on_fake_gpu", f"env MEMPL_CUDA_DRIVER={fake_cuda} {run_gpu}"),
    ("%gpu_runtime", gpu_runtime),
    ("%fake_cuda", fake_cuda),
    ("%tools_dir", config.mempl_tools_dir),
]
config.substitutions += [
    (f"%{name}", os.path.join(os.path.dirname(config.test_source_root), folder))
    for name, folder in {"benchmarks": "benchmarks", "scripts": "scripts", "tools_source": "tools"}.items()
]
config.substitutions.append(("%plugin", config.mempl_plugin))
if config.mempl_stock_mlir_opt:
    config.available_features.add("stock-mlir-opt")
    loaded = "--load-dialect-plugin={0} --load-pass-plugin={0}".format(config.mempl_plugin)
    config.substitutions.append(("%stock_opt_with_mempl", f"{config.mempl_stock_mlir_opt} {loaded}"))
    config.substitutions.append(("%stock_opt", config.mempl_stock_mlir_opt))
config.available_features.update(program for program in ("apt-cache", "fish", "zsh") if shutil.which(program))
if config.mempl_torch:
    config.available_features.add("torch")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
