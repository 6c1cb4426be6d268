#!/bin/sh
# one-by-one.sh OPT TARGET CAPACITY SOLVER FILE.. - places each file by
# learned-memory-placement, which splits nothing here, and by the passes that it is
# made of, and compares the modules, byte for byte, and what is said about them.
# Prints what was compared.
opt=$1 target=$2 capacity=$3 solver=$4
shift 4
attach="mempl-attach-target{target=$target capacity=$capacity}"
one="learned-memory-placement{solver=$solver budget=300 tile=false}"
many="mempl-prepare{keep-originals},mempl-extract-instance,mempl-solve{solver=$solver budget=300 fallback=slow},mempl-apply-plan"
run() { # FILE PASSES OUTPUT
  "$opt" --allow-unregistered-dialect "$1" --pass-pipeline="builtin.module($attach,$2)" -o "$3" 2> "$3.err" || { cat "$3.err"; exit 1; }
  # Numbers of files for bug reports count up.
  sed -n 's/-reproducer[-0-9]*\.json//; /: \(remark\|warning\|error\): /p' "$3.err" | sort > "$3.said"
}
files=0 placed=0 fallbacks=0
for file in "$@"; do
  run "$file" "$one" one.mlir
  run "$file" "$many" many.mlir
  cmp one.mlir many.mlir || { echo "$file: other modules"; exit 1; }
  sed -i "s/left in slow memory: $solver: /left in slow memory: /" many.mlir.said
  diff one.mlir.said many.mlir.said || { echo "$file: other remarks"; exit 1; }
  files=$((files + 1))
  placed=$((placed + $(grep -c 'mempl\.alloc' one.mlir)))
  fallbacks=$((fallbacks + $(grep -c 'left in slow memory\|internal error' one.mlir.said)))
done
echo "$files files, $placed allocations, $fallbacks fallbacks"
