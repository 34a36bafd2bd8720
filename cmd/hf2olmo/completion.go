package main

import (
	"cmp"
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"

	"hf2olmo/keymap"
)

//go:embed completion.bash
var completionBash string

//go:embed completion.zsh
var completionZsh string

//go:embed completion.fish
var completionFish string

// completions are the templates of the completion scripts, by shell.
var completions = map[string]string{"bash": completionBash, "zsh": completionZsh, "fish": completionFish}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the completion script for a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: `   source <(hf2olmo completion bash)                                  # in ~/.bashrc
   hf2olmo completion zsh >"${fpath[1]}/_hf2olmo"                     # then restart zsh
   hf2olmo completion fish >~/.config/fish/completions/hf2olmo.fish`,
		OnUsageError:    onUsageError,
		HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			text, known := completions[c.Args().First()]
			if !known || c.NArg() != 1 {
				return usagef(c, "completion takes one of bash, zsh and fish")
			}
			functions := template.FuncMap{"quote": quoted, "zsh": zshText, "join": strings.Join}
			t, err := template.New("completion").Funcs(functions).Parse(text)
			if err != nil {
				return err
			}
			return t.Execute(c.App.Writer, completed(c.App))
		},
	}
}

// completedCommand describes a command to a template.
type completedCommand struct {
	Name, Usage string
	Flags       []completedFlag
	Words       []string // its possible arguments
	Files       bool     // its arguments are files
	Models      bool     // or ids of models in the Hugging Face cache
}

// completedFlag describes a flag and its value: "" for none, "files", "folders", "models" (files, and
// ids of the Hugging Face cache), "none" for any text, or Words.
type completedFlag struct {
	Name, Usage, Value string
	Words              []string
}

// completed lists the commands of the app, so that the scripts always match it.
func completed(app *cli.App) []completedCommand {
	names := []string{}
	for _, c := range app.VisibleCommands() {
		names = append(names, c.Name)
	}
	words := map[string][]string{
		"completion": {"bash", "zsh", "fish"}, "help": names, "keymap": tableNames(), "version": {}, "list": {},
	}
	models := []string{"convert", "verify", "inspect"}
	var commands []completedCommand
	for _, c := range app.VisibleCommands() {
		list, hasWords := words[c.Name]
		commands = append(commands,
			completedCommand{Name: c.Name, Usage: c.Usage, Flags: completedFlags(c), Words: list, Files: !hasWords,
				Models: slices.Contains(models, c.Name)})
	}
	slices.SortFunc(commands, func(a, b completedCommand) int { return cmp.Compare(a.Name, b.Name) })
	return commands
}

func completedFlags(c *cli.Command) []completedFlag {
	values := map[string]completedFlag{
		"target": {Words: keymap.Targets()}, "dtype": {Words: []string{"auto", "float32", "bfloat16", "float16"}},
		"output": {Value: "folders"}, "into": {Value: "folders"},
		"keymap": {Value: "files"}, "tokenizer": {Value: "models"}, "like": {Value: "models"},
	}
	var flags []completedFlag
	for _, f := range c.VisibleFlags() {
		name := f.Names()[0]
		if name == "help" {
			continue
		}
		flag := values[name]
		flag.Name = name
		if doc, ok := f.(cli.DocGenerationFlag); ok {
			flag.Usage = placeholder.ReplaceAllString(doc.GetUsage(), "$1")
			if doc.TakesValue() && flag.Value == "" && flag.Words == nil {
				flag.Value = "none"
			}
		}
		flags = append(flags, flag)
	}
	return flags
}

// placeholder matches the name of a flag's value in its usage text.
var placeholder = regexp.MustCompile("`([^`]*)`")

// quoted is a word in single quotes, for all three shells. Single quotes in it become apostrophes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "’") + "'" }

// zshText is a description in a specification of zsh's _arguments, where brackets and colons are syntax.
func zshText(s string) string {
	return strings.NewReplacer("[", "(", "]", ")", ":", `\:`, "'", "’").Replace(s)
}
