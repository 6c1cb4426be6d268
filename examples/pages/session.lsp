{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":1,"rootPath":"mlir","capabilities":{},"trace":"off"}}
// -----
{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"test:///placed.mlir","languageId":"mlir","version":1,"text":"func.func @f() -> tensor<16xf32> {\n  %a = mempl.alloc <fast> at 0 bytes 32 : tensor<16xf32>\n  return %a : tensor<16xf32>\n}"}}}
// -----
{"jsonrpc":"2.0","id":1,"method":"shutdown"}
// -----
{"jsonrpc":"2.0","method":"exit"}
