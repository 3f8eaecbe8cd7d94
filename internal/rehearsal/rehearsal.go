// Package rehearsal runs the pipeline of a cloud assembly on this machine, against the emulated AWS, with the real tools.
//
// It plays those services that have no body in the emulator: CodePipeline (execution.go, condition.go, variables.go, artifacts.go),
// CodeBuild (codebuild.go, phases.go, shell.go, workspace.go, output.go), CodeCommit (repository.go, push.go), and the actions of each
// provider (source.go, cloudformation.go, approval.go), and the rules beside it (starter.go), with what a reviewer decides there
// (offer.go, decide.go). Everything else is a call to the emulator with the credentials of the role
// that would make it on AWS. What may happen is decided before anything runs: start at NewPlan; what happens is in Session.Push.
//
// Nothing about the pipeline is written here: stages, actions, roles, build specifications and rules come from the assembly. What the
// package does not understand is an error, never passed over.
package rehearsal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"accountfleet/internal/emulator"
)

// Options say what to rehearse and how.
type Options struct {
	Project  string // root of the fleet's repository
	Assembly string // synthesized cloud assembly; default: synthesized by the session
	Settings string // fleet.yaml that the app reads, default <Project>/fleet.yaml
	Runs     string // where run folders are made, default <Project>/.fleet/runs
	Cache    string // what build specifications cache, default <Project>/.fleet/cache
	Tools    string // where the fleet's tools are installed, default <Project>/.tools
	To       string // stage after which to stop; default: the last
	Parallel int    // actions that run at the same time, default 3

	Programs Programs
	// Start starts the emulated AWS, which writes its log to log, and returns its address and how to stop it.
	Start   func(ctx context.Context, log io.Writer) (endpoint string, stop func(context.Context) error, err error)
	Approve func(context.Context, Question) (Decision, error) // answers for the reviewer; required if the pipeline asks
	Decide  func(context.Context, Offer) (Ruling, error)      // answers for whoever a build beside the pipeline waits for; default: nobody
	Observe func(Event)                                       // told of progress; default: nobody
	Hooks   Hooks
}

// Programs are the external programs that a session runs.
type Programs struct {
	CDK    []string          // command and arguments that start the cdk CLI
	Python string            // Python of the emulator, also runs the server hook
	Build  map[string]string // programs that builds find in PATH besides the system's, by name; aws is required
}

// Hooks let tests step in.
type Hooks struct {
	// BeforeAction runs before an action; its error breaks the action.
	BeforeAction func(ctx context.Context, stage, action string) error
}

// Session is an installed pipeline on a running emulator. Push may be called again and again.
type Session struct {
	observer
	options    Options
	plan       *Plan
	emulator   *emulator.Client
	endpoint   string
	folder     string // of this session, below Runs
	scratch    string // for what nobody needs afterwards
	home       string // HOME of git and cdk
	path       string // PATH of builds
	repository *repository
	vault      *vault
	state      *state
	executions int
	notes      []string // of the preparation, told with the first push

	closing sync.Mutex
	closers []func(context.Context) error // run in reverse order
}

// Open starts the emulator, synthesizes the pipeline unless it is given, and installs it. Close the session afterwards, also after an
// error of a later call.
func Open(ctx context.Context, o Options) (*Session, error) {
	s, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*grace)
		defer cancel()
		return nil, errors.Join(err, s.Close(clean))
	}
	return s, nil
}

// prepare fills in defaults and makes the session's folder.
func prepare(o Options) (*Session, error) {
	project, err := filepath.Abs(o.Project)
	if err != nil {
		return nil, fmt.Errorf("open a rehearsal: %w", err)
	}
	o.Project = project
	defaults := []struct {
		field *string
		value string
	}{
		{&o.Settings, "fleet.yaml"}, {&o.Runs, ".fleet/runs"}, {&o.Cache, ".fleet/cache"}, {&o.Tools, ".tools"},
	}
	for _, d := range defaults {
		if *d.field == "" {
			*d.field = filepath.Join(project, d.value)
		}
		if *d.field, err = filepath.Abs(*d.field); err != nil {
			return nil, fmt.Errorf("open a rehearsal: %w", err)
		}
	}
	if o.Parallel < 1 {
		o.Parallel = 3
	}
	s := &Session{options: o, observer: observer{next: o.Observe}}
	s.folder = filepath.Join(o.Runs, time.Now().Format("20060102-150405.000"))
	s.scratch, s.home = filepath.Join(s.folder, "scratch"), filepath.Join(s.folder, "scratch", "home")
	if err := os.MkdirAll(s.home, 0o755); err != nil {
		return nil, fmt.Errorf("make the run folder: %w", err)
	}
	return s, nil
}

// Plan is the pipeline that the session runs.
func (s *Session) Plan() *Plan { return s.plan }

// Folder is the session's folder; each execution has one below it.
func (s *Session) Folder() string { return s.folder }

// Endpoint is the address of the emulated AWS. The access key of an account's root user there is the account's id.
func (s *Session) Endpoint() string { return s.endpoint }

// onClose remembers what Close must undo.
func (s *Session) onClose(f func(context.Context) error) {
	s.closing.Lock()
	defer s.closing.Unlock()
	s.closers = append(s.closers, f)
}

// Close stops everything that the session started.
func (s *Session) Close(ctx context.Context) error {
	var problems []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		problems = append(problems, s.closers[i](ctx))
	}
	s.closers = nil
	if err := os.RemoveAll(s.scratch); err != nil {
		problems = append(problems, fmt.Errorf("remove what is not needed any more: %w", err))
	}
	return errors.Join(problems...)
}

