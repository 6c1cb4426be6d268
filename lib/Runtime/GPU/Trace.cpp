//===- Trace.cpp - when launches and copies ran
//------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Trace.h"
#include "Memory.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

using namespace mempl::gpu;

namespace {

struct Work {
  const char *category;
  std::string name;
  Handle stream;
  uint64_t bytes;
  Handle begin, end;
};

struct Recording {
  std::mutex mutex;
  const char *path = nullptr;
  std::vector<Work> work;
};

} // namespace

static void writeTrace();

static Recording &recording() {
  static Recording *instance = [] {
    auto *made = new Recording;
    made->path = std::getenv("MEMPL_GPU_TRACE");
    if (made->path && !*made->path)
      made->path = nullptr;
    if (made->path)
      std::atexit(writeTrace);
    return made;
  }();
  return *instance;
}

static void writeTrace() {
  Recording &all = recording();
  if (all.work.empty())
    return;
  const Driver &cuda = driver();
  check(cuda.synchronize(), "cuCtxSynchronize");
  std::string temporary = std::string(all.path) + ".part";
  std::FILE *file = std::fopen(temporary.c_str(), "w");
  if (!file) {
    std::fprintf(stderr, "mempl: error: cannot write %s\n", all.path);
    return;
  }
  std::map<Handle, size_t> rows;
  std::fputs("{\"traceEvents\": [\n", file);
  for (size_t i = 0; i < all.work.size(); ++i) {
    const Work &work = all.work[i];
    float begin = 0, length = 0; // milliseconds
    check(cuda.eventElapsedTime(&begin, all.work.front().begin, work.begin),
          "cuEventElapsedTime");
    check(cuda.eventElapsedTime(&length, work.begin, work.end),
          "cuEventElapsedTime");
    size_t row = rows.try_emplace(work.stream, rows.size()).first->second;
    std::fprintf(file,
                 "%s{\"ph\": \"X\", \"pid\": 0, \"tid\": %zu, \"cat\": \"%s\", "
                 "\"name\": \"%s\", \"ts\": %.3f, \"dur\": %.3f, "
                 "\"args\": {\"bytes\": %llu}}",
                 i ? ",\n" : "", row, work.category, work.name.c_str(),
                 begin * 1e3, length * 1e3, (unsigned long long)work.bytes);
  }
  std::fputs("\n]}\n", file);
  if (std::fclose(file) != 0 || std::rename(temporary.c_str(), all.path) != 0)
    std::fprintf(stderr, "mempl: error: cannot write %s\n", all.path);
}

TracedWork::TracedWork(const char *category, std::string name, Handle stream,
                       uint64_t bytes)
    : number(SIZE_MAX), stream(stream) {
  Recording &all = recording();
  if (!all.path)
    return;
  Work work = {category, std::move(name), stream,
               bytes,    takeEvent(true), takeEvent(true)};
  check(driver().eventRecord(work.begin, stream), "cuEventRecord");
  std::lock_guard<std::mutex> lock(all.mutex);
  number = all.work.size();
  all.work.push_back(std::move(work));
}

TracedWork::~TracedWork() {
  if (number == SIZE_MAX)
    return;
  Recording &all = recording();
  std::lock_guard<std::mutex> lock(all.mutex);
  check(driver().eventRecord(all.work[number].end, stream), "cuEventRecord");
}
