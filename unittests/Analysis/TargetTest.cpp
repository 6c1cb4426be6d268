//===- TargetTest.cpp - presets, target files, targets in IR --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParsedModule.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Analysis/TargetAttrs.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Instance.h"
#include "mempl/Support/FileIO.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mempl::ir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

static constexpr llvm::StringLiteral kMine = R"({"version": 1,
"name": "mine", "description": "d", "sources": ["s"],
"spaces": {"fast": "scratch", "slow": "main"},
"machine": {"fast": {"capacity": 1024, "alignment": 4, "bandwidth": 100},
  "slow": {"bandwidth": 10}, "copy": {"bandwidth": 5, "latency": 0.5},
  "step": {"overhead": 0.25}},
"compute": {"matrix_ops_per_second": {"bf16": 8, "f32": 4},
  "vector_ops_per_second": {"f32": 2}}}
)";

/// The error of kMine with one text replaced by another.
static std::string errorWith(llvm::StringRef from, llvm::StringRef to) {
  std::string text = kMine.str();
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  text.replace(at, from.size(), to.str());
  auto target = parseTarget(text, "f.json");
  return target ? "" : llvm::toString(target.takeError());
}

TEST(Target, PresetsAreSorted) {
  EXPECT_THAT(targetNames(),
              ElementsAre("edge-npu", "ethos-u65", "h100-host", "throttled-cpu",
                          "tiny", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e"));
}

TEST(Target, EveryPresetIsAValidMachineOfItsName) {
  for (const std::string &name : targetNames()) {
    auto target = loadTarget(name);
    ASSERT_TRUE(static_cast<bool>(target))
        << llvm::toString(target.takeError());
    EXPECT_EQ(target->name, name);
    mempl::Instance probe;
    probe.machine = target->machine;
    EXPECT_TRUE(mempl::checkInstance(probe).empty()) << name;
    EXPECT_NE(target->fastSpace, target->slowSpace);
  }
}

TEST(Target, TpuHasTheFiguresOfTheInstances) {
  TargetDescription tpu = llvm::cantFail(loadTarget("tpu-v5e"));
  EXPECT_EQ(tpu.machine.capacity, 112 << 20);
  EXPECT_EQ(tpu.machine.alignment, 4096);
  EXPECT_EQ(tpu.machine.slowBandwidth, 819e9);
  EXPECT_EQ(tpu.machine.copyBandwidth, 819e9);
  EXPECT_EQ(tpu.machine.fastBandwidth, 18e12);
  EXPECT_EQ(tpu.machine.copyLatency, 1e-6);
  EXPECT_EQ(tpu.matrix.rateFor("bf16"), 197e12);
}

TEST(Target, AFileIsReadWhole) {
  TargetDescription mine = llvm::cantFail(parseTarget(kMine, "f.json"));
  EXPECT_EQ(mine.name, "mine");
  EXPECT_EQ(mine.fastSpace, "scratch");
  EXPECT_EQ(mine.slowSpace, "main");
  EXPECT_EQ(mine.machine.capacity, 1024);
  EXPECT_EQ(mine.machine.copyLatency, 0.5);
  EXPECT_EQ(mine.machine.stepOverhead, 0.25);
}

TEST(Target, ATypeWithoutARateHasTheSlowest) {
  TargetDescription mine = llvm::cantFail(parseTarget(kMine, "f.json"));
  EXPECT_EQ(mine.matrix.rateFor("bf16"), 8);
  EXPECT_EQ(mine.matrix.rateFor("i8"), 4);
  EXPECT_EQ(mine.vector.rateFor("bf16"), 2);
}

TEST(Target, FilesMayBePacked) {
  for (const char *name :
       {"mempl-target-test.json", "mempl-target-test.json.gz"}) {
    std::string path = testing::TempDir() + name;
    ASSERT_FALSE(static_cast<bool>(mempl::writeFile(path, kMine)));
    auto target = loadTarget(path);
    ASSERT_TRUE(static_cast<bool>(target))
        << llvm::toString(target.takeError());
    EXPECT_EQ(target->name, "mine");
    std::remove(path.c_str());
  }
}

TEST(Target, AnUnknownNameListsThePresets) {
  auto target = loadTarget("abacus");
  ASSERT_FALSE(static_cast<bool>(target));
  EXPECT_EQ(
      llvm::toString(target.takeError()),
      "unknown target 'abacus'; expected edge-npu, ethos-u65, h100-host, "
      "throttled-cpu, tiny, tpu-v4, tpu-v5e, tpu-v5p, tpu-v6e or a JSON file");
}

TEST(Target, AShortFormNamesAPreset) {
  EXPECT_EQ(presetNamed("tpu-v5e"), "tpu-v5e");
  EXPECT_EQ(presetNamed("v5e"), "tpu-v5e");
  EXPECT_EQ(presetNamed("TPU-v6e"), "tpu-v6e");
  EXPECT_EQ(presetNamed("edge-npu"), "edge-npu");
  EXPECT_EQ(presetNamed("v7"), "");
  EXPECT_EQ(presetNamed("tpu-"), "");
  EXPECT_EQ(presetNamed(""), "");
  EXPECT_EQ(llvm::cantFail(loadTarget("v5e")).name, "tpu-v5e");
}

TEST(Target, ANameThatIsCloseIsOffered) {
  auto target = loadTarget("tpu-5e");
  ASSERT_FALSE(static_cast<bool>(target));
  EXPECT_THAT(llvm::toString(target.takeError()),
              HasSubstr("; did you mean 'tpu-v5e'?"));
}

TEST(Target, TheListHasALinePerPreset) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printTargets(os);
  EXPECT_EQ(llvm::StringRef(text).count('\n'), targetNames().size());
  EXPECT_THAT(text, HasSubstr("tpu-v5e: one core of a Google Cloud TPU v5e: "
                              "VMEM beside HBM; 112 MiB of fast memory\n"));
}

TEST(Target, AMissingFileIsAnError) {
  auto target = loadTarget("no/such/target.json");
  ASSERT_FALSE(static_cast<bool>(target));
  EXPECT_THAT(llvm::toString(target.takeError()),
              HasSubstr("no/such/target.json"));
}

TEST(Target, MistakesAreErrorsWithTheirLine) {
  EXPECT_THAT(errorWith("\"version\": 1", "\"version\": 2"),
              StartsWith("f.json:1: error: "));
  EXPECT_THAT(errorWith("\"description\": \"d\", ", ""),
              HasSubstr("description"));
  EXPECT_THAT(errorWith("\"scratch\"", "\"main\""),
              HasSubstr("two different names"));
  EXPECT_THAT(errorWith("\"bf16\": 8", "\"bf16\": 0"),
              StartsWith("f.json:7: error: compute.matrix_ops_per_second.bf16: "
                         "expected a positive number"));
  EXPECT_THAT(errorWith("{\"f32\": 2}", "{}"),
              HasSubstr("the rate of at least one type"));
  EXPECT_THAT(errorWith("\"latency\": 0.5", "\"latency\": 0.5, \"lag\": 1"),
              HasSubstr("lag"));
}

TEST(Target, AMachineThatCannotBeIsAnErrorWithItsLine) {
  EXPECT_THAT(errorWith("\"alignment\": 4", "\"alignment\": 3"),
              StartsWith("f.json:4: error: machine.fast.capacity: "));
  EXPECT_THAT(errorWith("{\"bandwidth\": 10}", "{\"bandwidth\": -1}"),
              StartsWith("f.json:5: error: machine.slow.bandwidth: "));
}

namespace {

class TargetInIR : public ParsedModuleTest {
protected:
  TargetInIR() {
    DialectRegistry registry;
    registry.insert<DLTIDialect, func::FuncDialect, MemplDialect>();
    context.appendDialectRegistry(registry);
  }

  /// What the op found says: a target, nothing, or "error".
  std::string nameFor(Operation *op) {
    auto target = targetFromIR(op);
    if (failed(target))
      return "error";
    return *target ? (*target)->name : "nothing";
  }

  TargetDescription targetOf(llvm::StringRef text) {
    auto target = targetFromIR(parse(text));
    EXPECT_TRUE(succeeded(target) && *target) << diagnostics;
    return succeeded(target) && *target ? **target : TargetDescription();
  }

  std::string errorOf(llvm::StringRef text) {
    auto target = targetFromIR(parse(text));
    EXPECT_TRUE(failed(target));
    return diagnostics;
  }
};

constexpr llvm::StringLiteral kDevice = R"(
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "NPU" = #dlti.target_device_spec<
    "memory" = #dlti.map<
      "fast" = #dlti.map<"name" = "sram", "size_in_bytes" = 2048 : i64,
                         "alignment" = 64 : i64, "bandwidth" = 256.0 : f64,
                         "max_carried" = 2 : i64>,
      "slow" = #dlti.map<"name" = "dram", "bandwidth" = 32 : i64>>,
    "copy" = #dlti.map<"bandwidth" = 16.0 : f64, "latency" = 0.5 : f64,
                       "max_in" = 3 : i64, "max_out" = 4 : i64>,
    "step_overhead" = 0.25 : f64,
    "compute" = #dlti.map<
      "matrix_ops_per_second" = #dlti.map<"i8" = 8.0 : f64>,
      "vector_ops_per_second" = #dlti.map<"f32" = 2.0 : f64>>>>} {})";

std::string deviceWith(llvm::StringRef from, llvm::StringRef to) {
  std::string text = kDevice.str();
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to.str());
}

} // namespace

