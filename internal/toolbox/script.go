package toolbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bringScript takes a script whose digest is pinned from wherever this machine has it: PATH, or a Debian package.
//
// A copy in PATH with another digest is passed over when there is another way, and named when there is none.
func (t *Toolbox) bringScript(ctx context.Context, source ScriptFile, folder string) error {
	target := filepath.Join(folder, source.Program)
	var other error
	if found, err := exec.LookPath(source.Program); err == nil {
		if other = matches(found, source.SHA256); other == nil {
			return copyProgram(found, target)
		}
	}
	if _, err := exec.LookPath("apt-get"); err == nil && source.Debian != nil {
		return t.bringFromDebian(ctx, source, folder, target)
	}
	if other != nil {
		return fmt.Errorf("%w: replace it, or take it out of PATH", other)
	}
	return fmt.Errorf("there is none in PATH and no apt-get to bring it: %s", source.Cure)
}

// bringFromDebian downloads a package and unpacks one file. It takes no root: when the machine has no package lists, they are fetched into
// a folder that is thrown away.
func (t *Toolbox) bringFromDebian(ctx context.Context, source ScriptFile, folder, target string) error {
	unpacked := filepath.Join(folder, "unpacked")
	if err := t.run(ctx, folder, "apt-get", "download", "--quiet", source.Debian.Package); err != nil {
		for _, part := range []string{"lists/partial", "archives/partial"} {
			if err := os.MkdirAll(filepath.Join(folder, "apt", part), 0o755); err != nil {
				return err
			}
		}
		options := []string{"-o", "Dir::State::Lists=" + filepath.Join(folder, "apt", "lists"),
			"-o", "Dir::Cache=" + filepath.Join(folder, "apt"), "-o", "APT::Sandbox::User="}
		// without the mode, apt-get ends well when it reached nothing; that some source fails is no matter if another has the package
		unreached := t.run(ctx, folder, "apt-get", append(options, "-o", "APT::Update::Error-Mode=any", "update", "--quiet")...)
		if err := t.run(ctx, folder, "apt-get", append(options, "download", "--quiet", source.Debian.Package)...); err != nil {
			return fmt.Errorf("%w: %s", cmp.Or(unreached, err), source.Cure)
		}
	}
	packages, err := filepath.Glob(filepath.Join(folder, source.Debian.Package+"_*.deb"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("apt-get download %s left %d packages, want 1: %s", source.Debian.Package, len(packages), source.Cure)
	}
	if err := t.run(ctx, folder, "dpkg-deb", "--extract", packages[0], unpacked); err != nil {
		return err
	}
	file := filepath.Join(unpacked, filepath.FromSlash(source.Debian.Path))
	if err := matches(file, source.SHA256); err != nil {
		return fmt.Errorf("%w: %s", err, source.Cure)
	}
	if err := os.Rename(file, target); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(unpacked), os.Remove(packages[0]), os.RemoveAll(filepath.Join(folder, "apt")))
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// mirrors tells uv which package index pip is set up to use, unless uv has settings of its own: uv does not read pip's.
func (t *Toolbox) mirrors(ctx context.Context) []string {
	for _, variable := range t.Environ {
		if strings.HasPrefix(variable, "UV_INDEX") || strings.HasPrefix(variable, "UV_DEFAULT_INDEX") {
			return nil
		}
	}
	command := t.command(ctx, t.Folder, "python3", "-m", "pip", "config", "list")
	output, err := command.Output()
	if err != nil { // a Python without pip has no settings of pip
		return nil
	}
	names := map[string]string{"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
	var variables []string
	for line := range strings.Lines(string(output)) {
		setting, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		name := names[setting[strings.LastIndex(setting, ".")+1:]]
		if ok && name != "" {
			variables = append(variables, name+"="+strings.Trim(value, "'\""))
		}
	}
	return variables
}
