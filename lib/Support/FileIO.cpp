//===- FileIO.cpp - whole files, plain or gzip ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// gzip as in RFC 1952, through zlib; a file may have several members, one after
// the other.
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <zlib.h>

using namespace mempl;
using llvm::StringRef;
using llvm::Twine;

/// Bytes that a file may have when unpacked.
static constexpr uint64_t kMaxBytes = uint64_t(4) << 30;
/// Bytes that zlib is handed at a time: its counters have 32 bits.
static constexpr size_t kChunk = size_t(1) << 20;
/// Window of 2^15 bytes, and 16 for "with a gzip header".
static constexpr int kGzipWindow = 15 + 16;

bool mempl::isSameFile(StringRef a, StringRef b) {
  if (a.empty() || b.empty())
    return false;
  llvm::sys::fs::file_status status;
  bool isThere = a != "-" && !llvm::sys::fs::status(a, status);
  if (isThere && !llvm::sys::fs::is_regular_file(status))
    return false;
  return a == b || (isThere && llvm::sys::fs::equivalent(a, b));
}

std::string
mempl::sameOutputs(llvm::ArrayRef<std::pair<StringRef, StringRef>> outputs) {
  for (size_t k = 0; k < outputs.size(); ++k)
    for (const auto &[other, same] : outputs.take_front(k))
      if (auto [option, path] = outputs[k]; isSameFile(path, same))
        return (option + ": expected another file than that of " + other +
                ", found " + path)
            .str();
  return "";
}

llvm::Error mempl::fileError(StringRef file, int64_t line, const Twine &text) {
  std::string where = file == "-" ? "<stdin>" : file.str();
  if (line > 0)
    where += ":" + std::to_string(line);
  return llvm::createStringError(
      escapeForMessage((where + ": error: " + text).str()));
}

std::string mempl::escapeForMessage(StringRef text) {
  std::string escaped;
  llvm::raw_string_ostream os(escaped);
  for (unsigned char c : llvm::json::fixUTF8(text)) {
    if (c < 0x20 || c == 0x7f)
      os << "\\x" << llvm::hexdigit(c >> 4, /*LowerCase=*/true)
         << llvm::hexdigit(c & 15, /*LowerCase=*/true);
    else
      os << c;
  }
  return escaped;
}

static bool isGzip(StringRef data) { return data.starts_with("\x1f\x8b"); }

/// Unpacks `data`. An error text, or nothing.
static const char *gunzip(StringRef data, std::string &contents) {
  z_stream stream = {};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK)
    return "zlib cannot be started";
  auto end = llvm::scope_exit([&] { inflateEnd(&stream); });
  std::string chunk(kChunk, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(data.data()));
  size_t left = data.size();
  while (true) {
    size_t given = std::min(left, kChunk);
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef *>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    int status = inflate(&stream, Z_NO_FLUSH);
    left -= given - stream.avail_in;
    size_t got = chunk.size() - stream.avail_out;
    if (contents.size() + got > kMaxBytes)
      return "more than 4 GiB when unpacked";
    contents.append(chunk, 0, got);
    if (status == Z_STREAM_END) {
      if (left == 0)
        return nullptr;
      if (!isGzip(data.take_back(left)))
        return "corrupt gzip data: something follows its end";
      inflateReset(&stream);
    } else if (status == Z_BUF_ERROR ||
               (status == Z_OK && left == 0 && stream.avail_out != 0)) {
      return "truncated gzip data";
    } else if (status != Z_OK) {
      return "corrupt gzip data";
    }
  }
}

