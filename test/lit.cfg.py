import os
import sys

import lit.formats

config.name = "mempl"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".test", ".mlir", ".c"]
config.excludes = ["Inputs", "consumer", "data", "lib"]
config.test_source_root = os.path.dirname(__file__)
config.substitutions.append(("%data", os.path.join(config.test_source_root, "data")))
config.substitutions.append(("%python", f'"{sys.executable}"'))
config.environment["PATH"] = os.pathsep.join(
    [config.mempl_tools_dir, config.llvm_tools_dir, os.environ.get("PATH", "")]
)
config.substitutions.append(("%plugin", config.mempl_plugin))
if config.mempl_stock_mlir_opt:
    config.available_features.add("stock-mlir-opt")
    loaded = "--load-dialect-plugin={0} --load-pass-plugin={0}".format(config.mempl_plugin)
    config.substitutions.append(("%stock_opt_with_mempl", f"{config.mempl_stock_mlir_opt} {loaded}"))
    config.substitutions.append(("%stock_opt", config.mempl_stock_mlir_opt))
if config.mempl_torch:
    config.available_features.add("torch")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
