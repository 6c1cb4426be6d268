//===- Trace.cpp - what a run did, for a trace viewer ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Trace.h"

#include <cstdio>

using namespace mempl::runtime;

static void print(std::FILE *file, const std::string &text) {
  std::fputc('"', file);
  for (char character : text) {
    if (character == '"' || character == '\\')
      std::fputc('\\', file);
    if (static_cast<unsigned char>(character) < 0x20)
      std::fprintf(file, "\\u%04x", character);
    else
      std::fputc(character, file);
  }
  std::fputc('"', file);
}

bool Trace::write(const std::string &path) const {
  std::FILE *file = std::fopen(path.c_str(), "w");
  if (!file)
    return false;
  std::fputs("{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n", file);
  const std::pair<Row, const char *> rows[] = {{Program, "program"},
                                               {ChannelIn, "copies in"},
                                               {ChannelOut, "copies out"}};
  for (auto [row, name] : rows)
    std::fprintf(file,
                 "{\"ph\": \"M\", \"pid\": 1, \"tid\": %d, \"name\": "
                 "\"thread_name\", \"args\": {\"name\": \"%s\"}},\n",
                 row, name);
  for (const Event &event : events) {
    std::fputs("{\"name\": ", file);
    print(file, event.name);
    std::fprintf(file,
                 ", \"cat\": \"%s\", \"ph\": \"X\", \"pid\": 1, \"tid\": %d, "
                 "\"ts\": %.3f, \"dur\": %.3f, \"args\": {",
                 event.category, event.row, event.begin * 1e6,
                 (event.end - event.begin) * 1e6);
    const char *separator = "";
    for (auto [name, number] : event.numbers) {
      std::fprintf(file, "%s\"%s\": %.17g", separator, name, number);
      separator = ", ";
    }
    if (!event.location.empty()) {
      std::fprintf(file, "%s\"location\": ", separator);
      print(file, event.location);
    }
    std::fputs("}},\n", file);
  }
  std::fputs(
      "{\"ph\": \"M\", \"pid\": 1, \"name\": \"process_name\", \"args\": "
      "{\"name\": \"mempl\"}}\n]}\n",
      file);
  bool good = !std::ferror(file);
  return std::fclose(file) == 0 && good;
}
