//===- PackingIO.cpp - packing problems as CSV ------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A reader for the subset of RFC 4180 that has one record per line (no line
// breaks inside quotes), and the writer for it.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Packing/PackingIO.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Support/Suggest.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

#include <array>
#include <cassert>
#include <string>

using namespace mempl;
using llvm::StringRef;
using llvm::Twine;

namespace {

enum Column : unsigned {
  Id,
  Lower,
  Upper,
  Size,
  Alignment,
  Hint,
  Gaps,
  Offset,
  NumColumns,
  Unknown = NumColumns
};
constexpr unsigned numRequired = Alignment;

struct ColumnName {
  StringRef name;
  Column column;
};

} // namespace

/// Those of MiniMalloc, and the ones that it takes for the same.
static constexpr ColumnName columnNames[] = {
    {"id", Id},        {"buffer", Id},           {"buffer_id", Id},
    {"lower", Lower},  {"start", Lower},         {"begin", Lower},
    {"upper", Upper},  {"end", Upper},           {"size", Size},
    {"hint", Hint},    {"alignment", Alignment}, {"gaps", Gaps},
    {"offset", Offset}};

namespace {

/// Reads one CSV, line by line.
class CsvParser {
public:
  CsvParser(StringRef text, StringRef file) : rest(text), file(file) {}
  llvm::Expected<PackingTable> parse();

private:
  bool nextLine();
  llvm::Error splitLine();
  llvm::Error parseHeader();
  llvm::Error parseColumn(StringRef name);
  llvm::Error parseRow();
  llvm::Error parseLife(PackingBuffer &buffer);
  llvm::Error parseNumber(Column column, int64_t least, int64_t &value);
  llvm::Error parseNumber(StringRef text, const Twine &where, int64_t least,
                          int64_t &value);
  llvm::Error parseGaps(PackingBuffer &buffer);
  llvm::Error parseGap(StringRef text, PackingGap &gap);
  llvm::Error makeExclusive(StringRef text, int64_t &time);
  llvm::Error error(const Twine &text) const {
    return fileError(file, lineNumber, text);
  }
  /// The name of a column as the file has it.
  StringRef nameOf(Column column) const { return names[column]; }

  StringRef rest, file, line;
  int64_t lineNumber = 0;
  std::vector<std::string> fields;
  std::vector<Column> columns;               ///< What each field is.
  std::array<std::string, NumColumns> names; ///< Empty if it is not there.
  std::array<std::string, NumColumns> row;
  bool endIsInclusive = false;
  llvm::StringMap<int64_t> firstLineOf;
  PackingTable table;
};

} // namespace

/// Steps to the next line that is not blank; false at the end of the text.
bool CsvParser::nextLine() {
  while (!rest.empty()) {
    std::tie(line, rest) = rest.split('\n');
    line.consume_back("\r");
    ++lineNumber;
    if (!line.trim(" \t").empty())
      return true;
  }
  return false;
}

/// Takes the line apart into `fields`.
llvm::Error CsvParser::splitLine() {
  fields.clear();
  StringRef left = line;
  while (true) {
    std::string field;
    bool quoted = left.consume_front("\"");
    if (quoted) {
      while (true) {
        size_t quote = left.find('"');
        if (quote == StringRef::npos)
          return error("expected a closing quote");
        field += left.take_front(quote);
        left = left.drop_front(quote + 1);
        if (!left.consume_front("\""))
          break;
        field += '"';
      }
      if (!left.empty() && left.front() != ',')
        return error("expected a comma after the closing quote");
    } else {
      StringRef plain = left.take_until([](char c) { return c == ','; });
      left = left.drop_front(plain.size());
      field = plain.trim(" \t").str();
    }
    fields.push_back(std::move(field));
    if (!left.consume_front(","))
      return llvm::Error::success();
  }
}

llvm::Error CsvParser::parseColumn(StringRef name) {
  llvm::SmallVector<StringRef> known;
  for (const ColumnName &candidate : columnNames) {
    known.push_back(candidate.name);
    if (!name.equals_insensitive(candidate.name))
      continue;
    Column column = candidate.column;
    if (names[column] == name)
      return error("column '" + name + "' appears twice; expected it once");
    if (!names[column].empty())
      return error("columns '" + names[column] + "' and '" + name +
                   "' are the same; expected one of them");
    names[column] = name.str();
    // An end is the last time of the life, as with MiniMalloc and TFLite.
    if (candidate.name == "end")
      endIsInclusive = true;
    if (column == Offset)
      table.offsetColumn = columns.size();
    columns.push_back(column);
    return llvm::Error::success();
  }
  // What looks like a mistake is not taken for somebody's own column.
  std::string guess = didYouMean(name, known);
  if (!guess.empty() || name.empty())
    return error("unknown column '" + name + "'" + guess);
  std::string where = file == "-" ? "<stdin>" : file.str();
  table.warnings.push_back(escapeForMessage(
      (where + ":" + Twine(lineNumber) + ": warning: column '" + name +
       "' is not known; it is written back, no more")
          .str()));
  columns.push_back(Unknown);
  return llvm::Error::success();
}

