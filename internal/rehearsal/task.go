package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"

	"accountfleet/internal/assembly"
)

// handler carries out the actions of one provider. There is one for each provider, in the file named after it.
type handler interface {
	// offers says which variables the action will export, for the plan.
	offers() namespace
	// run carries out the action and returns its variables. A *Failure says that what was pushed is wrong; every other error
	// that something is broken.
	run(ctx context.Context, t *task) (map[string]string, error)
}

// task is one run of one action.
type task struct {
	session   *Session
	execution *execution
	stage     string
	action    assembly.Action // its configuration has no variables left
	dir       string          // the action's folder in the run folder
	log       *os.File
	result    *ActionResult // where a handler leaves what it learned
}

// Failure says that an action failed because of what was pushed.
type Failure struct {
	Reason   string
	Rejected bool // by the reviewer
}

func (f *Failure) Error() string { return f.Reason }

func failure(format string, args ...any) error { return &Failure{Reason: fmt.Sprintf(format, args...)} }

// isFailure says whether err is the fault of what was pushed.
func isFailure(err error) bool {
	var f *Failure
	return errors.As(err, &f)
}

// identity is the role by which the pipeline carries out the action: the action's own, assumed by the pipeline's, or the pipeline's.
func (t *task) identity(ctx context.Context) (identity, error) {
	pipeline, err := t.session.pipelineIdentity(ctx)
	if err != nil {
		return identity{}, err
	}
	if t.action.RoleARN == "" || t.action.RoleARN == pipeline.arn {
		return pipeline.in(t.action.Region), nil
	}
	return t.session.chained(ctx, pipeline, t.action.RoleARN, t.action.Region)
}

// pipelineIdentity is the pipeline's own role, taken by CodePipeline.
func (s *Session) pipelineIdentity(ctx context.Context) (identity, error) {
	p := s.plan.Assembly.Pipeline
	return s.service(ctx, p.RoleARN, "codepipeline.amazonaws.com", p.Region)
}

// say writes a line to the action's log.
func (t *task) say(format string, args ...any) { fmt.Fprintf(t.log, format+"\n", args...) }
