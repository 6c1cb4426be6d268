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

#include "mempl/Packing/PackingIO.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/ArrayRef.h"
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
  Offset,
  NumColumns
};
constexpr std::array<StringRef, NumColumns> columnNames = {
    "id", "lower", "upper", "size", "alignment", "hint", "offset"};
constexpr unsigned numRequired = Alignment;

/// Reads one CSV, line by line.
class CsvParser {
public:
  CsvParser(StringRef text, StringRef file) : rest(text), file(file) {}
  llvm::Expected<PackingProblem> parse();

private:
  bool nextLine();
  llvm::Error splitLine();
  llvm::Error parseHeader();
  llvm::Error parseRow(PackingProblem &problem);
  llvm::Error parseNumber(Column column, int64_t least, int64_t &value);
  llvm::Error error(const Twine &text) const {
    return fileError(file, lineNumber, text);
  }

  StringRef rest, file, line;
  int64_t lineNumber = 0;
  std::vector<std::string> fields;
  std::vector<Column> columns; ///< What each field is.
  std::array<std::string, NumColumns> row;
  llvm::StringMap<int64_t> firstLineOf;
};

} // namespace

/// Steps to the next line; false at the end of the text.
bool CsvParser::nextLine() {
  if (rest.empty())
    return false;
  std::tie(line, rest) = rest.split('\n');
  line.consume_back("\r");
  ++lineNumber;
  return true;
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

llvm::Error CsvParser::parseHeader() {
  if (llvm::Error failure = splitLine())
    return failure;
  std::array<bool, NumColumns> seen{};
  for (const std::string &name : fields) {
    unsigned column = 0;
    while (column < NumColumns && columnNames[column] != name)
      ++column;
    if (column == NumColumns)
      return error("unknown column '" + name +
                   "'; expected id, lower, upper, size, alignment, hint or "
                   "offset");
    if (seen[column])
      return error("column '" + name + "' appears twice; expected it once");
    seen[column] = true;
    columns.push_back(static_cast<Column>(column));
  }
  for (unsigned column = 0; column < numRequired; ++column)
    if (!seen[column])
      return error("expected a column '" + columnNames[column] + "'");
  return llvm::Error::success();
}

/// The number in a column, or `value` as it is if an optional one is empty.
llvm::Error CsvParser::parseNumber(Column column, int64_t least,
                                   int64_t &value) {
  StringRef text = row[column];
  if (text.empty() && column >= numRequired)
    return llvm::Error::success();
  StringRef digits = text;
  digits.consume_front("-");
  if (digits.empty() ||
      digits.find_first_not_of("0123456789") != StringRef::npos)
    return error("expected a whole number in column '" + columnNames[column] +
                 "', got '" + text + "'");
  if (text.getAsInteger(10, value))
    return error("expected a number below 2^63 in column '" +
                 columnNames[column] + "', got '" + text + "'");
  if (value < least)
    return error("expected at least " + Twine(least) + " in column '" +
                 columnNames[column] + "', got '" + text + "'");
  return llvm::Error::success();
}

llvm::Error CsvParser::parseRow(PackingProblem &problem) {
  if (llvm::Error failure = splitLine())
    return failure;
  if (fields.size() != columns.size())
    return error("expected " + Twine(columns.size()) + " fields, got " +
                 Twine(fields.size()));
  for (size_t i = 0; i < fields.size(); ++i)
    row[columns[i]] = std::move(fields[i]);

  PackingBuffer buffer;
  buffer.id = row[Id];
  if (buffer.id.empty())
    return error("expected an id");
  auto [entry, isNew] = firstLineOf.try_emplace(buffer.id, lineNumber);
  if (!isNew)
    return error("expected a new id, but '" + buffer.id + "' is in line " +
                 Twine(entry->second) + " too");
  if (llvm::Error failure = parseNumber(Lower, INT64_MIN, buffer.lower))
    return failure;
  if (llvm::Error failure = parseNumber(Upper, INT64_MIN, buffer.upper))
    return failure;
  if (llvm::Error failure = parseNumber(Size, 0, buffer.size))
    return failure;
  if (llvm::Error failure = parseNumber(Alignment, 1, buffer.alignment))
    return failure;
  if (llvm::Error failure = parseNumber(Hint, 0, buffer.hint))
    return failure;
  if (llvm::Error failure = parseNumber(Offset, 0, buffer.fixedOffset))
    return failure;
  if (buffer.lower > buffer.upper)
    return error("expected lower <= upper, got " + Twine(buffer.lower) +
                 " and " + Twine(buffer.upper));
  problem.buffers.push_back(std::move(buffer));
  return llvm::Error::success();
}

llvm::Expected<PackingProblem> CsvParser::parse() {
  rest.consume_front("\xef\xbb\xbf"); // A byte order mark.
  if (!nextLine()) {
    lineNumber = 1;
    return error("expected a header with id, lower, upper and size, but the "
                 "file is empty");
  }
  if (llvm::Error failure = parseHeader())
    return failure;
  PackingProblem problem;
  while (nextLine())
    if (llvm::Error failure = parseRow(problem))
      return failure;
  return problem;
}

llvm::Expected<PackingProblem> mempl::parsePackingCsv(StringRef text,
                                                      StringRef file) {
  return CsvParser(text, file).parse();
}

llvm::Expected<PackingProblem> mempl::readPackingCsv(StringRef path) {
  llvm::Expected<std::string> text = readFile(path);
  if (!text)
    return text.takeError();
  return parsePackingCsv(*text, path);
}

/// An id with quotes around it where a reader needs them.
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

void mempl::writePackingCsv(llvm::raw_ostream &os,
                            const PackingProblem &problem,
                            const std::vector<int64_t> &offsets) {
  assert(offsets.size() == problem.buffers.size() && "one offset per buffer");
  os << "id,lower,upper,size,offset\n";
  for (size_t i = 0; i < offsets.size(); ++i) {
    const PackingBuffer &buffer = problem.buffers[i];
    os << quoted(buffer.id) << ',' << buffer.lower << ',' << buffer.upper << ','
       << buffer.size << ',' << offsets[i] << '\n';
  }
}
