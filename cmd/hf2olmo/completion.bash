# bash completion for hf2olmo, printed by hf2olmo completion bash
_hf2olmo() {
    local IFS=$'\n' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    compopt -o filenames 2>/dev/null
    if [ "$COMP_CWORD" -eq 1 ]; then
        compopt +o filenames 2>/dev/null
        COMPREPLY=($(compgen -W "{{range .}}{{.Name}}${IFS}{{end}}--help${IFS}--version" -- "$cur"))
        return
    fi
    # --dtype=b is three words, of which the last is missing at first
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case ${COMP_WORDS[1]}:$prev in
{{- range $c := .}}{{range .Flags}}
{{- if .Words}}
        {{$c.Name}}:--{{.Name}}) compopt +o filenames 2>/dev/null
            COMPREPLY=($(compgen -W "{{range .Words}}{{.}}${IFS}{{end}}" -- "$cur")); return ;;
{{- else if eq .Value "folders"}}
        {{$c.Name}}:--{{.Name}}) COMPREPLY=($(compgen -d -- "$cur")); return ;;
{{- else if eq .Value "files"}}
        {{$c.Name}}:--{{.Name}}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
{{- else if eq .Value "models"}}
        {{$c.Name}}:--{{.Name}}) _hf2olmo_models; return ;;
{{- else if eq .Value "none"}}
        {{$c.Name}}:--{{.Name}}) return ;;
{{- end}}{{end}}{{end}}
    esac
    case ${COMP_WORDS[1]}:$cur in
{{- range .}}
{{- if .Flags}}
        {{.Name}}:-*) compopt +o filenames 2>/dev/null
            COMPREPLY=($(compgen -W "{{range .Flags}}--{{.Name}}${IFS}{{end}}--help" -- "$cur")) ;;
{{- end}}
{{- if .Files}}
        {{.Name}}:*) {{if .Models}}_hf2olmo_models{{else}}COMPREPLY=($(compgen -f -- "$cur")){{end}} ;;
{{- else if .Words}}
        {{.Name}}:*) compopt +o filenames 2>/dev/null
            COMPREPLY=($(compgen -W "{{range .Words}}{{.}}${IFS}{{end}}" -- "$cur")) ;;
{{- end}}{{end}}
    esac
}
_hf2olmo_models() { # files, and ids of the Hugging Face cache
    COMPREPLY=($(compgen -f -- "$cur") $(compgen -W "$(hf2olmo list --ids 2>/dev/null)" -- "$cur"))
}
complete -o filenames -F _hf2olmo hf2olmo