llvm::Error CsvParser::parseHeader() {
  if (llvm::Error failure = splitLine())
    return failure;
  for (const std::string &name : fields)
    if (llvm::Error failure = parseColumn(name))
      return failure;
  table.columns = fields;
  for (unsigned column = 0; column < numRequired; ++column) {
    if (!names[column].empty())
      continue;
    std::vector<StringRef> alternatives;
    for (const ColumnName &candidate : columnNames)
      if (candidate.column == column)
        alternatives.push_back(candidate.name);
    return error("expected a column '" + llvm::join(alternatives, "' or '") +
                 "'");
  }
  return llvm::Error::success();
}

/// A whole number of at least `least`; `where` is what it is the number of.
llvm::Error CsvParser::parseNumber(StringRef text, const Twine &where,
                                   int64_t least, int64_t &value) {
  StringRef digits = text;
  digits.consume_front("-");
  if (digits.empty() ||
      digits.find_first_not_of("0123456789") != StringRef::npos)
    return error("expected a whole number in " + where + ", got '" + text +
                 "'");
  if (text.getAsInteger(10, value))
    return error("expected a number below 2^63 in " + where + ", got '" + text +
                 "'");
  if (value < least)
    return error("expected at least " + Twine(least) + " in " + where +
                 ", got '" + text + "'");
  return llvm::Error::success();
}

/// The number in a column, or `value` as it is if an optional one is empty.
llvm::Error CsvParser::parseNumber(Column column, int64_t least,
                                   int64_t &value) {
  if (row[column].empty() && column >= numRequired)
    return llvm::Error::success();
  return parseNumber(row[column], "column '" + nameOf(column) + "'", least,
                     value);
}

/// Makes the last time of something the first one after it, if it is one.
llvm::Error CsvParser::makeExclusive(StringRef text, int64_t &time) {
  if (!endIsInclusive)
    return llvm::Error::success();
  if (time == INT64_MAX)
    return error("expected an end below 2^63 - 1, got '" + text + "'");
  ++time;
  return llvm::Error::success();
}

llvm::Error CsvParser::parseLife(PackingBuffer &buffer) {
  if (llvm::Error failure = parseNumber(Lower, INT64_MIN, buffer.lower))
    return failure;
  if (llvm::Error failure = parseNumber(Upper, INT64_MIN, buffer.upper))
    return failure;
  if (llvm::Error failure = makeExclusive(row[Upper], buffer.upper))
    return failure;
  if (buffer.lower > buffer.upper)
    return error("expected " + nameOf(Lower) + " <= " + nameOf(Upper) +
                 ", got " + row[Lower] + " and " + row[Upper]);
  return llvm::Error::success();
}

/// One of "3-5", or "3-5@0:16" with the bytes that stay in use.
llvm::Error CsvParser::parseGap(StringRef text, PackingGap &gap) {
  auto [life, window] = text.split('@');
  // A minus in front is a sign.
  size_t dash = life.find('-', 1);
  bool hasWindow = text.contains('@');
  if (dash == StringRef::npos || (hasWindow && !window.contains(':')))
    return error("expected gaps such as '3-5', or '3-5@0:16' with the bytes "
                 "that stay in use, got '" +
                 text + "'");
  std::string where = ("gap '" + text + "'").str();
  StringRef upper = life.drop_front(dash + 1);
  if (llvm::Error failure =
          parseNumber(life.take_front(dash), where, INT64_MIN, gap.lower))
    return failure;
  if (llvm::Error failure = parseNumber(upper, where, INT64_MIN, gap.upper))
    return failure;
  if (llvm::Error failure = makeExclusive(upper, gap.upper))
    return failure;
  if (!hasWindow)
    return llvm::Error::success();
  auto [first, second] = window.split(':');
  if (llvm::Error failure = parseNumber(first, where, 0, gap.windowLower))
    return failure;
  return parseNumber(second, where, 0, gap.windowUpper);
}

