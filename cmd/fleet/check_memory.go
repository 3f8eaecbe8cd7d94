package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"accountfleet/internal/gate/memory"
)

// remembered opens what this program found before, under these settings. Whatever hinders that only makes the check slower, and is said.
func remembered(streams *IO, settings string) *memory.Memory {
	m, err := openMemory(streams, settings)
	if err != nil {
		fmt.Fprintf(streams.Err, "fleet: nothing is remembered: %v\n", err)
	}
	return m
}

func openMemory(streams *IO, settings string) (*memory.Memory, error) {
	folder := streams.Getenv("FLEET_CACHE")
	if folder == "" {
		home, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("%w: set FLEET_CACHE to a folder", err)
		}
		folder = filepath.Join(home, "fleet", "checks")
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var identity []string
	for _, path := range []string{program, settings} {
		digest, err := digestOf(path)
		if err != nil {
			return nil, err
		}
		identity = append(identity, digest)
	}
	return memory.Open(folder, identity...)
}

func digestOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("digest of %s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
