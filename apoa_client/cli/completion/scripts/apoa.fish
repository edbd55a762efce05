# Completion of apoa in fish. Written by: apoa completion fish

function __apoa_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l command (string replace -r '^~' $HOME -- $words[1])
    set -lx _APOA_COMPLETE fish_complete
    set -lx _APOA_WORDS (string join \n -- $words | string collect)
    set -lx _APOA_CURRENT "$current"
    set -l lines ($command 2>/dev/null </dev/null)
    if string match -q 'files*' -- $lines[1]
        set -l prefix (string replace -r '^files ?' '' -- $lines[1])
        for path in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- "$current"))
            echo -- "$prefix$path"
        end
        return
    end
    string join \n -- $lines[2..]
end

complete -c apoa -f -k -a '(__apoa_complete)'
