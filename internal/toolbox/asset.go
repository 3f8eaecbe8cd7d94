package toolbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Names of the two archives that CodeBuild downloads, each pinned by digest in the pipeline's definition.
const (
	ToolboxArchive = "toolbox.tar.gz" // what every action runs: command, gates, rules, settings
	AppArchive     = "app.tar.gz"     // the CDK app, for the actions that render stacks
)

// BuildOptions say what goes into the archives and where they are put.
type BuildOptions struct {
	Settings string // the organization's fleet.yaml
	Out      string // folder for archives and binaries, .build of the repository
}

// Asset is one archive.
type Asset struct {
	Path    string
	SHA256  string
	Changed bool // it was written just now
}

// builds is what .build remembers of the last build, to do nothing when nothing changed.
type builds struct {
	Inputs string            `json:"inputs"`
	Assets map[string]string `json:"assets"` // archive -> digest
}

const buildsFile = "assets.json"

// Build packs the archives: the same inputs give the same bytes wherever the repository lies. When no input changed it reads and
// compares, and writes nothing.
func (t *Toolbox) Build(ctx context.Context, options BuildOptions) ([]Asset, error) {
	if t.Root == "" {
		return nil, errors.New("the toolbox is built from the repository, which is not here: run inside the repository")
	}
	if err := os.MkdirAll(options.Out, 0o755); err != nil {
		return nil, fmt.Errorf("folder of builds: %w: make it writable", err)
	}
	unlock, err := t.lock(ctx, options.Out)
	if err != nil {
		return nil, err
	}
	defer unlock()
	contents, err := t.contents(options)
	if err != nil {
		return nil, err
	}
	inputs, err := t.inputs(ctx, contents)
	if err != nil {
		return nil, err
	}
	if assets := unchanged(options.Out, inputs); assets != nil {
		return assets, nil
	}
	return t.pack(ctx, options.Out, inputs, contents)
}

// pack compiles, writes both archives and remembers what they were made from.
func (t *Toolbox) pack(ctx context.Context, out, inputs string, toolbox *archive) ([]Asset, error) {
	programs := map[string]map[string]string{"fleet": {}, "app": {}}
	for _, platform := range t.platforms() {
		for program, source := range map[string]string{"fleet": "./cmd/fleet", "app": "."} {
			binary, err := t.compile(ctx, out, platform, program, source)
			if err != nil {
				return nil, err
			}
			programs[program][platform] = binary
		}
	}
	app := newArchive()
	toolbox.addProgram("fleet", t.Platform, programs["fleet"])
	app.addProgram("app", t.Platform, programs["app"])
	record := builds{Inputs: inputs, Assets: map[string]string{}}
	var assets []Asset
	for name, archive := range map[string]*archive{ToolboxArchive: toolbox, AppArchive: app} {
		asset, err := archive.write(filepath.Join(out, name))
		if err != nil {
			return nil, fmt.Errorf("write %s: %w: free some space", name, err)
		}
		record.Assets[name] = asset.SHA256
		assets = append(assets, asset)
	}
	body, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(assets, func(a, b Asset) int { return strings.Compare(a.Path, b.Path) })
	return assets, os.WriteFile(filepath.Join(out, buildsFile), append(body, '\n'), 0o644)
}

// platforms are those on which the archives must run: CodeBuild's, and this machine's for rehearsals.
func (t *Toolbox) platforms() []string {
	return slices.Compact(slices.Sorted(slices.Values([]string{CodeBuild, t.Platform})))
}

// contents is the toolbox archive, except for the fleet command itself.
func (t *Toolbox) contents(options BuildOptions) (*archive, error) {
	contents := newArchive()
	contents.add("fleet.yaml", options.Settings)
	for _, folder := range []string{"guard-rules", "features", "requirements"} {
		err := filepath.WalkDir(filepath.Join(t.Root, folder), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{".go", ".in"}, filepath.Ext(file)) {
				return nil
			}
			if !entry.Type().IsRegular() {
				return fmt.Errorf("%s is no regular file: replace it by one", file)
			}
			name, err := filepath.Rel(t.Root, file)
			contents.add(filepath.ToSlash(name), file)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("contents of the toolbox: %w: restore it from git", err)
		}
	}
	registry, err := t.Registry()
	if err != nil {
		return nil, err
	}
	contents.add("registry.json", registry)
	return contents, t.addTools(contents)
}

