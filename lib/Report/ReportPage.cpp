//===- ReportPage.cpp - the page of a report ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pages are made of the files in Page, with two places to fill: colours and
// data.
//
//===----------------------------------------------------------------------===//

#include "Palette.h"

#include "mempl/Report/Report.h"

#include "llvm/ADT/Twine.h"

using namespace mempl;
using namespace mempl::report;
using llvm::StringRef;

// reportHtml and packingHtml, made from these files.
#include "Pages.inc"

/// The palette as variables of a style.
static std::string colourVariables() {
  std::string light, dark;
  for (const Colour &c : kPalette) {
    light += (" --" + c.name + ": " + c.light + ";").str();
    dark += (" --" + c.name + ": " + c.dark + ";").str();
  }
  return ":root {" + light +
         " }\n@media (prefers-color-scheme: dark) { :root {" + dark + " } }\n";
}

static std::string filled(StringRef text, StringRef data) {
  auto [head, rest] = text.split("@COLOURS@");
  auto [middle, tail] = rest.split("@DATA@");
  return (llvm::Twine(head) + colourVariables() + middle + data + tail).str();
}

std::string mempl::reportPage(StringRef data) {
  return filled(reportHtml, data);
}

std::string mempl::packingPage(StringRef data) {
  return filled(packingHtml, data);
}
