# fish completion for hf2olmo, printed by hf2olmo completion fish
complete -c hf2olmo -f -n __fish_use_subcommand
complete -c hf2olmo -n __fish_use_subcommand -l version -d 'print the version'
complete -c hf2olmo -n __fish_use_subcommand -l help -d 'show help'
{{- range $c := .}}
complete -c hf2olmo -n __fish_use_subcommand -a {{.Name}} -d {{quote .Usage}}
{{- if .Words}}
complete -c hf2olmo -f -n '__fish_seen_subcommand_from {{.Name}}' -a {{quote (join .Words " ")}}
{{- else if not .Files}}
complete -c hf2olmo -f -n '__fish_seen_subcommand_from {{.Name}}'
{{- end}}
{{- if .Models}}
complete -c hf2olmo -n '__fish_seen_subcommand_from {{.Name}}' -a '(hf2olmo list --ids 2>/dev/null)'
{{- end}}
{{- range .Flags}}
complete -c hf2olmo -n '__fish_seen_subcommand_from {{$c.Name}}' -l {{.Name}}
{{- if .Words}} -x -a {{quote (join .Words " ")}}{{else if eq .Value "folders"}} -x -a '(__fish_complete_directories)'{{else if eq .Value "files"}} -r -F{{else if eq .Value "models"}} -r -F -a '(hf2olmo list --ids 2>/dev/null)'{{else if eq .Value "none"}} -x{{end}} -d {{quote .Usage}}
{{- end}}{{end}}
