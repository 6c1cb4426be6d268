//===- Replay.cpp - fuzzers without libFuzzer -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Takes what libFuzzer takes, as far as benchmarks/soak.py uses it, and works
// with any compiler and without sanitizers: runs all files of the folders, and
// then changes of them by chance, -runs of all; with -only_changed=1 the files
// are not run as they are. Nothing guides it. An input that stops it, or takes
// longer than -timeout seconds, is in PREFIXcrash.
//
//===----------------------------------------------------------------------===//

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int *, char ***);
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data,
                                                                size_t size,
                                                                size_t maxSize,
                                                                unsigned seed);
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomCrossOver(
    const uint8_t *first, size_t firstSize, const uint8_t *second,
    size_t secondSize, uint8_t *data, size_t maxSize, unsigned seed);
/// Says what was going on.
extern "C" __attribute__((weak)) void memplFuzzerCrashed();

static std::mt19937 random_;
/// The input that runs, for the handler of signals.
static std::string input, crashPath = "crash";
/// Of one input; 0 is as long as it likes.
static unsigned secondsAtMost = 0;

static constexpr int kSignals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE,
                                   SIGILL,  SIGTRAP, SIGALRM};

static void keepInput(int signal) {
  int file = open(crashPath.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0)
    (void)!write(file, input.data(), input.size());
  // What follows may crash as well: it is in the heap that the crash left.
  for (int other : kSignals)
    std::signal(other, SIG_DFL);
  if (memplFuzzerCrashed)
    memplFuzzerCrashed();
  std::raise(signal);
}

/// Also where the stack is exhausted.
static void handleSignals() {
  static char other[1 << 16];
  stack_t stack{};
  stack.ss_sp = other;
  stack.ss_size = sizeof(other);
  (void)sigaltstack(&stack, nullptr);
  struct sigaction action{};
  action.sa_handler = keepInput;
  action.sa_flags = SA_ONSTACK;
  for (int signal : kSignals)
    (void)sigaction(signal, &action, nullptr);
}

/// An input that wants more than that stops the fuzzer as well.
static void limitMemory(size_t bytes) {
  rlimit limit{bytes, bytes};
  (void)setrlimit(RLIMIT_AS, &limit);
}

/// Some bytes or lines changed, doubled, or gone.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize) {
  std::string text(reinterpret_cast<char *>(data), size);
  for (unsigned left = 1 + random_() % 4; left > 0; --left) {
    size_t at = random_() % (text.size() + 1);
    size_t length = std::min<size_t>(random_() % 16, text.size() - at);
    switch (random_() % 4) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(random_() % (text.size() + 1), text.substr(at, length));
      break;
    case 2:
      if (at < text.size())
        text[at] = static_cast<char>(random_());
      break;
    default:
      text.replace(at, length, std::to_string(random_() << (random_() % 32)));
    }
  }
  size = std::min(text.size(), maxSize);
  std::copy_n(text.data(), size, data);
  return size;
}

static std::string changed(const std::vector<std::string> &inputs,
                           size_t maxSize) {
  const std::string &from = inputs[random_() % inputs.size()];
  std::vector<uint8_t> bytes(from.begin(), from.end());
  size_t size = bytes.size();
  bytes.resize(std::max(maxSize, size));
  if (LLVMFuzzerCustomCrossOver && random_() % 4 == 0) {
    const std::string &other = inputs[random_() % inputs.size()];
    std::vector<uint8_t> made(maxSize);
    size_t written = LLVMFuzzerCustomCrossOver(
        bytes.data(), size, reinterpret_cast<const uint8_t *>(other.data()),
        other.size(), made.data(), maxSize, random_());
    if (written)
      return std::string(made.begin(), made.begin() + written);
  }
  size = LLVMFuzzerCustomMutator
             ? LLVMFuzzerCustomMutator(bytes.data(), size, maxSize, random_())
             : LLVMFuzzerMutate(bytes.data(), size, maxSize);
  return std::string(bytes.begin(), bytes.begin() + size);
}

static std::vector<std::string> readFolder(llvm::StringRef folder) {
  std::vector<std::string> paths, inputs;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder, error), end;
       it != end && !error; it.increment(error))
    paths.push_back(it->path());
  if (paths.empty())
    paths.push_back(folder.str());
  llvm::sort(paths);
  for (const std::string &path : paths)
    if (auto file = llvm::MemoryBuffer::getFile(path))
      inputs.push_back((*file)->getBuffer().str());
  return inputs;
}

static void run(std::string text) {
  input = std::move(text);
  alarm(secondsAtMost);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(input.data()),
                         input.size());
}

int main(int argc, char **argv) {
  if (LLVMFuzzerInitialize)
    LLVMFuzzerInitialize(&argc, &argv);
  handleSignals();
  bool onlyChanged = false;
  size_t runs = 0, maxSize = 4096, seed = 0, tried = 0, megabytes = 0;
  std::vector<std::string> inputs;
  for (llvm::StringRef argument : llvm::ArrayRef(argv, argc).drop_front()) {
    if (argument.consume_front("-runs="))
      (void)argument.getAsInteger(10, runs);
    else if (argument.consume_front("-max_len="))
      (void)argument.getAsInteger(10, maxSize);
    else if (argument.consume_front("-seed="))
      (void)argument.getAsInteger(10, seed);
    else if (argument == "-only_changed=1")
      onlyChanged = true;
    else if (argument.consume_front("-timeout="))
      (void)argument.getAsInteger(10, secondsAtMost);
    else if (argument.consume_front("-artifact_prefix="))
      crashPath = argument.str() + "crash";
    else if (argument.consume_front("-rss_limit_mb=") &&
             !argument.getAsInteger(10, megabytes))
      limitMemory(megabytes << 20);
    else if (!argument.starts_with("-"))
      llvm::append_range(inputs, readFolder(argument));
  }
  random_.seed(seed);
  if (inputs.empty()) {
    llvm::errs() << "no input\n";
    return 1;
  }
  if (!onlyChanged) {
    for (const std::string &text : inputs)
      run(text);
    tried = inputs.size();
  }
  for (; tried < runs; ++tried)
    run(changed(inputs, maxSize));
  llvm::errs() << "stat::number_of_executed_units: " << tried << '\n';
  return 0;
}
