//===- CostModel.cpp - seconds of an op on a target -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/CostModel.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Support/Json.h"
#include "mempl/Support/Suggest.h"

#include <cmath>

using namespace mlir;
using namespace mempl::ir;

llvm::Expected<Profile> mempl::ir::readProfile(llvm::StringRef path) {
  llvm::Expected<std::string> text = mempl::readFile(path);
  if (!text)
    return text.takeError();
  return parseProfile(*text, path);
}

llvm::Expected<Profile> mempl::ir::parseProfile(llvm::StringRef json,
                                                llvm::StringRef file) {
  auto document = mempl::parseJson(json, file);
  if (!document)
    return document.takeError();
  mempl::JsonErrors errors(*document);
  mempl::JsonCursor at(document->root, errors);
  at.expectKeys({"version", "seconds"});
  at.required("version").integer(1, 1);
  Profile profile;
  mempl::JsonCursor seconds = at.required("seconds");
  if (seconds.expectObject())
    for (size_t i = 0; i < seconds.size(); ++i) {
      double number = seconds.element(i).number();
      if (!(number >= 0) || !std::isfinite(number))
        seconds.element(i).expected("seconds, finite and not negative");
      profile[seconds.keyOf(i).str()] = number;
    }
  if (errors.any())
    return errors.take();
  return profile;
}

CostModel::CostModel(const TargetDescription &target, Profile profile)
    : matrix(target.matrix), vector(target.vector),
      profile(std::move(profile)) {}

/// The keys under which a profile may have an op, best first.
static SmallVector<std::string, 3> profileKeys(Operation *op) {
  SmallVector<std::string, 3> keys;
  if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
    keys.push_back(named.getName().str());
  if (auto file = op->getLoc()->findInstanceOf<FileLineColLoc>())
    keys.push_back((file.getFilename().getValue() + ":" +
                    llvm::Twine(file.getLine()) + ":" +
                    llvm::Twine(file.getColumn()))
                       .str());
  keys.push_back(op->getName().getStringRef().str());
  return keys;
}

std::string CostModel::describeUnmatched(Operation *module) const {
  std::vector<std::string> unmatched;
  std::set<std::string> names;
  if (matched->size() < profile.size())
    module->walk([&](Operation *op) {
      names.insert(op->getName().getStringRef().str());
      if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
        names.insert(named.getName().str());
    });
  std::vector<std::string> known(names.begin(), names.end());
  for (const auto &[key, seconds] : profile) {
    if (matched->count(key))
      continue;
    std::string text = "'" + key + "'";
    std::string nearest = mempl::nearestName(key, known);
    if (!nearest.empty())
      text += " (did you mean '" + nearest + "'?)";
    unmatched.push_back(std::move(text));
  }
  if (unmatched.empty())
    return "";
  std::string text =
      std::to_string(unmatched.size()) + " of " +
      std::to_string(profile.size()) +
      (unmatched.size() == 1 ? " keys matches no op: " : " keys match no op: ");
  constexpr size_t kMost = 8;
  for (size_t i = 0; i < unmatched.size() && i < kMost; ++i)
    text += (i ? ", " : "") + unmatched[i];
  return unmatched.size() > kMost ? text + ", .." : text;
}

double CostModel::computeSeconds(Operation *op) const {
  std::optional<double> measured;
  if (!profile.empty())
    for (const std::string &key : profileKeys(op)) {
      auto it = profile.find(key);
      if (it == profile.end())
        continue;
      matched->insert(key);
      if (!measured)
        measured = it->second;
    }
  if (measured)
    return *measured;
  OpWork work = workOf(op);
  double seconds = work.seconds >= 0 ? work.seconds : 0;
  if (work.matrixOps == 0 && work.vectorOps == 0)
    return seconds;
  std::string type;
  if (work.computeType) {
    llvm::raw_string_ostream os(type);
    work.computeType.print(os);
  }
  return seconds + work.matrixOps / matrix.rateFor(type) +
         work.vectorOps / vector.rateFor(type);
}
