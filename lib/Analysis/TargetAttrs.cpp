//===- TargetAttrs.cpp - the machine that a module names ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/TargetAttrs.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Support/Suggest.h"
#include "mempl/Support/Units.h"

#include "mlir/Dialect/DLTI/DLTI.h"

#include "mempl/Problem/Mapping.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mempl::ir;

/// The integer in `attribute`, if it is one without a sign of its own and of at
/// most 64 bits; getInt() means nothing for others. A boolean is no figure.
static std::optional<int64_t> integerOf(Attribute attribute) {
  auto integer = dyn_cast_or_null<IntegerAttr>(attribute);
  if (!integer || integer.getValue().getBitWidth() > 64)
    return std::nullopt;
  Type type = integer.getType();
  if (type.isInteger(1) || !(type.isSignlessInteger() || type.isIndex()))
    return std::nullopt;
  return integer.getInt();
}

namespace {

/// A nested map of a DLTI attribute, read strictly. The first error is a
/// diagnostic; after it everything reads as zero.
class Entries {
public:
  Entries(Location loc, std::string path, DataLayoutEntryListRef list,
          bool &failed)
      : loc(loc), path(std::move(path)), list(list), failed(failed) {}

  Attribute find(StringRef key) const {
    for (DataLayoutEntryInterface entry : list)
      if (auto name = dyn_cast<StringAttr>(entry.getKey()); name && name == key)
        return entry.getValue();
    return {};
  }

  double number(StringRef key, std::optional<double> other = {}) const {
    Attribute value = find(key);
    if (auto real = dyn_cast_or_null<FloatAttr>(value))
      return real.getValueAsDouble();
    if (std::optional<int64_t> integer = integerOf(value))
      return double(*integer);
    if (!value && other)
      return *other;
    expected(key, "a number");
    return 0;
  }

  int64_t integer(StringRef key, std::optional<int64_t> other = {}) const {
    Attribute value = find(key);
    if (std::optional<int64_t> integer = integerOf(value))
      return *integer;
    if (!value && other)
      return *other;
    expected(key, "an integer");
    return 0;
  }

  std::string string(StringRef key, StringRef other) const {
    Attribute value = find(key);
    if (auto text = dyn_cast_or_null<StringAttr>(value))
      return text.getValue().str();
    if (value)
      expected(key, "a string");
    return other.str();
  }

  Entries map(StringRef key) const {
    auto value = dyn_cast_or_null<MapAttr>(find(key));
    if (!value)
      expected(key, "a #dlti.map");
    return Entries(loc, path + "." + key.str(),
                   value ? value.getEntries() : DataLayoutEntryListRef(),
                   failed);
  }

  ComputeRates rates(StringRef key) const {
    ComputeRates rates;
    Entries table = map(key);
    for (DataLayoutEntryInterface entry : table.list)
      if (auto name = dyn_cast<StringAttr>(entry.getKey()))
        rates.byType[name.getValue().str()] = table.number(name.getValue());
    for (const auto &[name, rate] : rates.byType)
      if (!(rate > 0))
        table.expected(name, "a positive number");
    if (rates.byType.empty() && !failed)
      expected(key, "the rate of at least one type");
    return rates;
  }

  /// Keys that nothing reads are mistakes.
  void expectKeys(ArrayRef<std::string> known) const {
    for (DataLayoutEntryInterface entry : list) {
      auto name = dyn_cast<StringAttr>(entry.getKey());
      if (name && llvm::is_contained(known, name.getValue().str()))
        continue;
      if (!std::exchange(failed, true))
        emitError(loc) << "dlti.target_system_spec: unexpected key "
                       << (name ? name.getValue() : StringRef("of a type"))
                       << " in " << path;
    }
  }

private:
  void expected(StringRef key, StringRef what) const {
    if (!std::exchange(failed, true))
      emitError(loc) << "dlti.target_system_spec: expected " << path << "."
                     << key << " to be " << what;
  }

  Location loc;
  std::string path;
  DataLayoutEntryListRef list;
  bool &failed;
};

} // namespace

/// The key of a figure of the machine; those of steps are beside the maps.
static std::string keyOf(const mempl::Field &figure) {
  if (figure.group == "step")
    return figure.attributeName();
  return figure.key == "capacity" ? "size_in_bytes" : figure.key.str();
}

/// `keys`, and those of the figures in one group.
static std::vector<std::string> withFigures(std::vector<std::string> keys,
                                            StringRef group) {
  mempl::Machine machine;
  mempl::RecordWriter writer([&](const mempl::Field &figure, const auto &) {
    if (figure.group == group)
      keys.push_back(keyOf(figure));
  });
  mapFields(writer, machine);
  return keys;
}

