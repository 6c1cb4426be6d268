# Completion of mempl's tools in bash: names of options, files, targets and
# solvers. All of it comes from the tools themselves.
#
#   source tools/completion.bash          # or: eval "$(mempl completion)"
#
# Part of the mempl project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

declare -gA _mempl_options

# Options of a tool, asked for once: --name, or --name= for those with a value.
_mempl_options_of() {
  if [[ -z ${_mempl_options[$1]:-} ]]; then
    _mempl_options[$1]=$("$1" --help-list 2>/dev/null |
      sed -nE 's/^ +(--?[a-z][a-zA-Z0-9-]*)(=?).*/\1\2/p' | sort -u)
  fi
  printf '%s\n' "${_mempl_options[$1]}"
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

_mempl_complete() {
  local tool=$1 current=${COMP_WORDS[COMP_CWORD]} option='' before=''
  # `=` is a word of its own.
  if [[ $current == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 1]} current=''
  elif ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if [[ -n $option ]]; then
    # Behind the last comma, for lists.
    if [[ $current == *,* ]]; then
      before=${current%,*}, current=${current##*,}
    fi
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$(_mempl_values_of "$tool" "$option")" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_mempl_options_of "$tool")" -- "$current")
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *= ]]; then
      compopt -o nospace 2>/dev/null
    fi
  fi
}

# Files where there is nothing else.
complete -o bashdefault -o default -F _mempl_complete \
  mempl-opt mempl-solve mempl-translate mempl-train
