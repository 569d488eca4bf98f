# Completion of trailwarden's commands, options and their values for bash. What is offered is what
# the program's own --help says, so that it cannot be out of date: lines of two blanks and a word
# are commands, lines with "--name VALUE  text" options.

# The help of the program after the words given; nothing of theirs is a value.
_trailwarden_help() {
    "${COMP_WORDS[0]}" "$@" --help 2>/dev/null
}

# Those that the help lists, if its first line asks for one.
_trailwarden_commands() {
    sed -n '1{/ COMMAND /!q}; s/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' <<<"$1"
}

# The line of an option, by its name or letter.
_trailwarden_line() {
    grep -E -m 1 -- "^ +(-[a-z], )?$2 |^ +$2, --" <<<"$1"
}

# The values that an option's line tells.
_trailwarden_values() {
    local argument text
    read -r argument text < <(sed -E 's/^ +(-[a-z], )?--[a-z-]+ //' <<<"$1")
    case $argument in
    LEVEL) echo informational low medium high critical ;;
    FORMAT | KIND) sed -E 's/[:;].*//; s/\([a-z]*\)|,|\<or\>//g' <<<"$text" ;;
    STATE) echo memory dynamodb: ;;
    esac
}

_trailwarden_wants_value() {
    grep -qE -- '--[a-z-]+ [A-Z]' <<<"$1"
}

_trailwarden() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local help commands line at=1 words=()
    if [ "$current" = = ]; then
        current=''
    elif [ "$before" = = ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    help=$(_trailwarden_help)
    # Commands of commands: as long as the help lists some, the next word is one of them.
    while commands=$(_trailwarden_commands "$help") && [ -n "$commands" ]; do
        if [ "$at" -ge "$COMP_CWORD" ]; then
            mapfile -t COMPREPLY < <(compgen -W "$commands --help" -- "$current")
            return
        fi
        words+=("${COMP_WORDS[at]}")
        help=$(_trailwarden_help "${words[@]}")
        at=$((at + 1))
    done
    case $before in
    -*)
        line=$(_trailwarden_line "$help" "$before")
        if _trailwarden_wants_value "$line"; then
            mapfile -t COMPREPLY < <(compgen -W "$(_trailwarden_values "$line")" -- "$current")
            return # none: readline's own, files
        fi
        ;;
    esac
    case $current in
    -*)
        mapfile -t COMPREPLY < <(compgen -W "$(grep -oE '^ +(-[a-z], )?--[a-z-]+' <<<"$help" |
            grep -oE -- '--[a-z-]+')" -- "$current")
        ;;
    esac
}

complete -o default -F _trailwarden trailwarden
