package main

import (
	"runtime"

	"github.com/urfave/cli/v2"
)

// version is set when a release is built: -ldflags "-X main.version=1.0.0".
var version = "development"

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
		writeJSON(c.App.Writer, versionRecord{version, runtime.Version(), runtime.GOOS, runtime.GOARCH})
		return nil
	}
	printf(c.App.Writer, "hf2olmo %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
