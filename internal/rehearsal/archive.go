package rehearsal

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"accountfleet/internal/rehearsal/buildspec"
)

// epoch is the time of every file in an artifact: the same files make the same zip.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes files into a zip at path.
func pack(path string, files []buildspec.File) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("pack artifact: %w", err)
	}
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("pack artifact: %w", err)
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	archive := zip.NewWriter(out)
	for _, f := range files {
		if err := packFile(archive, f); err != nil {
			return fmt.Errorf("pack %s: %w", f.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("pack artifact: %w", err)
	}
	return nil
}

func packFile(archive *zip.Writer, f buildspec.File) error {
	in, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: epoch}
	header.SetMode(info.Mode().Perm())
	out, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return err
}

// unpack extracts a zip into dir. A name that leads out of dir is an error.
func unpack(path, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("unpack artifact: %w", err)
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("unpack artifact %s: %w", path, err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		if err := unpackFile(f, dir); err != nil {
			return fmt.Errorf("unpack %s of %s: %w", f.Name, path, err)
		}
	}
	return nil
}

func unpackFile(f *zip.File, dir string) (err error) {
	if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
		return fmt.Errorf("the name leads out of the artifact")
	}
	target := filepath.Join(dir, filepath.FromSlash(f.Name))
	if f.FileInfo().IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, f.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	_, err = io.Copy(out, in)
	return err
}
