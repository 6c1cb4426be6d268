// RUN: mempl-opt --split-input-file --verify-diagnostics --convert-mempl-to-llvm %s

func.func @two_memories() {
  // expected-note @+1 {{and this is in #mempl.space<a>}}
  %a = mempl.alloc <a> at 0 bytes 8 : memref<2xf32, #mempl.space<a>>
  // expected-error @+1 {{cannot be lowered: the runtime has one fast memory}}
  %b = mempl.alloc <b> at 8 bytes 8 : memref<2xf32, #mempl.space<b>>
  return
}
