// RUN: mempl-opt --split-input-file --verify-diagnostics --convert-mempl-spaces="map=vmem=1" %s
// RUN: not mempl-opt --convert-mempl-spaces="map=vmem" /dev/null 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not mempl-opt --convert-mempl-spaces="map=vmem=%%" /dev/null 2>&1 | FileCheck %s --check-prefix=VALUE
// RUN: not mempl-opt --convert-mempl-spaces="map=a=1,a=2" /dev/null 2>&1 | FileCheck %s --check-prefix=TWICE

// ENTRY: error: option 'map': expected NAME=SPACE, got 'vmem'
// VALUE: error: option 'map': expected an attribute or none for 'vmem'
// TWICE: error: option 'map': 'a' is there twice

// expected-error @+1 {{option 'map' has no entry for the memory space 'other'}}
func.func @unknown(%a: memref<4xf32, #mempl.space<other>>) {
  return
}

// -----

func.func @alloc() {
  // expected-error @+1 {{'mempl.alloc' op names its memory space: lower it before}}
  %a = mempl.alloc <vmem> at 0 bytes 8 : memref<2xf32, #mempl.space<vmem>>
  return
}
