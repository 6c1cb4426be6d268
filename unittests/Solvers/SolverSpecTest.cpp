//===- SolverSpecTest.cpp - names of solvers and their options ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mempl;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

template <typename T> std::string errorOf(llvm::Expected<T> result) {
  return result ? "no error" : llvm::toString(result.takeError());
}

/// The canonical texts of what `text` lists, or the error.
std::string canonical(llvm::StringRef text) {
  auto specs = parseSolverSpecs(text);
  if (!specs)
    return "error: " + llvm::toString(specs.takeError());
  std::string all;
  for (const SolverSpec &spec : *specs)
    all += (all.empty() ? "" : " | ") + spec.str();
  return all;
}

TEST(SolverSpec, SeparatesByCommasAndSpaces) {
  EXPECT_EQ(canonical("search"), "search");
  EXPECT_EQ(canonical("msa{preset=full,max-retries=3}"),
            "msa{preset=full,max-retries=3}");
  EXPECT_EQ(canonical("  msa{ preset=full   max-retries=3 }\n"),
            "msa{preset=full,max-retries=3}");
  EXPECT_EQ(canonical("a{b , c ,d e}"), "a{b,c,d,e}");
  EXPECT_EQ(canonical("none,greedy search{a=b}, msa"),
            "none | greedy | search{a=b} | msa");
  EXPECT_EQ(canonical(""), "");
}

TEST(SolverSpec, NestsSpecifications) {
  EXPECT_EQ(
      canonical(
          "portfolio{none,search{start=muzero{weights=w.mempl} order=x}}"),
      "portfolio{none,search{start=muzero{weights=w.mempl},order=x}}");
  EXPECT_EQ(canonical("search{}"), "search");
  SolverSpec spec =
      llvm::cantFail(parseSolverSpec("search{start=muzero{weights=w}}"));
  ASSERT_EQ(spec.items.size(), 1u);
  EXPECT_EQ(spec.items[0].key, "start");
  EXPECT_EQ(spec.items[0].column, 8u);
  EXPECT_EQ(spec.items[0].value.name, "muzero");
  EXPECT_EQ(spec.items[0].value.column, 14u);
  EXPECT_THAT(namesIn(spec), ElementsAre("search", "muzero", "w"));
}

TEST(SolverSpec, QuotesWhatNeedsIt) {
  EXPECT_EQ(canonical("muzero{weights='my file'}"),
            "muzero{weights='my file'}");
  EXPECT_EQ(canonical("muzero{weights=\"it's\"}"), "muzero{weights=\"it's\"}");
  EXPECT_EQ(canonical("muzero{weights='plain'}"), "muzero{weights=plain}");
  EXPECT_EQ(canonical("muzero{weights=''}"), "muzero{weights=''}");
  EXPECT_EQ(canonical("muzero{weights=a=b}"), "muzero{weights=a=b}");
}

TEST(SolverSpec, SaysWhereItExpectedWhat) {
  EXPECT_EQ(canonical("search{"),
            "error: column 8: expected '}' to end what column 7 begins");
  EXPECT_EQ(canonical("search{a={b"),
            "error: column 10: expected a value, found '{'");
  EXPECT_EQ(canonical("search{a="),
            "error: column 10: expected a value, found the end");
  EXPECT_EQ(canonical("search{=3}"),
            "error: column 8: expected a name, found '='");
  EXPECT_EQ(canonical("search}"),
            "error: column 7: expected ',' or a space, found '}'");
  EXPECT_EQ(canonical("a{b}c"),
            "error: column 5: expected ',' or a space, found 'c'");
  EXPECT_EQ(canonical("a,"),
            "error: column 3: expected a solver or an option, found the end");
  EXPECT_EQ(canonical("a{b,}"),
            "error: column 5: expected a solver or an option, found '}'");
  EXPECT_EQ(canonical("a,,b"), "error: column 3: expected a name, found ','");
  EXPECT_EQ(canonical("a{x='y}"),
            "error: column 5: expected a quote that ends this one");
  EXPECT_EQ(canonical("{a}"), "error: expected a name, found '{'");
  EXPECT_EQ(errorOf(parseSolverSpec("")), "expected a solver, found nothing");
  EXPECT_EQ(errorOf(parseSolverSpec("greedy,search{a=b}")),
            "column 8: expected one solver, found 'search{a=b}' after it");
}

TEST(SolverSpec, KnowsWhatAShellMakesOfBraces) {
  EXPECT_THAT(canonical("msapreset=full"), HasSubstr("a shell wants quotes"));
}

