//===- Tries.cpp - searches with several seeds ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tries.h"

#include "mempl/Support/Random.h"
#include "mempl/Support/Threads.h"

#include "llvm/ADT/STLExtras.h"

#include <atomic>
#include <mutex>
#include <numeric>

using namespace mempl;

namespace {

class TryRunner {
public:
  TryRunner(int64_t tries, const SolverContext &context,
            const Deadline &deadline, LimitedSearch search);

  llvm::Expected<Solution> run();

private:
  void makeTries(bool isCaller);
  SolverContext contextOf(int64_t number, bool isCaller);
  void note(int64_t number, const SolverProgress &of);
  SolverProgress sumOf(const SolverProgress &one);
  llvm::Expected<Solution> takeBest();

  const int64_t tries, threads;
  const SolverContext &context;
  const Deadline &deadline;
  LimitedSearch search;
  std::vector<uint64_t> seeds;
  int64_t msEach = 0; // 0 without a time limit.
  std::atomic<int64_t> next = 0;
  std::vector<std::optional<llvm::Expected<Solution>>> results; // By try.
  double told = std::numeric_limits<double>::infinity();

  std::mutex mutex;               // Guards what follows.
  std::vector<int64_t> evaluated; // By try.
  double best = std::numeric_limits<double>::infinity();
};

} // namespace

TryRunner::TryRunner(int64_t tries, const SolverContext &context,
                     const Deadline &deadline, LimitedSearch search)
    : tries(tries), threads(std::min<int64_t>(context.threads, tries)),
      context(context), deadline(deadline), search(search), results(tries),
      evaluated(tries, 0) {
  Random random(context.seed, "tries");
  for (int64_t k = 0; k < tries; ++k)
    seeds.push_back(k == 0 ? context.seed : random.next());
  if (context.timeLimitMs == 0)
    return;
  double left =
      static_cast<double>(context.timeLimitMs) - deadline.seconds() * 1000;
  int64_t rounds = (tries + threads - 1) / threads;
  // 0 would be no limit.
  msEach = std::max<int64_t>(1, static_cast<int64_t>(left) / rounds);
}

/// What the try tells somebody else, and whether that somebody is there.
SolverContext TryRunner::contextOf(int64_t number, bool isCaller) {
  SolverContext own = context;
  own.threads = 1;
  own.seed = seeds[number];
  own.timeLimitMs = msEach;
  if (context.budget > 0) {
    int64_t rest = number < context.budget % tries ? 1 : 0;
    own.budget = std::max<int64_t>(1, context.budget / tries + rest);
  }
  own.progress = [this, number, isCaller](const SolverProgress &of) {
    note(number, of);
    if (isCaller && context.progress)
      context.progress(sumOf(of));
  };
  own.improved = [this, number, isCaller](const SolverProgress &of) {
    note(number, of);
    SolverProgress all = sumOf(of);
    if (!isCaller || !context.improved || all.latency >= told)
      return;
    told = all.latency;
    context.improved(all);
  };
  return own;
}

void TryRunner::note(int64_t number, const SolverProgress &of) {
  std::lock_guard<std::mutex> lock(mutex);
  evaluated[number] = of.evaluated;
  best = std::min(best, of.latency);
}

/// What one try tells, of all of them.
SolverProgress TryRunner::sumOf(const SolverProgress &one) {
  std::lock_guard<std::mutex> lock(mutex);
  return {one.solverName, best,
          std::accumulate(evaluated.begin(), evaluated.end(), int64_t(0)),
          context.budget, deadline.seconds()};
}

/// Makes tries as long as there are any.
void TryRunner::makeTries(bool isCaller) {
  for (int64_t k = next++; k < tries; k = next++)
    results[k] = search(contextOf(k, isCaller));
}

llvm::Expected<Solution> TryRunner::run() {
  std::vector<std::thread> helpers;
  startThreads(helpers, threads - 1, [this] { makeTries(/*isCaller=*/false); });
  makeTries(/*isCaller=*/true);
  for (std::thread &helper : helpers)
    helper.join();
  return takeBest();
}

llvm::Expected<Solution> TryRunner::takeBest() {
  std::optional<Solution> chosen;
  int64_t total = 0;
  llvm::Error errors = llvm::Error::success();
  for (auto &result : results) {
    if (!*result) {
      errors = llvm::joinErrors(std::move(errors), result->takeError());
      continue;
    }
    total += (*result)->evaluated;
    if (!chosen || (*result)->latency < chosen->latency)
      chosen = std::move(**result);
  }
  if (!chosen)
    return errors;
  llvm::consumeError(std::move(errors));
  chosen->evaluated = total;
  if (context.improved && chosen->latency < told)
    context.improved(
        {"search", chosen->latency, total, context.budget, deadline.seconds()});
  return std::move(*chosen);
}

int64_t mempl::numTries(int64_t asked, const SolverContext &context) {
  if (asked > 0)
    return asked;
  return context.budget == 0 ? context.threads : 1;
}

llvm::Expected<Solution> mempl::bestOfTries(int64_t tries,
                                            const SolverContext &context,
                                            const Deadline &deadline,
                                            LimitedSearch search) {
  return TryRunner(tries, context, deadline, search).run();
}