// addTools adds the tools whose files are pinned by digest, for every platform of the archive.
func (t *Toolbox) addTools(contents *archive) error {
	for _, name := range []string{"cfn-guard", "git-secrets"} {
		local, err := t.Locate(name)
		if err != nil {
			return err
		}
		tool, _ := t.Definitions.linked("bin/" + name)
		if tool.Source.Script != nil { // a script runs everywhere
			contents.add(path.Join("bin", name), local.Path)
			continue
		}
		binaries := map[string]string{}
		for _, platform := range t.platforms() {
			other := *t
			other.Platform = platform
			binaries[platform] = filepath.Join(filepath.Dir(filepath.Dir(local.Path)), platform, name)
			if err := matches(binaries[platform], tool.digests(platform)); err != nil {
				return fmt.Errorf("%s for %s: %w: remove %s and run make tools", name, platform, err, t.Folder)
			}
		}
		contents.addProgram(name, t.Platform, binaries)
	}
	return nil
}

// inputs digests all that decides the archives: the compiler, the contents, and every file of the repository but its tests. That is
// more than the two binaries are made from, and so misses nothing that is embedded; compiling again without need takes a second.
func (t *Toolbox) inputs(ctx context.Context, contents *archive) (string, error) {
	compiler, err := t.command(ctx, t.Root, "go", "env", "GOVERSION").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w: %s", err, t.Definitions.Need("go").Cure)
	}
	files := map[string]string{}
	for name, file := range contents.files {
		files["contents/"+name] = file
	}
	err = filepath.WalkDir(t.Root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != t.Root && generated(entry.Name()):
			return fs.SkipDir
		case !entry.Type().IsRegular() || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		name, err := filepath.Rel(t.Root, file)
		files["sources/"+filepath.ToSlash(name)] = file
		return err
	})
	if err != nil {
		return "", fmt.Errorf("sources of the toolbox: %w: restore them from git", err)
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s%s\n", compiler, t.platforms())
	for _, name := range slices.Sorted(maps.Keys(files)) {
		digest, err := fileDigest(files[name])
		if err != nil {
			return "", fmt.Errorf("%w: restore it from git", err)
		}
		fmt.Fprintf(hash, "%s %s\n", digest, name)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// generated tells the folders that hold no sources.
func generated(folder string) bool {
	return strings.HasPrefix(folder, ".") || slices.Contains([]string{"cdk.out", "node_modules", "testdata", "__pycache__"}, folder)
}

// unchanged returns the archives of the last build if they were made from inputs and are still as they were written.
func unchanged(out, inputs string) []Asset {
	body, err := os.ReadFile(filepath.Join(out, buildsFile))
	if err != nil {
		return nil
	}
	var last builds
	if json.Unmarshal(body, &last) != nil || last.Inputs != inputs || len(last.Assets) == 0 {
		return nil
	}
	var assets []Asset
	for _, name := range slices.Sorted(maps.Keys(last.Assets)) {
		file := filepath.Join(out, name)
		if digest, err := fileDigest(file); err != nil || digest != last.Assets[name] {
			return nil
		}
		assets = append(assets, Asset{Path: file, SHA256: last.Assets[name]})
	}
	return assets
}

// compile builds one program for a platform. The flags, which the Makefile uses too, make the bytes independent of folder, user and
// commit; the build id stays, because without it go would link again although nothing changed.
func (t *Toolbox) compile(ctx context.Context, out, platform, program, source string) (string, error) {
	binary := filepath.Join(out, platform, program)
	if platform == t.Platform {
		binary = filepath.Join(out, program) // the one that make built
	}
	system, processor, _ := strings.Cut(platform, "-")
	c := *t
	c.Environ = slices.Concat(t.Environ, []string{"CGO_ENABLED=0", "GOOS=" + system, "GOARCH=" + processor, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0"})
	err := c.run(ctx, t.Root, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s", "-o", binary, source)
	if err != nil {
		return "", fmt.Errorf("compile %s for %s: %w", program, platform, err)
	}
	return binary, nil
}
