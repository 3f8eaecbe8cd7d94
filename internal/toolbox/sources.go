package toolbox

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	_ "embed" // registry.py
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
)

//go:embed registry.py
var registryProgram []byte

// bringByPip installs the one wheel that brings uv, into an environment that is thrown away.
func (t *Toolbox) bringByPip(ctx context.Context, source Source, folder string) error {
	environment := filepath.Join(folder, "environment")
	if err := t.run(ctx, folder, "python3", "-m", "venv", environment); err != nil {
		return fmt.Errorf("%w: %s", err, t.Definitions.Need("python3").Cure)
	}
	lock, err := t.writeLock(folder, source.Pip)
	if err != nil {
		return err
	}
	python := filepath.Join(environment, "bin", "python")
	err = t.run(ctx, folder, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
		"--only-binary", ":all:", "--require-hashes", "--requirement", lock)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o755); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(environment, "bin", "uv"), filepath.Join(folder, "bin", "uv")); err != nil {
		return err
	}
	return os.RemoveAll(environment)
}

// bringByUV makes a virtual environment that works wherever it is moved, with every file verified against the lock.
func (t *Toolbox) bringByUV(ctx context.Context, source Source, folder string) error {
	uv, err := t.Locate("uv")
	if err != nil {
		return err
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return fmt.Errorf("no python3 in PATH: %s", t.Definitions.Need("python3").Cure)
	}
	lock, err := t.writeLock(folder, source.UV)
	if err != nil {
		return err
	}
	sources := []string{"--no-build"}
	if source.Build != "" {
		constraints, err := t.writeLock(folder, source.Build)
		if err != nil {
			return err
		}
		sources = []string{"--build-constraints", constraints}
	}
	u := *t
	u.Environ = slices.Concat(t.Environ, t.mirrors(ctx), []string{"UV_PYTHON_DOWNLOADS=never", "UV_SYSTEM_CERTS=true", "UV_NATIVE_TLS=true"})
	if err := u.run(ctx, folder, uv.Path, "venv", "--quiet", "--allow-existing", "--relocatable", "--python", python, folder); err != nil {
		return err
	}
	arguments := append([]string{"pip", "install", "--quiet", "--python", filepath.Join(folder, "bin", "python"),
		"--no-deps", "--require-hashes", "--requirement", lock}, sources...)
	if err := u.run(ctx, folder, uv.Path, arguments...); err != nil {
		return err
	}
	return u.run(ctx, folder, uv.Path, "pip", "check", "--quiet", "--python", filepath.Join(folder, "bin", "python"))
}

// writeLock puts a lock where pip and uv can read it.
func (t *Toolbox) writeLock(folder, name string) (string, error) {
	body, err := fs.ReadFile(t.Locks, name)
	if err != nil {
		return "", fmt.Errorf("lock: %w: make it with make lock", err)
	}
	file := filepath.Join(folder, name)
	return file, os.WriteFile(file, body, 0o644)
}

// bringByLock runs npm ci in a copy of the two files that decide what it installs.
func (t *Toolbox) bringByLock(ctx context.Context, source Source, folder string) error {
	for _, name := range []string{"package.json", source.NPMLock} {
		body, err := os.ReadFile(filepath.Join(t.Root, name))
		if err != nil {
			return fmt.Errorf("%w: restore it from git", err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), body, 0o644); err != nil {
			return err
		}
	}
	return t.run(ctx, folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
}

// bringFiles takes the files for this platform and for CodeBuild out of an npm package.
func (t *Toolbox) bringFiles(ctx context.Context, source NPMFiles, folder string) error {
	if source.Files[t.Platform].Path == "" {
		return fmt.Errorf("%s has no file for %s: use Linux or macOS on x86-64 or ARM", source.Package, t.Platform)
	}
	packed := filepath.Join(folder, "packed")
	if err := os.Mkdir(packed, 0o755); err != nil {
		return err
	}
	if err := t.run(ctx, folder, "npm", "pack", "--loglevel=error", "--ignore-scripts", "--pack-destination", packed, source.Package); err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(packed, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack %s left %d archives, want 1: look into %s", source.Package, len(archives), packed)
	}
	if err := checkIntegrity(archives[0], source.Integrity); err != nil {
		return err
	}
	for _, platform := range slices.Compact(slices.Sorted(slices.Values([]string{t.Platform, CodeBuild}))) {
		file, ok := source.Files[platform]
		if !ok {
			continue
		}
		target := filepath.Join(folder, platform, path.Base(file.Path))
		if err := extract(archives[0], path.Join("package", file.Path), target); err != nil {
			return err
		}
		if err := matches(target, []string{file.SHA256}); err != nil {
			return fmt.Errorf("%w: do not use it; compare with the package's other mirrors", err)
		}
	}
	return os.RemoveAll(packed)
}

// checkIntegrity compares an archive with npm's notation sha512-BASE64.
func checkIntegrity(archive, want string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("%w: do not use it; compare with the package's other mirrors",
			&DigestError{File: filepath.Base(archive), Got: got, Want: []string{want}})
	}
	return nil
}

// extract writes the entry called name of a .tgz to target, executable.
func extract(archive, name, target string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	for entries := tar.NewReader(unzipped); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s holds no %s: correct tools.yaml", filepath.Base(archive), name)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		if entry.Name != name || entry.Typeflag != tar.TypeReg {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		out, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, entries)
		return errors.Join(err, out.Close())
	}
}

// bringRegistry writes the registry index from the schemas of another tool.
func (t *Toolbox) bringRegistry(ctx context.Context, source Source, folder string) error {
	from, err := t.Definitions.Tool(source.Registry)
	if err != nil {
		return err
	}
	key, err := t.key(from)
	if err != nil {
		return err
	}
	program := filepath.Join(folder, "registry.py")
	if err := os.WriteFile(program, registryProgram, 0o644); err != nil {
		return err
	}
	python := filepath.Join(t.place(from, key), "bin", "python")
	return t.run(ctx, folder, python, "-I", program, filepath.Join(folder, "registry.json"))
}
