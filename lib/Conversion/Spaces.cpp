//===- Spaces.cpp - memory spaces of mempl as those of others -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/Conversion/Utils.h"
#include "mempl/IR/Mempl.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace mempl::ir {
#define GEN_PASS_DEF_CONVERTMEMPLSPACES
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class ConvertMemplSpacesPass
    : public mempl::ir::impl::ConvertMemplSpacesBase<ConvertMemplSpacesPass> {
public:
  using ConvertMemplSpacesBase::ConvertMemplSpacesBase;
  LogicalResult initialize(MLIRContext *context) override;
  void runOnOperation() override;

private:
  /// The new space of memrefs in `space`, null for the default one; nothing if
  /// the map has no entry for it.
  std::optional<Attribute> spaceFor(SpaceAttr space) const;
  LogicalResult check();
  void removeCasts();

  /// By name; null is the default space.
  std::map<std::string, Attribute> spaces;
  /// What spaces that are not mempl's become, if they become anything.
  std::optional<Attribute> otherSpaces;
};

} // namespace

/// Reads an attribute, or `none` as null; an error that names the option if it
/// is neither.
static FailureOr<Attribute> parseSpace(StringRef text, StringRef option,
                                       StringRef name, MLIRContext *context) {
  if (text == "none")
    return Attribute();
  if (Attribute space = parseAttribute(text, context))
    return space;
  emitError(UnknownLoc::get(context))
      << "option '" << option << "': expected an attribute or none"
      << (name.empty() ? "" : " for '" + name.str() + "'") << ", got '" << text
      << "'";
  return failure();
}

LogicalResult ConvertMemplSpacesPass::initialize(MLIRContext *context) {
  spaces.clear();
  otherSpaces.reset();
  for (const std::string &entry : map) {
    auto [name, text] = StringRef(entry).split('=');
    if (name.empty() || text.empty())
      return emitError(UnknownLoc::get(context))
             << "option 'map': expected NAME=SPACE, got '" << entry << "'";
    FailureOr<Attribute> space = parseSpace(text, "map", name, context);
    if (failed(space))
      return failure();
    if (!spaces.insert({name.str(), *space}).second)
      return emitError(UnknownLoc::get(context))
             << "option 'map': '" << name << "' is there twice";
  }
  if (others.empty())
    return success();
  FailureOr<Attribute> space = parseSpace(others, "others", "", context);
  if (succeeded(space))
    otherSpaces = *space;
  return success(succeeded(space));
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

/// Casts between spaces that are the same now.
void ConvertMemplSpacesPass::removeCasts() {
  for (auto cast : opsOf<memref::MemorySpaceCastOp>(getOperation())) {
    if (cast.getSource().getType() != cast.getType())
      continue;
    cast.replaceAllUsesWith(cast.getSource());
    cast.erase();
  }
}

void ConvertMemplSpacesPass::runOnOperation() {
  if (failed(check()))
    return signalPassFailure();
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](BaseMemRefType type) -> std::optional<Type> {
    Attribute space = type.getMemorySpace();
    auto named = dyn_cast_or_null<SpaceAttr>(space);
    if (!space || (!named && !otherSpaces))
      return std::nullopt;
    Attribute converted = named ? *spaceFor(named) : *otherSpaces;
    if (auto ranked = dyn_cast<MemRefType>(type))
      return MemRefType::get(ranked.getShape(), ranked.getElementType(),
                             ranked.getLayout(), converted);
    return UnrankedMemRefType::get(type.getElementType(), converted);
  });
  replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  removeCasts();
}
