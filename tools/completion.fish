# Completion of mempl's tools in fish: names of options, files, targets and
# solvers. All of it comes from the tools themselves.
#
#   source tools/completion.fish          # or: mempl completion fish | source
#
# Part of the mempl project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# What may stand behind the `=` of an option.
function __mempl_values_of --argument-names tool option
    switch $option
        case --target
            $tool --list-targets 2>/dev/null | cut -d: -f1
        case --solver
            $tool --list-solvers 2>/dev/null | sed -n 's/^\([a-z]*\):.*/\1/p'
        case '*'
            # <a|b|c> in the list of options.
            $tool --help-list 2>/dev/null | sed -nE "s/^ +$option=<([a-z]+(\|[a-z]+)+)>.*/\1/p" | tr '|' '\n'
    end
end

# Options, --name or --name= for those with a value; or, behind the `=`, values.
function __mempl_complete --argument-names tool
    set -l current (commandline --current-token)
    if string match -q -- '-*=*' $current
        set -l option (string split -m 1 = -- $current)[1]
        # Behind the last comma, for lists.
        set -l before (string replace -r '[^=,]*$' '' -- $current)
        set -l values (__mempl_values_of $tool $option)
        test (count $values) -gt 0
        and printf '%s\n' $before$values
    else if string match -q -- '-*' $current
        $tool --help-list 2>/dev/null | sed -nE 's/^ +(--?[a-z][a-zA-Z0-9-]*)(=?).*/\1\2/p' | sort -u
    end
end

for tool in mempl-opt mempl-solve mempl-translate mempl-train
    complete -c $tool -a "(__mempl_complete $tool)"
end