static FailureOr<TargetDescription> readDevice(Location loc, StringRef name,
                                               TargetDeviceSpecInterface spec) {
  bool broken = false;
  Entries device(loc, name.str(), spec.getEntries(), broken);
  device.expectKeys(withFigures({"memory", "copy", "compute"}, "step"));
  Entries memory = device.map("memory"), copy = device.map("copy");
  memory.expectKeys({"fast", "slow"});
  Entries fast = memory.map("fast"), slow = memory.map("slow");
  fast.expectKeys(withFigures({"name"}, "fast"));
  slow.expectKeys(withFigures({"name"}, "slow"));
  copy.expectKeys(withFigures({}, "copy"));
  Entries compute = device.map("compute");
  compute.expectKeys(
      {"matrix_ops_per_second", "vector_ops_per_second", "clock"});
  TargetDescription target;
  target.name = name.str();
  target.fastSpace = fast.string("name", "fast");
  target.slowSpace = slow.string("name", "slow");
  mempl::RecordReader figures(
      [&]<typename T>(const mempl::Field &figure, T &x, bool) {
        const Entries &from = figure.group == "fast"   ? fast
                              : figure.group == "slow" ? slow
                              : figure.group == "copy" ? copy
                                                       : device;
        // All others have values that say nothing of the machine.
        bool isNeeded = figure.key == "capacity" || figure.key == "bandwidth";
        std::optional<T> other = isNeeded ? std::nullopt : std::optional<T>(x);
        if constexpr (std::is_floating_point_v<T>)
          x = from.number(keyOf(figure), other);
        else
          x = from.integer(keyOf(figure), other);
        return true;
      });
  mapFields(figures, target.machine);
  target.matrix = compute.rates("matrix_ops_per_second");
  target.vector = compute.rates("vector_ops_per_second");
  target.clock = compute.number("clock", 0.0);
  if (broken)
    return failure();
  if (std::string unknown = describeUnknownTypes(target); !unknown.empty())
    emitWarning(loc) << "dlti.target_system_spec: " << unknown;
  if (target.fastSpace == target.slowSpace)
    return emitError(loc) << "dlti.target_system_spec: expected " << name
                          << ".memory to have two different names";
  mempl::Instance probe;
  probe.machine = target.machine;
  auto faults = mempl::checkInstance(probe);
  if (!faults.empty())
    return emitError(loc) << "dlti.target_system_spec: "
                          << faults.front().str();
  return target;
}

/// The device "mempl" of a system, or its only one.
static FailureOr<std::optional<TargetDescription>>
readSystem(Operation *op, TargetSystemSpecInterface spec) {
  StringAttr chosen;
  TargetDeviceSpecInterface device;
  size_t count = 0;
  for (DataLayoutEntryInterface entry : spec.getEntries()) {
    auto name = dyn_cast<StringAttr>(entry.getKey());
    auto value = dyn_cast<TargetDeviceSpecInterface>(entry.getValue());
    if (!name || !value)
      continue;
    ++count;
    if (count == 1 || name.getValue() == "mempl") {
      chosen = name;
      device = value;
    }
  }
  if (!chosen)
    return std::optional<TargetDescription>();
  if (count > 1 && chosen.getValue() != "mempl")
    return emitError(op->getLoc())
           << "dlti.target_system_spec: expected one device, or one of the "
              "name \"mempl\"";
  FailureOr<TargetDescription> target =
      readDevice(op->getLoc(), chosen.getValue(), device);
  if (failed(target))
    return failure();
  return std::optional<TargetDescription>(std::move(*target));
}

static FailureOr<std::optional<TargetDescription>>
readTargetAttribute(Operation *op, Attribute attribute) {
  auto fail = [&]() -> InFlightDiagnostic {
    return emitError(op->getLoc()) << "'" << kTargetAttr << "': ";
  };
  StringRef preset;
  std::optional<int64_t> capacity;
  if (auto name = dyn_cast<StringAttr>(attribute)) {
    preset = name.getValue();
  } else {
    for (NamedAttribute entry : cast<DictionaryAttr>(attribute)) {
      auto text = dyn_cast<StringAttr>(entry.getValue());
      std::optional<int64_t> number = integerOf(entry.getValue());
      if (entry.getName() == "preset" && text)
        preset = text.getValue();
      else if (entry.getName() == "capacity" && number && *number >= 0)
        capacity = *number;
      else if (entry.getName() == "capacity" && text) {
        llvm::Expected<int64_t> size = mempl::parseSize(text.getValue());
        if (!size)
          return fail() << "capacity: " << llvm::toString(size.takeError());
        capacity = *size;
      } else
        return fail() << "expected 'preset' (a string) and 'capacity' (bytes), "
                         "found '"
                      << entry.getName().getValue() << "'";
    }
  }
  // A program does not open files that its author chose.
  if (presetNamed(preset).empty())
    return fail() << "unknown preset '" << preset << "'; expected "
                  << llvm::join(targetNames(), ", ")
                  << mempl::didYouMean(preset, targetNames());
  llvm::Expected<TargetDescription> target = loadTarget(preset);
  if (!target)
    return fail() << llvm::toString(target.takeError());
  if (capacity)
    target->machine.capacity =
        *capacity - *capacity % target->machine.alignment;
  return std::optional<TargetDescription>(std::move(*target));
}

