//===- ReportPage.cpp - the page of a report ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The page is Page.html, with two places to fill.
//
//===----------------------------------------------------------------------===//

#include "mempl/Report/Report.h"

using namespace mempl;
using llvm::StringRef;

// kPage, made from Page.html.
#include "ReportPage.inc"

std::string mempl::reportPage(StringRef data, StringRef plotly) {
  auto [head, rest] = StringRef(kPage).split("@PLOTLY@");
  auto [middle, tail] = rest.split("@DATA@");
  std::string page;
  page.reserve(head.size() + plotly.size() + middle.size() + data.size() +
               tail.size());
  for (StringRef part : {head, plotly, middle, data, tail})
    page += part;
  return page;
}
