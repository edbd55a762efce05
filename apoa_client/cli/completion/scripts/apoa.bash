# Completion of apoa in bash. Written by: apoa completion bash

_apoa_completion() {
    local line kind=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <(
        _APOA_COMPLETE=bash_complete _APOA_LINE="${COMP_LINE:0:COMP_POINT}" _APOA_TYPE="$COMP_TYPE" \
            _APOA_BREAKS="$COMP_WORDBREAKS" "${1/#\~/$HOME}" 2>/dev/null </dev/null
    )
    if [[ $kind == files* ]]; then
        if type compopt >/dev/null 2>&1; then
            compopt -o default -o bashdefault
        else
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2")
        fi
    fi
}

complete -o nosort -F _apoa_completion apoa 2>/dev/null || complete -F _apoa_completion apoa
