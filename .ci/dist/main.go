// Command dist makes the files of a release in the folder dist: for each system an archive and a Python wheel, for
// Linux a Debian and an RPM package, and the SHA-256 sums of them all. Two runs on one commit with one version of Go
// make the same bytes: names are sorted, and every time is fixed.
//
//	go run .ci/dist/*.go
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// changed is the time of every file in every package. Wheels cannot have an earlier one.
var changed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// nfpm makes the packages for Debian and RPM by .ci/nfpm.yaml.
const nfpm = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2"

// A platform is a system that a release is for, and how wheels call it.
type platform struct{ system, machine, wheel string }

var platforms = []platform{
	{"linux", "amd64", "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"},
	{"linux", "arm64", "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"},
	{"darwin", "amd64", "macosx_12_0_x86_64"},
	{"darwin", "arm64", "macosx_12_0_arm64"},
}

// A file of a package.
type file struct {
	name string
	data []byte
	mode os.FileMode
}

func main() {
	log.SetFlags(0)
	if err := run("dist"); err != nil {
		log.Fatal(err)
	}
}

func run(out string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	stage := filepath.Join(out, "stage")
	if err := os.MkdirAll(stage, 0o777); err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	version, err := os.ReadFile("cmd/hf2olmo/version.txt")
	if err != nil {
		return err
	}
	common, err := writeTexts(stage)
	if err != nil {
		return err
	}
	for _, p := range platforms {
		if err := p.release(out, stage, strings.TrimSpace(string(version)), common); err != nil {
			return fmt.Errorf("%s/%s: %w", p.system, p.machine, err)
		}
	}
	return writeSums(out)
}

// release makes the packages of one platform.
func (p platform) release(out, stage, version string, texts []file) error {
	path := filepath.Join(stage, "hf2olmo")
	if err := build(path, p.system, p.machine); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	binary := file{"hf2olmo", data, 0o755}
	if err := writeArchive(out, fmt.Sprintf("hf2olmo-%s-%s-%s", version, p.system, p.machine), binary, texts); err != nil {
		return err
	}
	if err := writeWheel(out, version, p.wheel, binary, texts); err != nil {
		return err
	}
	if p.system != "linux" {
		return nil
	}
	return p.systemPackages(out, stage, version)
}

// systemPackages makes the packages for Debian and RPM, whose config is a template.
func (p platform) systemPackages(out, stage, version string) error {
	values := map[string]string{"VERSION": version, "MACHINE": p.machine, "STAGE": stage,
		"MTIME": changed.Format(time.RFC3339)}
	text, err := os.ReadFile(".ci/nfpm.yaml")
	if err != nil {
		return err
	}
	config := filepath.Join(stage, "nfpm.yaml")
	filled := os.Expand(string(text), func(name string) string { return values[name] })
	if err := os.WriteFile(config, []byte(filled), 0o666); err != nil {
		return err
	}
	for _, packager := range []string{"deb", "rpm"} {
		c := exec.Command("go", "run", nfpm, "package", "--config", config, "--packager", packager, "--target", out)
		c.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", changed.Unix()))
		if text, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", packager, err, text)
		}
	}
	return nil
}

// build makes the program for a system, as "make build" does.
func build(path, system, machine string) error {
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", path,
		"./cmd/hf2olmo")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+machine)
	c.Stderr = os.Stderr
	return c.Run()
}

// writeTexts writes the manual and the completions, which the program prints, and the license into the folder of
// the packages' files, and returns them.
func writeTexts(stage string) (texts []file, err error) {
	own := filepath.Join(stage, "own")
	if err := build(own, "", ""); err != nil {
		return nil, err
	}
	for name, args := range map[string][]string{
		"hf2olmo.1": {"man"}, "hf2olmo.bash": {"completion", "bash"}, "_hf2olmo": {"completion", "zsh"},
		"hf2olmo.fish": {"completion", "fish"},
	} {
		data, err := exec.Command(own, args...).Output()
		if err != nil {
			return nil, fmt.Errorf("hf2olmo %v: %w", args, err)
		}
		texts = append(texts, file{name, data, 0o644})
	}
	for _, name := range []string{"LICENSE", "README.md"} {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, file{name, data, 0o644})
	}
	for _, f := range texts {
		if err := os.WriteFile(filepath.Join(stage, f.name), f.data, f.mode); err != nil {
			return nil, err
		}
		if f.name != "hf2olmo.1" {
			continue
		}
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		w.Write(f.data)
		w.Close()
		if err := os.WriteFile(filepath.Join(stage, f.name+".gz"), packed.Bytes(), f.mode); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// writeSums writes SHA256SUMS, as sha256sum -c reads it.
func writeSums(out string) error {
	names, err := filepath.Glob(filepath.Join(out, "hf2olmo*"))
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), filepath.Base(name))
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o666)
}
