#compdef apoa
# Completion of apoa in zsh. Written by: apoa completion zsh

_apoa() {
    local kind line word command=${(Q)words[1]}
    local -a lines given plain described
    local -x _APOA_COMPLETE=zsh_complete _APOA_WORDS _APOA_CURRENT=${(Q)PREFIX}
    [[ $command == '~'* ]] && command=${~command}
    given=("${(@Q)words[1,CURRENT-1]}")
    _APOA_WORDS=${(pj:\n:)given}
    lines=("${(@f)$($command 2>/dev/null </dev/null)}")
    if [[ $lines[1] == files* ]]; then
        [[ -n ${lines[1]#files } ]] && compset -P '*='
        _files
        return
    fi
    shift lines
    for line in $lines; do
        word=${line%%$'\t'*}
        if [[ -n ${line#*$'\t'} ]]; then
            described+=("${word//:/\\:}:${line#*$'\t'}")
        else
            plain+=("$word")
        fi
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
    return $(( ! ($#described + $#plain) ))
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _apoa "$@"
else
    compdef _apoa apoa
fi