/// Packs `contents`. zlib's own header has no name and no time, so the result
/// depends on nothing else. False if zlib fails.
static bool gzip(StringRef contents, std::string &packed) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 9,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return false;
  auto end = llvm::scope_exit([&] { deflateEnd(&stream); });
  std::string chunk(kChunk, '\0');
  stream.next_in =
      reinterpret_cast<Bytef *>(const_cast<char *>(contents.data()));
  size_t left = contents.size();
  int status = Z_OK;
  while (status == Z_OK) {
    size_t given = std::min(left, kChunk);
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef *>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = deflate(&stream, given == left ? Z_FINISH : Z_NO_FLUSH);
    left -= given - stream.avail_in;
    packed.append(chunk, 0, chunk.size() - stream.avail_out);
  }
  return status == Z_STREAM_END;
}

llvm::Expected<std::string> mempl::readFile(StringRef path) {
  if (path != "-" && llvm::sys::fs::is_directory(path))
    return fileError(path, 0, "cannot be read: it is a directory");
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fileError(path, 0, "cannot be read: " + buffer.getError().message());
  StringRef data = (*buffer)->getBuffer();
  if (data.size() > kMaxBytes)
    return fileError(path, 0, "cannot be read: more than 4 GiB");
  if (!isGzip(data))
    return data.str();
  std::string contents;
  if (const char *problem = gunzip(data, contents))
    return fileError(path, 0, Twine("cannot be read: ") + problem);
  return contents;
}

static llvm::Error writeError(StringRef path, std::error_code ec) {
  return fileError(path, 0, "cannot be written: " + ec.message());
}

/// Writes and closes.
static std::error_code writeAll(int fd, StringRef data) {
  llvm::raw_fd_ostream os(fd, /*shouldClose=*/true, /*unbuffered=*/true);
  os << data;
  os.close();
  std::error_code ec = os.error();
  os.clear_error();
  return ec;
}

/// Writes a regular file by way of a temporary beside it.
static llvm::Error replaceFile(StringRef path, StringRef data) {
  // A link stays a link: what it points to is replaced.
  llvm::SmallString<128> target(path);
  if (llvm::sys::fs::exists(path))
    if (std::error_code ec = llvm::sys::fs::real_path(path, target))
      return writeError(path, ec);
  int fd = -1;
  llvm::SmallString<128> temporary;
  if (std::error_code ec = llvm::sys::fs::createUniqueFile(
          Twine(target) + ".%%%%%%%%.tmp", fd, temporary))
    return writeError(path, ec);
  std::error_code ec = writeAll(fd, data);
  if (!ec)
    ec = llvm::sys::fs::rename(temporary, target);
  if (!ec)
    return llvm::Error::success();
  llvm::sys::fs::remove(temporary);
  return writeError(path, ec);
}

llvm::Error mempl::checkWritable(StringRef file) {
  if (file.empty() || file == "-")
    return llvm::Error::success();
  if (llvm::sys::fs::is_directory(file))
    return writeError(file, std::make_error_code(std::errc::is_a_directory));
  StringRef folder = llvm::sys::path::parent_path(file);
  if (std::error_code ec =
          llvm::sys::fs::access(folder.empty() ? StringRef(".") : folder,
                                llvm::sys::fs::AccessMode::Write))
    return writeError(file, ec);
  return llvm::Error::success();
}

llvm::Error mempl::writeFile(StringRef path, StringRef contents) {
  std::string packed;
  StringRef data = contents;
  if (path.ends_with(".gz")) {
    if (!gzip(contents, packed))
      return fileError(path, 0, "cannot be written: zlib failed");
    data = packed;
  }
  if (path == "-") {
    llvm::outs() << data;
    llvm::outs().flush();
    return llvm::Error::success();
  }
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) &&
      status.type() != llvm::sys::fs::file_type::regular_file) {
    // A device or a pipe is written to; to replace it would be wrong.
    int fd = -1;
    if (std::error_code ec = llvm::sys::fs::openFileForWrite(
            path, fd, llvm::sys::fs::CD_OpenExisting))
      return writeError(path, ec);
    if (std::error_code ec = writeAll(fd, data))
      return writeError(path, ec);
    return llvm::Error::success();
  }
  return replaceFile(path, data);
}
