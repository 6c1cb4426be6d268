//===- MapFigure.cpp - the memory map as SVG ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A figure without a script, for a README or a paper: fast memory over time,
// the two copy channels and what limits the steps. The page around it shows
// through.
//
//===----------------------------------------------------------------------===//

#include "Headline.h"
#include "MemoryMap.h"
#include "Palette.h"

#include "mempl/Problem/Mapping.h"
#include "mempl/Report/Report.h"
#include "mempl/Support/Units.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <algorithm>
#include <cmath>

using namespace mempl;
using namespace mempl::report;
using llvm::formatv;
using llvm::StringRef;

namespace {

/// Pixels.
constexpr double kWidth = 960, kLeft = 74, kRight = 14;
constexpr double kMapTop = 62, kMapHeight = 330;
constexpr double kLane = 14, kGap = 6, kLanes = kMapTop + kMapHeight + kGap;
constexpr double kAxis = kLanes + 3 * (kLane + kGap);
constexpr double kLegend = kAxis + 44, kHeight = kLegend + 14;
/// About what a character of the smallest text takes.
constexpr double kLetter = 5.9;

std::string escapeXml(StringRef text) {
  std::string escaped;
  for (char c : llvm::json::fixUTF8(text)) {
    switch (c) {
    case '&':
      escaped += "&amp;";
      break;
    case '<':
      escaped += "&lt;";
      break;
    case '>':
      escaped += "&gt;";
      break;
    case '"':
      escaped += "&quot;";
      break;
    default:
      // No other character below the blank may be in XML.
      escaped += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return escaped;
}

/// The largest of 1, 2 and 5 times a power of `base` that makes at least four
/// parts of `all`.
double partOf(double all) {
  double power = std::pow(10, std::floor(std::log10(all / 4)));
  for (double factor : {5.0, 2.0})
    if (all / (power * factor) >= 4)
      return power * factor;
  return power;
}

class Figure {
public:
  Figure(const Instance &instance, const ReportPlan &shown,
         const ReportFacts &facts, bool isDark)
      : instance(instance), shown(shown), facts(facts), isDark(isDark),
        os(text), outcome(simulate(instance, shown.plan, true)),
        map(memoryMap(instance, shown.plan, outcome, instance.machine.capacity,
                      /*isBody=*/false)) {
    // What is never used is not drawn, if it is most of it.
    height = std::max<int64_t>(outcome.peakBytes, 1);
    for (const MapPiece &piece : map.pieces)
      height = std::max(height, piece.offset + piece.size);
    if (height > map.capacity / 3)
      height = std::max(height, map.capacity);
    seconds = map.seconds() > 0 ? map.seconds() : 1;
  }

  std::string draw() {
    os << formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} "
                  "{1}\" font-family=\"system-ui, sans-serif\" "
                  "font-size=\"12\" fill=\"{2}\">\n",
                  kWidth, kHeight, colourOf("text"));
    drawTitle();
    drawGrid();
    drawStalls();
    for (const MapPiece &piece : map.pieces)
      drawPiece(piece);
    drawLanes();
    drawAxis();
    drawLegend();
    os << "</svg>\n";
    return std::move(text);
  }

private:
  StringRef colourOf(StringRef name) const { return colour(name, isDark); }
  double x(double at) const {
    return kLeft + (kWidth - kLeft - kRight) * at / seconds;
  }
  double y(double byte) const {
    return kMapTop + kMapHeight * (1 - byte / static_cast<double>(height));
  }

  void write(double x, double y, StringRef what, StringRef more = "") {
    os << formatv("<text x=\"{0:f1}\" y=\"{1:f1}\"{2}>{3}</text>\n", x, y, more,
                  escapeXml(what));
  }
  void box(double left, double top, double width, double high, StringRef name,
           StringRef more = "", StringRef tip = "") {
    os << formatv("<rect x=\"{0:f2}\" y=\"{1:f2}\" width=\"{2:f2}\" "
                  "height=\"{3:f2}\" fill=\"{4}\"{5}",
                  left, top, width, high, colourOf(name), more);
    if (tip.empty())
      os << "/>\n";
    else
      os << "><title>" << escapeXml(tip) << "</title></rect>\n";
  }
  void line(double x1, double y1, double x2, double y2, StringRef name,
            StringRef more = "") {
    os << formatv("<line x1=\"{0:f1}\" y1=\"{1:f1}\" x2=\"{2:f1}\" "
                  "y2=\"{3:f1}\" stroke=\"{4}\"{5}/>\n",
                  x1, y1, x2, y2, colourOf(name), more);
  }

  void drawTitle() {
    std::string title = instance.name;
    if (!facts.target.empty())
      title += " on " + facts.target;
    title += ", " + formatBytes(instance.machine.capacity) + " of fast memory";
    write(kLeft, 20, title, " font-size=\"15\" font-weight=\"600\"");
    Headline headline = headlineOf(instance, shown.plan, outcome, facts.bound);
    write(kLeft, 40,
          shown.name + ": " + formatSeconds(outcome.latency) + ", " +
              headline.text,
          formatv(" fill=\"{0}\"", colourOf("muted")).str());
  }

  void drawGrid() {
    constexpr int kParts = 4;
    for (int i = 0; i <= kParts; ++i) {
      double byte = static_cast<double>(height) * i / kParts;
      line(kLeft, y(byte), kWidth - kRight, y(byte), "line");
      write(kLeft - 6, y(byte) + 4,
            i == 0 ? "0" : formatTraffic(std::round(byte)),
            " text-anchor=\"end\"");
    }
  }

  void drawStalls() {
    for (size_t p = 0; p + 1 < map.points.size(); p += 2)
      if (map.points[p] < map.points[p + 1])
        box(x(map.points[p]), kMapTop,
            std::max(x(map.points[p + 1]) - x(map.points[p]), 0.6), kMapHeight,
            "stall", " fill-opacity=\"0.45\"");
  }

  void drawPiece(const MapPiece &piece) {
    double left = x(map.points[piece.begin]), right = x(map.points[piece.end]);
    double top = y(static_cast<double>(piece.offset + piece.size));
    double high = y(static_cast<double>(piece.offset)) - top;
    if (piece.phase == Phase::Reserved)
      return box(left, top, right - left, high, "reserved");
    const Value &value =
        instance.program.values[shown.plan.residencies[piece.of].value];
    bool isUsed = piece.phase == Phase::Use;
    std::string edge =
        formatv(" stroke=\"{0}\" stroke-width=\"0.4\"{1}", colourOf("page"),
                isUsed ? "" : " fill-opacity=\"0.35\"")
            .str();
    box(left, top, right - left, high, wordFor(value.kind), edge,
        value.name + ", " + formatTraffic(static_cast<double>(value.size)));
    drawLabel(value.name, left, top, right - left, high,
              isUsed ? "label" : "text");
  }

  /// The name in its rectangle, upright or along it, where there is room.
  void drawLabel(StringRef name, double left, double top, double width,
                 double high, StringRef colourName) {
    constexpr double kLine = 13;
    constexpr int64_t kLeast = 8; // Letters that a name is cut to.
    bool isTall =
        high > width && kLetter * static_cast<double>(name.size()) > width - 8;
    double across = isTall ? width : high;
    auto letters =
        static_cast<int64_t>(((isTall ? high : width) - 8) / kLetter);
    bool fits = static_cast<int64_t>(name.size()) <= letters;
    if (across < kLine || (!fits && letters < kLeast))
      return;
    std::string label = name.str();
    if (!fits)
      label = label.substr(0, letters - 1) + "…";
    double x = isTall ? left + width / 2 + 4 : left + 4;
    double y = isTall ? top + high - 4 : top + high / 2 + 4;
    std::string turn =
        isTall ? formatv(" transform=\"rotate(-90 {0:f1} {1:f1})\"", x, y).str()
               : "";
    write(
        x, y, label,
        formatv(" font-size=\"11\" fill=\"{0}\"{1}", colourOf(colourName), turn)
            .str());
  }

  void drawLanes() {
    const char *names[] = {"copies in", "copies out", "steps"};
    for (int i = 0; i < 3; ++i) {
      double top = laneTop(i);
      write(kLeft - 6, top + kLane - 3, names[i], " text-anchor=\"end\"");
      box(kLeft, top, kWidth - kLeft - kRight, kLane, "panel");
    }
    for (const MapCopy &copy : map.copies) {
      const Residency &r = shown.plan.residencies[copy.residency];
      box(x(copy.start), laneTop(copy.out), x(copy.end) - x(copy.start), kLane,
          wordFor(instance.program.values[r.value].kind),
          formatv(" stroke=\"{0}\" stroke-width=\"0.4\"", colourOf("page"))
              .str());
    }
    std::vector<const char *> limits = limitsOf(instance, outcome);
    // Neighbours of one colour are one rectangle.
    for (size_t i = 0, end; i < limits.size(); i = end) {
      for (end = i + 1; end < limits.size() && limits[end] == limits[i] &&
                        outcome.waits[end] == 0;)
        ++end;
      box(x(map.points[2 * i + 1]), laneTop(2),
          x(map.points[2 * end]) - x(map.points[2 * i + 1]), kLane, limits[i]);
    }
    for (size_t p = 0; p + 1 < map.points.size(); p += 2)
      if (map.points[p] < map.points[p + 1])
        box(x(map.points[p]), laneTop(2),
            std::max(x(map.points[p + 1]) - x(map.points[p]), 0.6), kLane,
            "stall");
  }
  static double laneTop(int lane) { return kLanes + lane * (kLane + kGap); }

  void drawAxis() {
    TimeUnit unit = timeUnitFor(seconds);
    double all = seconds * unit.perSecond, part = partOf(all);
    for (int i = 0; part * i <= all * (1 + 1e-9); ++i) {
      double at = x(part * i / unit.perSecond);
      line(at, kAxis - kGap, at, kAxis, "muted");
      write(
          at, kAxis + 14,
          formatNumber(std::round(part * i * 1e6) / 1e6) +
              (part * (i + 1) > all * (1 + 1e-9) ? " " + unit.name.str() : ""),
          " text-anchor=\"middle\"");
    }
  }

  void drawLegend() {
    static constexpr std::pair<StringRef, StringRef> kEntries[] = {
        {"input", "inputs, weights"}, {"temporary", "temporaries"},
        {"output", "outputs"},        {"inout", "updated inputs"},
        {"compute", "computes"},      {"slow", "moves slow bytes"},
        {"fast", "moves fast bytes"}, {"stall", "stall"}};
    double at = kLeft;
    for (auto [name, what] : kEntries) {
      if (!contains(name))
        continue;
      box(at, kLegend - 10, 11, 11, name);
      write(at + 16, kLegend, what);
      at += 16 + 6.3 * static_cast<double>(what.size()) + 14;
    }
    bool hasPale = llvm::any_of(map.pieces, [](const MapPiece &piece) {
      return piece.phase == Phase::CopyIn || piece.phase == Phase::CopyOut;
    });
    if (hasPale)
      write(at, kLegend, "pale: copy under way",
            formatv(" fill=\"{0}\"", colourOf("muted")).str());
  }
  /// Whether something of that colour is drawn.
  bool contains(StringRef name) const {
    if (name == "stall")
      return outcome.stall > 0;
    for (const char *limit : limitsOf(instance, outcome))
      if (name == limit)
        return true;
    return llvm::any_of(shown.plan.residencies, [&](const Residency &r) {
      return name == wordFor(instance.program.values[r.value].kind);
    });
  }

  const Instance &instance;
  const ReportPlan &shown;
  const ReportFacts &facts;
  bool isDark;
  std::string text;
  llvm::raw_string_ostream os;
  Outcome outcome;
  MemoryMap map;
  int64_t height;
  double seconds;
};

} // namespace

std::string mempl::memoryMapSvg(const Instance &instance,
                                const ReportPlan &shown,
                                const ReportFacts &facts, bool isDark) {
  return Figure(instance, shown, facts, isDark).draw();
}
