package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"accountfleet/internal/assembly"
	"accountfleet/internal/emulator"
)

// open makes the session ready for a push: the plan comes before everything that costs time.
func (s *Session) open(ctx context.Context) error {
	if err := s.programs(); err != nil {
		return err
	}
	read, err := s.readAndStart(ctx)
	if err != nil {
		return err
	}
	if err := s.organize(ctx); err != nil {
		return err
	}
	if err := s.install(ctx, read); err != nil {
		return err
	}
	if err := read.Resolve(s.physicalID(ctx)); err != nil {
		return err
	}
	plan, err := NewPlan(read)
	if err != nil {
		return err
	}
	s.plan, s.state = plan, newState(s, read.Pipeline)
	return s.openServices(ctx)
}

// readAndStart synthesizes and starts the emulator at the same time. An assembly that is given is read first: what is wrong with it, or
// with what is asked of it, is found before anything is started.
func (s *Session) readAndStart(ctx context.Context) (read *assembly.Assembly, err error) {
	reading := func() (err error) { read, err = s.read(ctx); return err }
	starting := func() error { return s.step("emulator", func() error { return s.startEmulator(ctx) }) }
	if s.options.Assembly != "" {
		if err := reading(); err != nil {
			return nil, err
		}
		return read, starting()
	}
	var group errgroup.Group // both are waited for, so that nothing is left running
	group.Go(starting)
	group.Go(func() error { return s.step("cdk synth", reading) })
	err = group.Wait()
	return read, err
}

// startEmulator starts the emulated AWS, whose log is kept in the session's folder.
func (s *Session) startEmulator(ctx context.Context) error {
	log, err := os.Create(filepath.Join(s.folder, "emulator.log"))
	if err != nil {
		return fmt.Errorf("start the emulator: %w", err)
	}
	s.onClose(func(context.Context) error { return log.Close() })
	endpoint, stop, err := s.options.Start(ctx, log)
	if err != nil {
		return err
	}
	s.endpoint, s.emulator = endpoint, emulator.NewClient(endpoint)
	s.onClose(stop)
	return nil
}

// read synthesizes and reads the assembly, and checks that all of it can be rehearsed.
func (s *Session) read(ctx context.Context) (*assembly.Assembly, error) {
	dir, err := s.synthesize(ctx)
	if err != nil {
		return nil, err
	}
	read, err := assembly.Load(dir)
	if err != nil {
		return nil, err
	}
	plan, err := NewPlan(read)
	if err != nil {
		return nil, err
	}
	return read, s.checkOptions(plan)
}

// checkOptions finds mistakes in what was asked for, before it costs time.
func (s *Session) checkOptions(plan *Plan) error {
	names := plan.StageNames()
	if s.options.To != "" && !slices.Contains(names, s.options.To) {
		return fmt.Errorf("--to %s: the pipeline has no such stage: choose one of %s", s.options.To, strings.Join(names, ", "))
	}
	if s.options.Approve == nil && plan.asks() {
		return fmt.Errorf("the pipeline asks a reviewer and nobody answers: give Options.Approve")
	}
	return nil
}

// asks says whether some action waits for a reviewer.
func (p *Plan) asks() bool {
	for _, s := range p.Stages {
		for _, group := range s.groups {
			for _, step := range group {
				if _, ok := step.handler.(*approval); ok {
					return true
				}
			}
		}
	}
	return false
}

// openServices starts what the rehearsal plays itself: the repository and the credentials of builds.
func (s *Session) openServices(ctx context.Context) error {
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	s.vault = v
	s.onClose(func(context.Context) error { return v.close() })
	source := s.plan.source.handler.(*source)
	s.repository, err = newRepository(ctx, filepath.Join(s.folder, "repository.git"), s.home, source.branch, source.arn, s.endpoint, s.options.Programs.Python)
	if err != nil {
		return err
	}
	return s.host(ctx)
}

// host lets the emulated CodeCommit delete the bare repository and make it again; one behind a connection is nobody's here.
func (s *Session) host(ctx context.Context) error {
	r := s.plan.Assembly.Repository
	if r == nil {
		return nil
	}
	if err := s.emulator.HostRepository(ctx, r.Account, r.Region, r.Name, s.repository.dir); err != nil {
		return fmt.Errorf("repository %s: %w", r.Name, err)
	}
	return nil
}

// programs makes the folder of programs that builds find first in their PATH: what the image of CodeBuild brings, and nothing of the
// user's own.
func (s *Session) programs() error {
	if len(s.options.Programs.CDK) == 0 || s.options.Programs.Python == "" {
		return fmt.Errorf("the cdk CLI and the emulator's Python are needed: run make tools")
	}
	bin := filepath.Join(s.scratch, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("prepare the programs of builds: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(s.options.Programs.Build)) {
		target, err := exec.LookPath(s.options.Programs.Build[name])
		if err != nil {
			return fmt.Errorf("builds need %s: %w", name, err)
		}
		if err := os.Symlink(target, filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("prepare the programs of builds: %w", err)
		}
	}
	s.path = bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	return nil
}
