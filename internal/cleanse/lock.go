package cleanse

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// locker is a Store of which other processes of this machine must keep away while one works: two would give their rounds the same id.
type locker interface {
	Lock() (unlock func(), err error)
}

// Names of files that say, by a lock, that a process is at work. The system takes the lock away when the process ends, however it does.
const (
	storeLock  = ".lock"
	folderLock = ".owner"
	prefix     = "fleet-cleanse-" // of private folders
)

// errBusy says that another process has the lock.
var errBusy = errors.New("another process is at work")

func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errBusy
		}
		return nil, err
	}
	return file, nil
}

// release ends a lock. Closing the file is not enough: a program that another goroutine is just starting has a copy of it for a moment.
func release(file *os.File) {
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
	_ = file.Close()
}

// Lock keeps other processes away until unlock.
func (f Folder) Lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, fmt.Errorf("bundle folder: %w: make it writable or name another by --bundle", err)
	}
	file, err := lockFile(filepath.Join(string(f), storeLock))
	if errors.Is(err, errBusy) {
		return nil, fmt.Errorf("another fleet cleanse works with the bundle folder %s: wait until it ends; nothing was changed", string(f))
	}
	if err != nil {
		return nil, fmt.Errorf("bundle folder: %w: make it writable or name another by --bundle", err)
	}
	return func() { release(file) }, nil
}

// openAlone is open for a command that changes something: close gives the store free again.
func openAlone(o Options) (*Cleansing, error) {
	c, err := open(o)
	if err != nil {
		return nil, err
	}
	if store, ok := c.Store.(locker); ok {
		if c.unlock, err = store.Lock(); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// ownerless is how long a private folder without a lock may be one that is just being made.
const ownerless = time.Hour

// sweep removes private folders of processes that were killed: they hold clones with the secret.
func sweep(temp string) {
	if temp == "" {
		temp = os.TempDir()
	}
	folders, err := filepath.Glob(filepath.Join(temp, prefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range folders {
		info, err := os.Lstat(folder)
		if err != nil || !info.IsDir() {
			continue
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
			continue
		}
		if _, err := os.Lstat(filepath.Join(folder, folderLock)); err != nil {
			if time.Since(info.ModTime()) > ownerless {
				_ = os.RemoveAll(folder)
			}
			continue
		}
		if file, err := lockFile(filepath.Join(folder, folderLock)); err == nil {
			_ = os.RemoveAll(folder)
			release(file)
		}
	}
}