TEST_F(TargetInIR, NothingIsNamedByDefault) {
  EXPECT_EQ(nameFor(parse("module {}")), "nothing");
  EXPECT_EQ(diagnostics, "");
}

TEST_F(TargetInIR, TheInnermostNameHolds) {
  parse(R"(module attributes {mempl.target = "tpu-v5e"} {
    func.func @f() attributes {mempl.target = "tiny"} { return }
    func.func private @g()
  })");
  EXPECT_EQ(nameFor(*module), "tpu-v5e");
  EXPECT_EQ(nameFor(find("func.func")), "tiny");
  EXPECT_EQ(nameFor(find("func.return")), "tiny");
  EXPECT_EQ(nameFor(module->lookupSymbol("g")), "tpu-v5e");
}

TEST_F(TargetInIR, ADictionaryOverridesTheCapacity) {
  TargetDescription tiny = targetOf(R"(module attributes {
    mempl.target = {preset = "tiny", capacity = 100 : i64}} {})");
  // Rounded down to the alignment.
  EXPECT_EQ(tiny.machine.capacity, 96);
  EXPECT_EQ(tiny.machine.slowBandwidth, 1e8);
}

TEST_F(TargetInIR, ADeviceSaysAll) {
  TargetDescription npu = targetOf(kDevice);
  EXPECT_EQ(npu.name, "NPU");
  EXPECT_EQ(npu.fastSpace, "sram");
  EXPECT_EQ(npu.slowSpace, "dram");
  EXPECT_EQ(npu.machine,
            (mempl::Machine{2048, 64, 256, 32, 16, 0.5, 3, 4, 0.25, 2}));
  EXPECT_EQ(npu.matrix.rateFor("i8"), 8);
  EXPECT_EQ(npu.vector.rateFor("f32"), 2);
}

