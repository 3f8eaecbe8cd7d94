package toolbox

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// archive is a .tar.gz whose bytes follow from names and contents alone: sorted, without times and owners, with fixed modes.
type archive struct {
	files map[string]string // name in the archive -> file
	texts map[string]string // name in the archive -> content
}

func newArchive() *archive {
	return &archive{files: map[string]string{}, texts: map[string]string{}}
}

func (a *archive) add(name, file string) { a.files[name] = file }

// addProgram adds a program for each of its platforms. On a machine like CodeBuild's that is one binary in bin. Elsewhere the
// archive must run on both, in CodeBuild and in this machine's rehearsals, so bin holds a script that chooses.
func (a *archive) addProgram(name, host string, binaries map[string]string) {
	if len(binaries) == 1 {
		a.add(path.Join("bin", name), binaries[host])
		return
	}
	for platform, binary := range binaries {
		a.add(path.Join("bin", platform, name), binary)
	}
	a.texts[path.Join("bin", name)] = fmt.Sprintf(`#!/bin/sh
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=%s ;;
  *) platform=%s ;;
esac
exec "$(dirname -- "$0")/$platform/%s" "$@"
`, CodeBuild, host, name)
}

// write replaces file unless it has the same content already.
func (a *archive) write(file string) (Asset, error) {
	fresh, err := os.CreateTemp(path.Dir(file), ".archive-*")
	if err != nil {
		return Asset{}, err
	}
	defer os.Remove(fresh.Name())
	hash := sha256.New()
	buffer := bufio.NewWriterSize(io.MultiWriter(fresh, hash), 1<<20)
	err = a.encode(buffer)
	if err = errors.Join(err, buffer.Flush(), fresh.Chmod(0o644), fresh.Close()); err != nil {
		return Asset{}, err
	}
	asset := Asset{Path: file, SHA256: hex.EncodeToString(hash.Sum(nil))}
	if digest, err := fileDigest(file); err == nil && digest == asset.SHA256 {
		return asset, nil // its time stays, so that make rebuilds nothing
	}
	asset.Changed = true
	return asset, os.Rename(fresh.Name(), file)
}

func (a *archive) encode(out io.Writer) error {
	// The app's binary holds compressed archives: a higher level takes ten times as long and saves a few percent.
	zipped, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	packed := tar.NewWriter(zipped)
	names := slices.Concat(slices.Collect(maps.Keys(a.files)), slices.Collect(maps.Keys(a.texts)))
	slices.Sort(names)
	for _, name := range names {
		if err := a.entry(packed, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return errors.Join(packed.Close(), zipped.Close())
}

func (a *archive) entry(packed *tar.Writer, name string) error {
	mode := int64(0o644)
	if strings.HasPrefix(name, "bin/") {
		mode = 0o755
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if text, ok := a.texts[name]; ok {
		header.Size = int64(len(text))
		if err := packed.WriteHeader(header); err != nil {
			return err
		}
		_, err := io.WriteString(packed, text)
		return err
	}
	file, err := os.Open(a.files[name])
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := packed.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(packed, file)
	return err
}
