//===- Spaces.cpp - memory spaces of mempl as those of others -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/IR/Mempl.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace mlir::mempl {
#define GEN_PASS_DEF_CONVERTMEMPLSPACES
#include "mempl/Conversion/Passes.h.inc"
} // namespace mlir::mempl

using namespace mlir;
using namespace mlir::mempl;

namespace {

class ConvertMemplSpacesPass
    : public mlir::mempl::impl::ConvertMemplSpacesBase<ConvertMemplSpacesPass> {
public:
  using ConvertMemplSpacesBase::ConvertMemplSpacesBase;
  LogicalResult initialize(MLIRContext *context) override;
  void runOnOperation() override;

private:
  /// The new space of memrefs in `space`, null for the default one; nothing if
  /// the map has no entry for it.
  std::optional<Attribute> spaceFor(SpaceAttr space) const;
  LogicalResult check();

  /// By name; null is the default space.
  std::map<std::string, Attribute> spaces;
};

} // namespace

LogicalResult ConvertMemplSpacesPass::initialize(MLIRContext *context) {
  spaces.clear();
  for (const std::string &entry : map) {
    auto [name, text] = StringRef(entry).split('=');
    if (name.empty() || text.empty())
      return emitError(UnknownLoc::get(context))
             << "option 'map': expected NAME=SPACE, got '" << entry << "'";
    Attribute space;
    if (text != "none") {
      space = parseAttribute(text, context);
      if (!space)
        return emitError(UnknownLoc::get(context))
               << "option 'map': expected an attribute or none for '" << name
               << "', got '" << text << "'";
    }
    if (!spaces.insert({name.str(), space}).second)
      return emitError(UnknownLoc::get(context))
             << "option 'map': '" << name << "' is there twice";
  }
  return success();
}

std::optional<Attribute>
ConvertMemplSpacesPass::spaceFor(SpaceAttr space) const {
  auto it = spaces.find(space.getName().str());
  if (it == spaces.end())
    it = spaces.find("*");
  if (it == spaces.end())
    return std::nullopt;
  return it->second;
}

/// An error for each op whose types cannot be converted.
LogicalResult ConvertMemplSpacesPass::check() {
  bool failed = false;
  AttrTypeWalker walker;
  SpaceAttr unknown;
  walker.addWalk([&](BaseMemRefType type) {
    auto space = dyn_cast_or_null<SpaceAttr>(type.getMemorySpace());
    if (space && !spaceFor(space))
      unknown = space;
  });
  getOperation()->walk([&](Operation *op) {
    if (isa<AllocOp>(op)) {
      failed = true;
      op->emitOpError() << "names its memory space: lower it before";
      return;
    }
    // The walker sees a type once: the first op that has it reports it.
    unknown = {};
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          walker.walk(type);
    if (!unknown)
      return;
    failed = true;
    op->emitError() << "option 'map' has no entry for the memory space '"
                    << unknown.getName() << "'";
  });
  return failure(failed);
}

void ConvertMemplSpacesPass::runOnOperation() {
  if (failed(check()))
    return signalPassFailure();
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](BaseMemRefType type) -> std::optional<Type> {
    auto space = dyn_cast_or_null<SpaceAttr>(type.getMemorySpace());
    if (!space)
      return std::nullopt;
    Attribute converted = *spaceFor(space);
    if (auto ranked = dyn_cast<MemRefType>(type))
      return MemRefType::get(ranked.getShape(), ranked.getElementType(),
                             ranked.getLayout(), converted);
    return UnrankedMemRefType::get(type.getElementType(), converted);
  });
  replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
}