FailureOr<std::optional<TargetDescription>>
mempl::ir::targetFromIR(Operation *op) {
  for (; op; op = op->getParentOp()) {
    if (Attribute attribute = op->getAttr(kTargetAttr))
      return readTargetAttribute(op, attribute);
    if (auto spec = op->getAttrOfType<TargetSystemSpecInterface>(
            DLTIDialect::kTargetSystemDescAttrName))
      return readSystem(op, spec);
  }
  return std::optional<TargetDescription>();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {

/// The entries of a DLTI attribute, in the order in which they are added.
class EntryList {
public:
  explicit EntryList(MLIRContext *context) : builder(context) {}

  EntryList &add(StringRef key, Attribute value) {
    entries.push_back(
        DataLayoutEntryAttr::get(builder.getStringAttr(key), value));
    return *this;
  }
  EntryList &add(StringRef key, double value) {
    return add(key, builder.getF64FloatAttr(value));
  }
  EntryList &add(StringRef key, int64_t value) {
    return add(key, builder.getI64IntegerAttr(value));
  }
  EntryList &add(StringRef key, StringRef value) {
    return add(key, builder.getStringAttr(value));
  }
  EntryList &add(StringRef key, const ComputeRates &rates) {
    EntryList table(builder.getContext());
    for (const auto &[type, rate] : rates.byType)
      table.add(type, rate);
    return add(key, table.map());
  }

  Attribute map() const { return MapAttr::get(builder.getContext(), entries); }
  Attribute device() const {
    return TargetDeviceSpecAttr::get(builder.getContext(), entries);
  }

private:
  Builder builder;
  SmallVector<DataLayoutEntryInterface> entries;
};

} // namespace

/// What readDevice() reads as `target`.
static Attribute deviceOf(MLIRContext *context,
                          const TargetDescription &target) {
  const mempl::Machine &machine = target.machine;
  EntryList fast(context), slow(context), memory(context), copy(context),
      compute(context), device(context);
  fast.add("name", StringRef(target.fastSpace))
      .add("size_in_bytes", machine.capacity)
      .add("alignment", machine.alignment)
      .add("bandwidth", machine.fastBandwidth)
      .add("max_carried", machine.maxCarried);
  slow.add("name", StringRef(target.slowSpace))
      .add("bandwidth", machine.slowBandwidth);
  memory.add("fast", fast.map()).add("slow", slow.map());
  copy.add("bandwidth", machine.copyBandwidth)
      .add("latency", machine.copyLatency)
      .add("max_in", machine.maxCopiesIn)
      .add("max_out", machine.maxCopiesOut);
  compute.add("matrix_ops_per_second", target.matrix)
      .add("vector_ops_per_second", target.vector);
  if (target.clock > 0)
    compute.add("clock", target.clock);
  return device.add("memory", memory.map())
      .add("copy", copy.map())
      .add("compute", compute.map())
      .add("step_overhead", machine.stepOverhead)
      .device();
}

/// `target` as `mempl.target`, if it is a preset, but for the bytes of fast
/// memory; null if it is none.
static Attribute presetOf(MLIRContext *context,
                          const TargetDescription &target) {
  if (presetNamed(target.name) != target.name)
    return {};
  TargetDescription preset = llvm::cantFail(loadTarget(target.name));
  Builder builder(context);
  auto name = builder.getStringAttr(target.name);
  if (deviceOf(context, preset) == deviceOf(context, target))
    return name;
  preset.machine.capacity = target.machine.capacity;
  if (deviceOf(context, preset) != deviceOf(context, target))
    return {};
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("preset", name),
       builder.getNamedAttr(
           "capacity", builder.getI64IntegerAttr(target.machine.capacity))});
}

void mempl::ir::attachTarget(ModuleOp module, const TargetDescription &target) {
  MLIRContext *context = module.getContext();
  module.walk([](Operation *op) { op->removeAttr(kTargetAttr); });
  if (Attribute preset = presetOf(context, target)) {
    module->setAttr(kTargetAttr, preset);
    return;
  }
  StringRef attribute = DLTIDialect::kTargetSystemDescAttrName;
  SmallVector<DataLayoutEntryInterface> devices;
  if (auto spec = module->getAttrOfType<TargetSystemSpecInterface>(attribute))
    for (DataLayoutEntryInterface entry : spec.getEntries()) {
      auto name = dyn_cast<StringAttr>(entry.getKey());
      if (!name || (name != "mempl" && name != StringRef(target.name)))
        devices.push_back(entry);
    }
  // Among others it is found by that name.
  StringRef name = devices.empty() && !target.name.empty()
                       ? StringRef(target.name)
                       : StringRef("mempl");
  devices.push_back(DataLayoutEntryAttr::get(StringAttr::get(context, name),
                                             deviceOf(context, target)));
  module->setAttr(attribute, TargetSystemSpecAttr::get(context, devices));
}
