//===- TrajectoryIO.h - games as bytes --------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What actors send to a learner, and what checkpoints keep. A program is named
// by a key that is made of its contents, so that a game is never taken for one
// of another program. Whoever takes games from elsewhere plays them again: a
// faulty actor can do no harm.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_TRAJECTORYIO_H
#define MEMPL_MUZERO_TRAJECTORYIO_H

#include "mempl/MuZero/ReplayBuffer.h"

#include <functional>

namespace mempl {

/// 16 hexadecimal digits: equal for programs that play alike, and for others
/// only by chance.
std::string programKey(const Game &program);

/// Bytes of games, little-endian. `keyOf` gives the key of a program by its
/// number.
std::string
serializeGames(llvm::ArrayRef<std::shared_ptr<const Trajectory>> games,
               llvm::function_ref<std::string(int32_t program)> keyOf);

/// What serializeGames() made; `numberOf` gives the number of a key, -1 if it
/// is not known (such games are left out). An error if the bytes are damaged or
/// of a newer version; `name` stands for them.
llvm::Expected<std::vector<Trajectory>>
deserializeGames(llvm::StringRef bytes, llvm::StringRef name,
                 llvm::function_ref<int32_t(llvm::StringRef key)> numberOf);

/// Numbers, little-endian, 4 bytes each.
std::string floatsAsBytes(llvm::ArrayRef<float> numbers);
/// The same back; what is left of the bytes is ignored.
std::vector<float> floatsFromBytes(llvm::StringRef bytes);

/// Plays a game again, from the first state of `game`, which is where it is
/// afterwards too, and sets its rewards, latency and return to what they are.
/// False if it is none of that program: an action is not legal, or the game is
/// not over at its end, or numbers are not finite.
bool playAgain(GameState &game, Trajectory &trajectory);

} // namespace mempl

#endif // MEMPL_MUZERO_TRAJECTORYIO_H