TEST_F(TargetInIR, TheDeviceOfOurNameIsChosenAmongSeveral) {
  std::string text = kDevice.str();
  std::string device = text.substr(text.find("#dlti.target_device_spec"));
  device.resize(device.find(">} {}"));
  std::string other = "\"CPU\" = #dlti.target_device_spec<"
                      "\"L1_cache_size_in_bytes\" = 4096 : i32>";
  auto moduleOf = [](const std::string &devices) {
    return "module attributes {dlti.target_system_spec = "
           "#dlti.target_system_spec<" +
           devices + ">} {}";
  };
  EXPECT_EQ(targetOf(moduleOf(other + ", \"mempl\" = " + device)).name,
            "mempl");
  EXPECT_EQ(targetOf(moduleOf("\"mempl\" = " + device + ", " + other)).name,
            "mempl");
  EXPECT_THAT(errorOf(moduleOf(other + ", \"NPU\" = " + device)),
              HasSubstr("one device, or one of the name \"mempl\""));
}

TEST_F(TargetInIR, UnknownPresetsAreErrorsThatListThem) {
  EXPECT_EQ(errorOf(R"(module attributes {mempl.target = "abacus"} {})"),
            "'mempl.target': unknown preset 'abacus'; expected edge-npu, "
            "ethos-u65, h100-host, throttled-cpu, tiny, tpu-v4, tpu-v5e, "
            "tpu-v5p, tpu-v6e\n");
}

TEST_F(TargetInIR, AProgramDoesNotChooseFiles) {
  EXPECT_THAT(errorOf(R"(module attributes {mempl.target = "/dev/null"} {})"),
              HasSubstr("unknown preset '/dev/null'"));
}

TEST_F(TargetInIR, MalformedDictionariesAreErrors) {
  for (llvm::StringRef entry :
       {"speed = 1 : i64", "capacity = -1 : i64", "capacity = 1 : ui64",
        "capacity = true", "capacity = 1 : i128", "preset = 3 : i64"})
    EXPECT_THAT(
        errorOf(("module attributes {mempl.target = {" + entry +
                 (entry.starts_with("preset") ? "}} {}"
                                              : ", preset = \"tiny\"}} {}"))
                    .str()),
        HasSubstr("expected 'preset' (a string) and 'capacity'"))
        << entry.str();
}

TEST_F(TargetInIR, FiguresOfTheWrongTypeAreErrors) {
  for (llvm::StringRef figure :
       {"2048 : ui64", "2048 : i128", "2048.0 : f64", "true", "\"2 KiB\""})
    EXPECT_THAT(errorOf(deviceWith("2048 : i64", figure)),
                HasSubstr("expected NPU.memory.fast.size_in_bytes to be an "
                          "integer"))
        << figure.str();
}

TEST_F(TargetInIR, MalformedDevicesAreErrors) {
  EXPECT_THAT(errorOf(deviceWith("\"latency\"", "\"lag\"")),
              HasSubstr("unexpected key lag in NPU.copy"));
  EXPECT_THAT(errorOf(deviceWith("\"dram\"", "\"sram\"")),
              HasSubstr("two different names"));
  EXPECT_THAT(errorOf(deviceWith("\"i8\" = 8.0", "\"i8\" = -8.0")),
              HasSubstr("matrix_ops_per_second.i8 to be a positive number"));
  EXPECT_THAT(errorOf(deviceWith("\"alignment\" = 64", "\"alignment\" = 60")),
              HasSubstr("machine.fast.capacity: "));
}
