package main

import (
	_ "embed"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmocore"
)

// versionText is the version of the program, of its packages and of its manual: it is written nowhere else.
//
//go:embed version.txt
var versionText string

func version() string { return strings.TrimSpace(versionText) }

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:            "version",
		Usage:           "print the version of this program",
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Flags:           []cli.Flag{toggle("json", "print one JSON object")},
		Action:          printVersion,
	}
}

func printVersion(c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef(c, "version takes no argument")
	}
	if c.Bool("json") {
		writeJSON(c.App.Writer, versionRecord{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
			[]string{olmocore.FirstVersion, olmocore.LastVersion}, folder.ManifestLayout})
		return nil
	}
	printf(c.App.Writer, "hf2olmo %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
