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
        if [[ $words[2] == -* ]]; then
            compadd -- --help --version
        else
            _describe command commands
        fi
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
            '--{{.Name}}{{if or .Words .Value}}={{end}}[{{zsh .Usage}}]
{{- if .Words}}:value:({{join .Words " "}}){{else if eq .Value "folders"}}:folder:_files -/{{else if eq .Value "files"}}:file:_files{{else if eq .Value "models"}}:model:_hf2olmo_models{{else if eq .Value "none"}}:value: {{end}}' \
{{- end}}
{{- if .Files}}
            '*:path:{{if .Models}}_hf2olmo_models{{else}}_files{{end}}' ;;
{{- else if .Words}}
            '*:name:({{join .Words " "}})' ;;
{{- else}}
            '*: :()' ;;
{{- end}}{{end}}
    esac
}
_hf2olmo_models() {
    _alternative 'files:file:_files' "ids:model in the Hugging Face cache:($(hf2olmo list --ids 2>/dev/null))"
}
if [ "$funcstack[1]" = "_hf2olmo" ]; then
    _hf2olmo "$@"
else
    compdef _hf2olmo hf2olmo
fi