TEST(SolverSpec, SurvivesWhatever) {
  // Every prefix, and every text with one character replaced.
  std::string text = "portfolio{none,search{guide='a b' start=\"c\"},msa{x=1}}";
  for (size_t i = 0; i <= text.size(); ++i) {
    canonical(text.substr(0, i));
    for (char c : {'{', '}', ',', ' ', '=', '\'', '"', 'x'}) {
      std::string other = text;
      other.insert(i, 1, c);
      std::string printed = canonical(other);
      // What is printed means the same.
      if (!llvm::StringRef(printed).starts_with("error: ") &&
          !llvm::StringRef(printed).contains(" | "))
        EXPECT_EQ(canonical(printed), printed);
    }
  }
}

//===----------------------------------------------------------------------===//
// Old names and options
//===----------------------------------------------------------------------===//

std::string translated(llvm::StringRef text, const OldSolverOptions &old = {}) {
  auto spec = withOldOptions(llvm::cantFail(parseSolverSpec(text)), old);
  return spec ? spec->str() : "error: " + llvm::toString(spec.takeError());
}

TEST(OldSolverNames, AreSpecifications) {
  EXPECT_EQ(translated("msa:full"), "msa{preset=full}");
  EXPECT_EQ(translated("msa:tuned{fuel=3}"), "msa{tune=true,fuel=3}");
  EXPECT_EQ(translated("portfolio{greedy,muzero+search}"),
            "portfolio{greedy,search{start=muzero}}");
  EXPECT_EQ(translated("greedy"), "greedy");
}

TEST(OldSolverNames, TakeOptionsThatAllSolversHad) {
  OldSolverOptions weights{"w.mempl", "", {}};
  EXPECT_EQ(translated("muzero", weights), "muzero{weights=w.mempl}");
  EXPECT_EQ(translated("muzero{weights=own}", weights), "muzero{weights=own}");
  EXPECT_EQ(translated("muzero+search", weights),
            "search{start=muzero{weights=w.mempl},weights=w.mempl}");
  EXPECT_EQ(translated("learned", weights), "learned{weights=w.mempl}");
  EXPECT_EQ(translated("portfolio", weights),
            "portfolio{none,search{weights=w.mempl}}");
  EXPECT_EQ(translated("portfolio{greedy}", weights), "portfolio{greedy}");
  OldSolverOptions constants{"", "max_retries=3,fuel=1", {}};
  EXPECT_EQ(translated("msa:test", constants),
            "msa{preset=test,max_retries=3,fuel=1}");
  EXPECT_EQ(translated("portfolio", {"", "fuel=2", {"none", "msa:full"}}),
            "portfolio{none,msa{preset=full,fuel=2}}");
  EXPECT_THAT(translated("msa", {"", "fuel=", {}}), HasSubstr("error: "));
}

//===----------------------------------------------------------------------===//
// Options of a solver
//===----------------------------------------------------------------------===//

enum class Color : uint8_t { Red, LightBlue };

/// A solver with an option of each kind.
class Sample : public Solver {
public:
  int64_t count = 3;
  double ratio = 0.5;
  bool isOn = false;
  std::string note = "none", file;
  Color color = Color::Red;
  std::shared_ptr<Solver> other;
  std::vector<std::shared_ptr<Solver>> list;

  llvm::StringRef name() const override { return "sample"; }
  llvm::StringRef description() const override { return "of a test"; }
  void declareOptions(SolverOptionTable &table) override {
    table.add("count", count, "how many").atLeast(1);
    table.add("ratio", ratio, "how much").above(0);
    table.add("is-on", isOn, "whether");
    table.add("note", note, "what");
    table.add("color", color,
              {{"red", Color::Red}, {"light-blue", Color::LightBlue}}, "which");
    table.add("other", other, "who").byDefault("nobody");
    table.addFile("file", file, "where");
  }
  llvm::Expected<Solution> solve(const Instance &,
                                 const SolverContext &) override {
    return Solution();
  }
};

class SolverOptions : public testing::Test {
protected:
  void SetUp() override { registerSolver<Sample>(); }
  static std::string refused(llvm::StringRef text) {
    return errorOf(createSolver(text));
  }
};

