//===- Trace.h - what a run did, for a trace viewer -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Events in the JSON format of Chrome's trace viewer, which Perfetto reads too:
// "complete" events on three rows, the program and the two channels.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_TRACE_H
#define MEMPL_LIB_RUNTIME_TRACE_H

#include <string>
#include <utility>
#include <vector>

namespace mempl::runtime {

class Trace {
public:
  enum Row { Program = 1, ChannelIn = 2, ChannelOut = 3 };

  struct Event {
    std::string name;
    const char *category; ///< function, step, copy or wait.
    Row row;
    double begin, end; ///< Seconds.
    std::vector<std::pair<const char *, double>> numbers;
    std::string location = {}; ///< In the program; may be empty.
  };

  void add(Event event) { events.push_back(std::move(event)); }
  void clear() { events.clear(); }

  /// Writes all events; false if the file cannot be written.
  bool write(const std::string &path) const;

private:
  std::vector<Event> events;
};

} // namespace mempl::runtime

#endif // MEMPL_LIB_RUNTIME_TRACE_H
