#compdef mempl-opt mempl-solve mempl-translate mempl-train
# Completion of mempl's tools in zsh: names of options, files, targets and
# solvers. All of it comes from the tools themselves.
#
#   source tools/completion.zsh           # or: eval "$(mempl completion zsh)"
#
# Part of the mempl project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Options of a tool: --name, or --name= for those with a value.
_mempl_options_of() {
  "$1" --help-list 2>/dev/null |
    sed -nE 's/^ +(--?[a-z][a-zA-Z0-9-]*)(=?).*/\1\2/p' | sort -u
}

# What may stand behind the `=` of an option.
_mempl_values_of() {
  case $2 in
  --target) "$1" --list-targets 2>/dev/null | cut -d: -f1 ;;
  --solver) "$1" --list-solvers 2>/dev/null | sed -n 's/^\([a-z]*\):.*/\1/p' ;;
  *)
    # <a|b|c> in the list of options.
    "$1" --help-list 2>/dev/null | sed -nE "s/^ +$2=<([a-z]+(\|[a-z]+)+)>.*/\1/p" | tr '|' '\n'
    ;;
  esac
}

_mempl() {
  local tool=$words[1] option
  local -a found
  if [[ $PREFIX == -*=* ]]; then
    option=${PREFIX%%=*}
    found=(${(f)"$(_mempl_values_of $tool $option)"})
    compset -P '*='
    (($#found)) || { _files; return }
    # Behind the last comma, for lists.
    compset -P '*,'
    compadd -a found
  elif [[ $PREFIX == -* ]]; then
    found=(${(f)"$(_mempl_options_of $tool)"})
    compadd -S '' -- ${(M)found:#*=}
    compadd -- ${found:#*=}
  else
    _files
  fi
}

# Sourced, or found in $fpath by compinit.
if [[ $funcstack[1] == _mempl ]]; then
  _mempl "$@"
else
  compdef _mempl mempl-opt mempl-solve mempl-translate mempl-train
fi