TEST_F(SolverOptions, SetTheVariablesThatTheyAreDeclaredWith) {
  auto solver = llvm::cantFail(createSolver(
      "sample{ratio=2.5 is_on color=light_blue other=sample{count=9} "
      "file=/a/b.mempl,count=4 note='a b'}"));
  auto &sample = static_cast<Sample &>(*solver);
  EXPECT_EQ(sample.count, 4);
  EXPECT_EQ(sample.ratio, 2.5);
  EXPECT_TRUE(sample.isOn);
  EXPECT_EQ(sample.note, "a b");
  EXPECT_EQ(sample.color, Color::LightBlue);
  ASSERT_TRUE(sample.other);
  EXPECT_EQ(static_cast<Sample &>(*sample.other).count, 9);
  // In the order of declaration, by declared names; tables show no folders.
  std::string begin = "sample{count=4,ratio=2.5,is-on=true,note='a b',"
                      "color=light-blue,other=sample{count=9},file=";
  EXPECT_EQ(solver->spec(), begin + "/a/b.mempl}");
  EXPECT_EQ(solver->label(), begin + "b.mempl}");
  // A specification that was printed means the same.
  EXPECT_EQ(llvm::cantFail(createSolver(solver->spec()))->spec(),
            solver->spec());
  EXPECT_EQ(llvm::cantFail(createSolver("sample"))->spec(), "sample");
}

TEST_F(SolverOptions, AreRefusedWithTheColumn) {
  EXPECT_EQ(refused("sample{coun=1}"),
            "column 8: sample has no option 'coun', expected count, ratio, "
            "is-on, note, color, other, file; did you mean 'count'?");
  EXPECT_EQ(refused("sample{count=0}"),
            "column 14: count: expected an integer of at least 1, found '0'");
  EXPECT_EQ(refused("sample{count=many}"), "column 14: count: expected an "
                                           "integer of at least 1, found "
                                           "'many'");
  EXPECT_EQ(refused("sample{ratio=0}"),
            "column 14: ratio: expected a number above 0, found '0'");
  EXPECT_EQ(refused("sample{ratio=nan}"),
            "column 14: ratio: expected a number above 0, found 'nan'");
  EXPECT_EQ(refused("sample{is-on=1}"),
            "column 14: is-on: expected true or false, found '1'");
  EXPECT_EQ(refused("sample{color=green}"),
            "column 14: color: expected red or light-blue, found 'green'");
  EXPECT_EQ(refused("sample{count}"), "column 8: count: expected '=' and an "
                                      "integer of at least 1 after it");
  EXPECT_EQ(refused("sample{count=1,count=2}"),
            "column 16: count is given twice");
  EXPECT_EQ(refused("sample{note=a{b}}"),
            "column 13: note: expected a text, found 'a{b}'");
  EXPECT_EQ(refused("none{fast}"),
            "column 6: none has no options, found 'fast'");
  EXPECT_THAT(refused("sample{other=smaple}"),
              HasSubstr("column 14: unknown solver 'smaple', expected "));
  EXPECT_THAT(refused("sample{other=smaple}"),
              HasSubstr("did you mean 'sample'?"));
  EXPECT_EQ(refused("portfolio{none,sample{count=0}}"),
            "column 29: count: expected an integer of at least 1, found '0'");
}

TEST_F(SolverOptions, AreListedWithKindAndDefault) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printSolvers(os);
  EXPECT_THAT(text, HasSubstr("\nsample: of a test\n"
                              "  count=<integer>: how many (default 3)\n"
                              "  ratio=<number>: how much (default 0.5)\n"
                              "  is-on=<true|false>: whether (default false)\n"
                              "  note=<text>: what (default none)\n"
                              "  color=<red|light-blue>: which (default red)\n"
                              "  other=<solver>: who (default nobody)\n"
                              "  file=<file>: where\n"));
}

//===----------------------------------------------------------------------===//
// solveVerified()
//===----------------------------------------------------------------------===//

Instance someInstance() {
  Instance instance;
  instance.name = "some";
  instance.program.steps.emplace_back().compute = 1;
  return instance;
}

/// Returns what it is told to.
class Liar : public Solver {
public:
  static inline Plan plan;

  llvm::StringRef name() const override { return "liar"; }
  llvm::StringRef description() const override { return "of a test"; }
  llvm::Expected<Solution> solve(const Instance &,
                                 const SolverContext &) override {
    return Solution{plan, 1e-9, 5, 0, ""};
  }
};