// step reports a step of preparation to the observer.
func (s *Session) step(name string, f func() error) error {
	started := time.Now()
	s.observe(Event{Kind: StepStarted, Action: name})
	err := f()
	ended := Event{Kind: StepEnded, Action: name, Outcome: Succeeded, Elapsed: time.Since(started)}
	if err != nil {
		ended.Outcome = Broken
	}
	s.observe(ended)
	return err
}

// Push pushes the catalog in dir as an engineer would, and runs the execution that the push starts, what that starts beside the pipeline,
// and the executions that follow from it. The error says that there was no execution; how an execution ended is in the result, which
// is also in its run folder.
func (s *Session) Push(ctx context.Context, dir string) (*Result, error) {
	e, result, err := s.newExecution(newUUID(), dir)
	if err != nil {
		return nil, err
	}
	if err := s.step("push "+dir, func() error { return s.begin(ctx, e, dir, result) }); err != nil {
		return nil, err
	}
	return result, s.run(ctx, e, result, mostFollowing)
}

// newExecution makes an execution's folder and result.
func (s *Session) newExecution(id, dir string) (*execution, *Result, error) {
	s.executions++
	e := &execution{session: s, id: id, dir: s.executionFolder()}
	e.variables, e.artifacts = newVariables(e.id), newArtifacts(s)
	if err := os.MkdirAll(e.dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("make the run folder: %w", err)
	}
	return e, &Result{
		Format: 1, Pipeline: s.plan.Assembly.Pipeline.Name, Execution: e.id, Catalog: dir, Started: time.Now().UTC(), Folder: e.dir,
	}, nil
}

// mostFollowing is how many executions may follow from a push: a pipeline that starts itself for ever is seen by then.
const mostFollowing = 3

// run carries an execution out, and what follows from it.
func (s *Session) run(ctx context.Context, e *execution, result *Result, following int) error {
	result.Stages = e.stages(ctx, s.options.To)
	result.Outcome, result.Reason = outcome(result.Stages)
	result.gather()
	err := e.tell(ctx, result)
	if err == nil && result.Outcome != Succeeded && ctx.Err() == nil {
		err = e.notify(ctx, e.ended())
	}
	if err == nil {
		e.beside(ctx, result)
		err = e.settle(ctx, result, following)
	}
	if err == nil {
		err = s.describe(ctx, e, result)
	}
	if err != nil && (result.Outcome == Succeeded || ctx.Err() == nil) {
		result.Outcome, result.Reason = Broken, err.Error()
	}
	result.Seconds = time.Since(result.Started).Seconds()
	return result.Write()
}

// follow runs the execution that a project beside the pipeline started, on what the branch holds now.
func (s *Session) follow(ctx context.Context, result *Result, following int) error {
	if len(result.Beside) == 0 || ctx.Err() != nil {
		return nil
	}
	id, err := s.waiting(ctx)
	if err != nil || id == "" {
		return err
	}
	if following == 0 {
		return fmt.Errorf("%d executions followed from one push, and another is started: the pipeline would go on for ever", mostFollowing)
	}
	e, next, err := s.newExecution(id, result.Catalog)
	if err != nil {
		return err
	}
	if e.commit, err = s.repository.git(ctx, "rev-parse", "refs/heads/"+s.plan.source.handler.(*source).branch); err != nil {
		return err
	}
	if e.subject, err = s.repository.git(ctx, "show", "--no-patch", "--format=%s", e.commit); err != nil {
		return err
	}
	next.Commit, next.StartedBy, result.Next = e.commit, result.Beside[len(result.Beside)-1].Name, next
	s.observe(Event{Kind: Note, Text: fmt.Sprintf("%s started the pipeline again, on commit %.12s", next.StartedBy, e.commit)})
	return s.run(ctx, e, next, following-1)
}

// executionFolder is the session's own folder for the first execution, as most sessions have one only, and a folder in it for later ones.
func (s *Session) executionFolder() string {
	if s.executions == 1 {
		return s.folder
	}
	return filepath.Join(s.folder, fmt.Sprintf("push-%d", s.executions))
}

// begin pushes and finds out what the push starts. A push that changes nothing starts nothing; then the pipeline is released, as one
// does in the console.
func (s *Session) begin(ctx context.Context, e *execution, dir string, result *Result) error {
	branch := s.plan.source.handler.(*source).branch
	offer, err := s.copyCatalog(ctx, dir, branch)
	if err != nil {
		return err
	}
	result.Notes = append(s.notes, offer.notes...)
	s.notes = nil
	as := s.plan.Assembly.Engineers
	moved, err := s.push(ctx, offer, as)
	if err != nil {
		return err
	}
	e.commit, result.Commit = offer.head, offer.head
	if e.subject, err = s.repository.git(ctx, "show", "--no-patch", "--format=%s", e.commit); err != nil {
		return err
	}
	if len(moved) == 0 {
		result.StartedBy = "release change"
		result.Notes = append(result.Notes, "the push changed nothing: the pipeline was released by hand, as in the console")
	} else if result.StartedBy, err = s.started(ctx, moved, as); err != nil {
		return err
	}
	for _, note := range result.Notes {
		s.observe(Event{Kind: Note, Text: note})
	}
	return nil
}

// newUUID makes an execution id in the form of AWS's.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
