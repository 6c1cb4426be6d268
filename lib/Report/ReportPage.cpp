//===- ReportPage.cpp - the page of a report ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pages are Page.html and PackingPage.html, with two places to fill.
//
//===----------------------------------------------------------------------===//

#include "mempl/Report/Report.h"

using namespace mempl;
using llvm::StringRef;

// kPage and kPackingPage, made from these files.
#include "ReportPage.inc"

static std::string fill(StringRef text, StringRef data, StringRef plotly) {
  auto [head, rest] = text.split("@PLOTLY@");
  auto [middle, tail] = rest.split("@DATA@");
  std::string page;
  page.reserve(head.size() + plotly.size() + middle.size() + data.size() +
               tail.size());
  for (StringRef part : {head, plotly, middle, data, tail})
    page += part;
  return page;
}

std::string mempl::reportPage(StringRef data, StringRef plotly) {
  return fill(kPage, data, plotly);
}

std::string mempl::packingPage(StringRef data, StringRef plotly) {
  return fill(kPackingPage, data, plotly);
}