TEST(SolveVerified, NamesThePlanAndMeasuresItItself) {
  registerSolver<Liar>();
  Liar::plan = Plan();
  Solution solution = llvm::cantFail(solveVerified(someInstance(), "liar", {}));
  EXPECT_EQ(solution.plan.instance, "some");
  EXPECT_EQ(solution.latency, 1);
  EXPECT_EQ(solution.evaluated, 5);
  EXPECT_EQ(solution.winner, "liar");
}

TEST(SolveVerified, RefusesAPlanThatBreaksRulesAndSaysAll) {
  registerSolver<Liar>();
  Liar::plan.residencies = {Residency::byCopy(0, 0, 0, 0, 0)};
  SolverContext context;
  context.seed = 11;
  auto solution = solveVerified(someInstance(), "liar", context);
  ASSERT_FALSE(static_cast<bool>(solution));
  llvm::Error rest = llvm::handleErrors(
      solution.takeError(), [](const InvalidPlanError &error) {
        EXPECT_EQ(error.what, "solver liar returned an invalid plan (" +
                                  error.reproducer.violations.front() + ")");
        EXPECT_THAT(error.what, HasSubstr("V9: "));
        EXPECT_THAT(error.reproducer.solvers, ElementsAre("liar"));
        EXPECT_EQ(error.reproducer.context.seed, 11u);
        EXPECT_EQ(error.reproducer.failedPlan->residencies.size(), 1u);
      });
  EXPECT_FALSE(static_cast<bool>(rest));
  // A portfolio does without.
  Solution best =
      llvm::cantFail(solveVerified(someInstance(), "portfolio{liar,none}", {}));
  EXPECT_EQ(best.winner, "none");
  EXPECT_THAT(errorOf(solveVerified(someInstance(), "portfolio{liar}", {})),
              HasSubstr("solver liar returned an invalid plan"));
}

TEST(SolveVerified, ChecksContextInstanceAndSolver) {
  auto refused = [](const Instance &instance, int64_t budget, int64_t limit,
                    int threads) {
    SolverContext context;
    context.budget = budget;
    context.timeLimitMs = limit;
    context.threads = threads;
    return errorOf(solveVerified(instance, "greedy", context));
  };
  EXPECT_EQ(refused(someInstance(), -1, 0, 1),
            "budget: expected at least 0, found -1");
  EXPECT_EQ(refused(someInstance(), 1, -2, 1),
            "time limit: expected at least 0, found -2");
  EXPECT_EQ(refused(someInstance(), 1, 0, 0),
            "threads: expected at least 1, found 0");
  EXPECT_EQ(refused(someInstance(), 0, 0, 1),
            "budget: 0 means no limit; give a time limit with it");
  Instance wrong = someInstance();
  wrong.program.steps[0].compute = -1;
  EXPECT_THAT(refused(wrong, 1, 0, 1), HasSubstr("some: not a valid instance"));
  EXPECT_THAT(errorOf(solveVerified(someInstance(), "magic", {})),
              HasSubstr("unknown solver 'magic'"));
}

TEST(SolveVerified, KnowsAPlanForAnotherInstance) {
  Plan plan;
  plan.instance = "other";
  auto violations = verify(someInstance(), plan);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations.front().str(),
            "V9: the plan is for \"other\", not for \"some\"");
}

//===----------------------------------------------------------------------===//
// Reproducers
//===----------------------------------------------------------------------===//

TEST(Reproducer, OfVersion1NamesSolversAsTheyWereThen) {
  Reproducer reproducer;
  reproducer.tool = "mempl-solve";
  reproducer.solvers = {"greedy", "portfolio", "msa:test"};
  reproducer.instance = someInstance();
  std::string text = reproducerText(reproducer);
  auto again = llvm::cantFail(parseReproducer(text, "x.json"));
  EXPECT_EQ(again.solvers, reproducer.solvers);
  auto replace = [&](llvm::StringRef from, llvm::StringRef to) {
    size_t at = text.find(from.str());
    ASSERT_NE(at, std::string::npos) << from.str();
    text.replace(at, from.size(), to.str());
  };
  replace("\"reproducer\": 2", "\"reproducer\": 1");
  replace("\"solvers\"", "\"policies\"");
  replace("\"threads\": 1",
          "\"threads\": 1, \"msa_options\": \"fuel=1\", \"weights\": \"w\"");
  auto old = llvm::cantFail(parseReproducer(text, "x.json"));
  EXPECT_THAT(old.solvers,
              ElementsAre("greedy", "portfolio{none,search{weights=w}}",
                          "msa{preset=test,fuel=1}"));
}

} // namespace
