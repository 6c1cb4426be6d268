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
config.environment["PATH"] = os.pathsep.join(
    [config.mempl_tools_dir, config.llvm_tools_dir, os.environ.get("PATH", "")]
)
if config.mempl_torch:
    config.available_features.add("torch")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