/// The gaps of a row, sorted by time.
llvm::Error CsvParser::parseGaps(PackingBuffer &buffer) {
  llvm::SmallVector<StringRef> texts;
  llvm::SplitString(row[Gaps], texts, " \t");
  std::vector<std::pair<PackingGap, StringRef>> gaps;
  for (StringRef text : texts) {
    PackingGap gap;
    if (llvm::Error failure = parseGap(text, gap))
      return failure;
    if (gap.lower > gap.upper || gap.lower < buffer.lower ||
        gap.upper > buffer.upper)
      return error("expected a gap within the life of the buffer, " +
                   row[Lower] + " to " + row[Upper] + ", got '" + text + "'");
    if (gap.windowLower > gap.windowUpper || gap.windowUpper > buffer.size)
      return error("expected a window within the " + Twine(buffer.size) +
                   " bytes of the buffer, got '" + text + "'");
    gaps.push_back({gap, text});
  }
  llvm::stable_sort(gaps, [](const auto &a, const auto &b) {
    return std::tie(a.first.lower, a.first.upper) <
           std::tie(b.first.lower, b.first.upper);
  });
  for (size_t i = 0; i < gaps.size(); ++i) {
    if (i > 0 && gaps[i].first.lower < gaps[i - 1].first.upper)
      return error("expected gaps that are apart, got '" + gaps[i - 1].second +
                   "' and '" + gaps[i].second + "'");
    buffer.gaps.push_back(gaps[i].first);
  }
  return llvm::Error::success();
}

llvm::Error CsvParser::parseRow() {
  if (llvm::Error failure = splitLine())
    return failure;
  if (fields.size() != columns.size())
    return error("expected " + Twine(columns.size()) + " fields, got " +
                 Twine(fields.size()));
  for (size_t i = 0; i < fields.size(); ++i)
    if (columns[i] != Unknown)
      row[columns[i]] = fields[i];

  PackingBuffer buffer;
  buffer.id = row[Id];
  if (buffer.id.empty())
    return error("expected an id");
  auto [entry, isNew] = firstLineOf.try_emplace(buffer.id, lineNumber);
  if (!isNew)
    return error("expected a new id, but '" + buffer.id + "' is in line " +
                 Twine(entry->second) + " too");
  if (llvm::Error failure = parseLife(buffer))
    return failure;
  if (llvm::Error failure = parseNumber(Size, 0, buffer.size))
    return failure;
  if (llvm::Error failure = parseNumber(Alignment, 1, buffer.alignment))
    return failure;
  if (llvm::Error failure = parseNumber(Hint, 0, buffer.hint))
    return failure;
  if (llvm::Error failure = parseNumber(Offset, 0, buffer.fixedOffset))
    return failure;
  if (llvm::Error failure = parseGaps(buffer))
    return failure;
  table.problem.buffers.push_back(std::move(buffer));
  table.rows.push_back(fields);
  table.lines.push_back(lineNumber);
  return llvm::Error::success();
}

llvm::Expected<PackingTable> CsvParser::parse() {
  rest.consume_front("\xef\xbb\xbf"); // A byte order mark.
  if (!nextLine()) {
    lineNumber = 1;
    return error("expected a header with id, lower, upper and size, but the "
                 "file is empty");
  }
  if (llvm::Error failure = parseHeader())
    return failure;
  while (nextLine())
    if (llvm::Error failure = parseRow())
      return failure;
  return std::move(table);
}

llvm::Expected<PackingTable> mempl::parsePackingCsv(StringRef text,
                                                    StringRef file) {
  return CsvParser(text, file).parse();
}

llvm::Expected<PackingTable> mempl::readPackingCsv(StringRef path) {
  llvm::Expected<std::string> text = readFile(path);
  if (!text)
    return text.takeError();
  return parsePackingCsv(*text, path);
}

/// A field with quotes around it where a reader needs them.
static std::string quoted(StringRef id) {
  bool plain = id.find_first_of(",\"") == StringRef::npos &&
               id.trim(" \t").size() == id.size();
  if (plain)
    return id.str();
  std::string result = "\"";
  for (char c : id) {
    result += c;
    if (c == '"')
      result += c;
  }
  return result + "\"";
}

void mempl::writePackingCsv(llvm::raw_ostream &os, const PackingTable &table,
                            const std::vector<int64_t> &offsets) {
  assert(offsets.size() == table.rows.size() && "one offset per buffer");
  auto writeRow = [&](std::vector<std::string> fields,
                      const std::string &offset) {
    if (table.offsetColumn)
      fields[*table.offsetColumn] = offset;
    else
      fields.push_back(offset);
    for (size_t i = 0; i < fields.size(); ++i)
      os << (i == 0 ? "" : ",") << quoted(fields[i]);
    os << '\n';
  };
  writeRow(table.columns,
           table.offsetColumn ? table.columns[*table.offsetColumn] : "offset");
  for (size_t i = 0; i < offsets.size(); ++i)
    writeRow(table.rows[i], std::to_string(offsets[i]));
}
