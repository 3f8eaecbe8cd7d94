package toolbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"accountfleet/requirements"
)

// CodeBuild is the platform on which the pipeline's actions run.
const CodeBuild = "linux-amd64"

// Toolbox knows where tools are on this machine and what they must be.
type Toolbox struct {
	Definitions *Definitions
	Home        string   // unpacked toolbox asset ($FLEET_HOME); empty outside of CodeBuild
	Folder      string   // where tools are installed ($FLEET_TOOLS, default <repository>/.tools)
	Root        string   // repository; empty where there is none
	Locks       fs.FS    // Python locks
	Platform    string   // for example linux-amd64
	Environ     []string // of programs that are run
	Progress    io.Writer
}

// Tool is a program that was found and verified.
type Tool struct {
	Path    string
	Version string
}

// FromEnvironment is the toolbox as $FLEET_HOME, $FLEET_TOOLS, the executable's place and the working folder say.
func FromEnvironment(getenv func(string) string) (*Toolbox, error) {
	definitions, err := Pinned()
	if err != nil {
		return nil, err
	}
	t := &Toolbox{
		Definitions: definitions,
		Home:        getenv("FLEET_HOME"),
		Folder:      getenv("FLEET_TOOLS"),
		Locks:       requirements.Locks,
		Platform:    runtime.GOOS + "-" + runtime.GOARCH,
		Environ:     os.Environ(),
		Progress:    io.Discard,
	}
	if t.Home == "" { // in CodeBuild the working folder holds what was pushed: it says nothing about tools
		t.Root = repository()
	}
	if t.Folder == "" && t.Root != "" {
		t.Folder = filepath.Join(t.Root, ".tools")
	}
	if t.Folder == "" {
		return nil, errors.New("cannot tell where tools are: not in the repository, and FLEET_TOOLS is not set: run inside the repository or set FLEET_TOOLS")
	}
	if t.Folder, err = filepath.Abs(t.Folder); err != nil {
		return nil, fmt.Errorf("folder of tools: %w: set FLEET_TOOLS to an absolute path", err)
	}
	return t, nil
}

// repository is the root of the repository that holds this executable, else of that around the working folder, else empty.
func repository() string {
	var starts []string
	if executable, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(executable))
	}
	if folder, err := os.Getwd(); err == nil {
		starts = append(starts, folder)
	}
	for _, start := range starts {
		for folder := start; ; folder = filepath.Dir(folder) {
			if _, err := os.Stat(filepath.Join(folder, "internal", "toolbox", "tools.yaml")); err == nil {
				return folder
			}
			if folder == filepath.Dir(folder) {
				break
			}
		}
	}
	return ""
}

// stamp is what install writes last into a tool's folder.
type stamp struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Key     string `json:"key"`
}

const stampFile = ".installed.json"

// key digests all that decides what an installed tool is: its definition, the locks that it names and the platform.
func (t *Toolbox) key(tool Definition) (string, error) {
	hash := sha256.New()
	definition, err := json.Marshal(tool)
	if err != nil {
		return "", fmt.Errorf("definition of %s: %w", tool.Name, err)
	}
	fmt.Fprintf(hash, "layout 1\n%s\n%s\n", t.Platform, definition)
	for _, lock := range []string{tool.Source.Pip, tool.Source.UV, tool.Source.Build} {
		if lock == "" {
			continue
		}
		body, err := fs.ReadFile(t.Locks, lock)
		if err != nil {
			return "", fmt.Errorf("lock of %s: %w: make it with make lock", tool.Name, err)
		}
		hash.Write(body)
	}
	switch {
	case tool.Source.NPMLock != "":
		body, err := os.ReadFile(filepath.Join(t.Root, tool.Source.NPMLock))
		if err != nil || t.Root == "" {
			return "", fmt.Errorf("%s is installed from %s of the repository, which is not here: run inside the repository", tool.Name, tool.Source.NPMLock)
		}
		hash.Write(body)
	case tool.Source.Registry != "":
		from, err := t.Definitions.Tool(tool.Source.Registry)
		if err != nil {
			return "", err
		}
		key, err := t.key(from)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(hash, key)
		hash.Write(registryProgram)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// place is the folder of a tool with a key.
func (t *Toolbox) place(tool Definition, key string) string {
	return filepath.Join(t.Folder, "store", tool.Name+"-"+key[:12])
}

// target is a link's path inside a tool's folder on this platform.
func (t *Toolbox) target(tool Definition, link string) string {
	return filepath.FromSlash(strings.ReplaceAll(tool.Links[link], "{platform}", t.Platform))
}

// check says why a tool in place is not the one that key names; nil when it is.
func (t *Toolbox) check(tool Definition, key, place string) error {
	body, err := os.ReadFile(filepath.Join(place, stampFile))
	if err != nil {
		return fmt.Errorf("%s %s is not installed", tool.Name, tool.Version)
	}
	var found stamp
	if err := json.Unmarshal(body, &found); err != nil || found.Key != key {
		return fmt.Errorf("%s is not what tools.yaml names", tool.Name)
	}
	for link := range tool.Links {
		file := filepath.Join(place, t.target(tool, link))
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("%s lacks %s", tool.Name, tool.Links[link])
		}
		if err := matches(file, tool.digests(t.Platform)); err != nil {
			return err
		}
	}
	return nil
}

// matches compares a file with the digests that it may have; any will do, and none means that it is not pinned.
func matches(file string, want []string) error {
	if len(want) == 0 {
		return nil
	}
	got, err := fileDigest(file)
	if err != nil {
		return err
	}
	if slices.Contains(want, got) {
		return nil
	}
	return &DigestError{File: file, Got: got, Want: want}
}

// DigestError says that a file is not the pinned one.
type DigestError struct {
	File string
	Got  string
	Want []string
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s is not the pinned file: sha256 is %s, want %s", e.File, e.Got, strings.Join(e.Want, " or "))
}

func fileDigest(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("digest of %s: %w", name, err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("digest of %s: %w", name, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
