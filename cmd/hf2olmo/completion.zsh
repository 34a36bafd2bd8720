#compdef hf2olmo
# zsh completion for hf2olmo, printed by hf2olmo completion zsh
_hf2olmo() {
    local -a commands
    commands=(
{{- range .}}
        '{{.Name}}:{{zsh .Usage}}'
{{- end}}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{{- range .}}
    {{.Name}})
        _arguments \
{{- range .Flags}}
            '--{{.Name}}[{{zsh .Usage}}]
{{- if .Words}}:value:({{join .Words " "}}){{else if eq .Value "folders"}}:folder:_files -/{{else if eq .Value "files"}}:file:_files{{else if eq .Value "none"}}:value: {{end}}' \
{{- end}}
{{- if .Files}}
            '*:path:_files' ;;
{{- else if .Words}}
            '*:name:({{join .Words " "}})' ;;
{{- else}}
            ':' ;;
{{- end}}{{end}}
    esac
}
if [ "$funcstack[1]" = "_hf2olmo" ]; then
    _hf2olmo "$@"
else
    compdef _hf2olmo hf2olmo
fi
