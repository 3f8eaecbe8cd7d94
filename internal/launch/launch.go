// Package launch puts products into accounts and takes them away again: Provision and Test for Beta, Consume for Gamma.
//
// Each of the three takes a bundle's changed products, exercises them, removes what must not stay, and returns an
// evidence.Evidence that says what was done and at which level every resource was exercised. What a product did wrong is a finding of that
// evidence; a Go error means that the environment is broken, and evidence of what was proved until then is returned all the same.
// AWS is reached through small interfaces that internal/cloud implements. Start at Provision.Run.
package launch

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/resolve"
)

// Stacks deploys, deletes and inspects stacks of one account and region; *cloud.Stacks is one.
type Stacks interface {
	Deploy(ctx context.Context, stack cloud.Stack) (cloud.Deployed, error)
	Delete(ctx context.Context, id, roleARN string) error
	Leftovers(ctx context.Context, id string) ([]cloud.StackResource, error)
	ID(ctx context.Context, name string) (string, error)
}

// Sweeper removes a resource that outlived its stack; *cloud.Sweeper is one.
type Sweeper interface {
	Remove(ctx context.Context, r cloud.StackResource) error
}

// Levels says how each resource of a stack was exercised.
type Levels interface {
	Resources(ctx context.Context, account, region, stack string) ([]evidence.Resource, error)
}

// Log is where progress goes, one line a fact, safe for parallel use.
type Log struct {
	mu sync.Mutex
	w  io.Writer
}

// NewLog writes progress to w.
func NewLog(w io.Writer) *Log { return &Log{w: w} }

func (l *Log) line(product, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%-18s %s\n", product, fmt.Sprintf(format, args...))
}

// journal records what is done with one product.
type journal struct {
	action   string
	log      *Log
	now      func() time.Time
	product  evidence.Product
	findings []finding.Finding
	broken   error
}

func newJournal(action string, p bundle.Product, log *Log, now func() time.Time) *journal {
	return &journal{action: action, log: log, now: now, product: evidence.Product{ID: p.ID, Version: p.Candidate().Version}}
}

// step runs do, records its outcome and says whether it passed. do returns a detail for people.
func (j *journal) step(name string, do func() (string, error)) bool {
	started := j.now()
	detail, err := do()
	outcome := evidence.Passed
	if err != nil {
		outcome, detail = outcomeOf(err), err.Error()
	}
	j.product.Steps = append(j.product.Steps, evidence.Step{
		Name: name, Outcome: outcome, Detail: detail, Seconds: j.now().Sub(started).Round(time.Millisecond).Seconds(),
	})
	j.log.line(j.product.ID, "%s: %s", name, strings.TrimSuffix(fmt.Sprintf("%s: %s", outcome, detail), ": "))
	switch outcome {
	case evidence.Findings:
		j.find(name, err)
	case evidence.Broken:
		j.broken = errors.Join(j.broken, fmt.Errorf("%s: %s: %w", j.product.ID, name, err))
	}
	return err == nil
}

// find files what a step found; the cure is the same for all: the template or its parameters must change.
func (j *journal) find(step string, err error) {
	f := finding.Finding{
		Gate: "launch", Rule: strings.ToUpper(j.action) + "_" + strings.ToUpper(strings.ReplaceAll(step, " ", "_")), Severity: finding.Error,
		Product: j.product.ID, File: "products/" + j.product.ID + "/template.yaml", Message: err.Error(),
		Cure: "correct the template or its parameters, and rehearse with `fleet rehearse`",
	}
	var known *problem
	var failed *cloud.StackError
	switch {
	case errors.As(err, &known):
		f.Cure, f.File = known.cure, cmp.Or(known.file, f.File)
	case errors.As(err, &failed):
		f.Resource = failed.Resource
	}
	f.Fingerprint = finding.Identify(f)
	j.findings = append(j.findings, f)
}

// problem is something wrong with a product that has a cure of its own.
type problem struct {
	what, cure string
	file       string // default the template
}

func (p *problem) Error() string { return p.what }

// outcomeOf tells what is wrong with the product from what is wrong with the environment.
func outcomeOf(err error) evidence.Outcome {
	var (
		stack  *cloud.StackError
		record *cloud.RecordError
		known  *problem
	)
	if errors.As(err, &stack) || errors.As(err, &record) || errors.As(err, &known) {
		return evidence.Findings
	}
	return evidence.Broken
}

// levels adds how the stack's resources were exercised; not knowing it is broken, because nothing may be claimed then.
func (j *journal) levels(ctx context.Context, levels Levels, account, region, stack string) {
	resources, err := levels.Resources(ctx, account, region, stack)
	if err != nil {
		j.broken = errors.Join(j.broken, fmt.Errorf("%s: read how the resources of %s were exercised: %w", j.product.ID, stack, err))
		return
	}
	j.product.Resources = append(j.product.Resources, resources...)
}

// outputs fails unless every promised output has come. One whose condition does not hold under the parameters is not promised.
func outputs(template []byte, in resolve.Input, promised []string, got map[string]string) (string, error) {
	given := promised
	var doc map[string]any
	if json.Unmarshal(template, &doc) == nil {
		if resolved, err := resolve.Resolve(doc, in); err == nil {
			declared, _ := doc["Outputs"].(map[string]any)
			given = slices.DeleteFunc(slices.Clone(promised), func(name string) bool {
				_, isDeclared := declared[name]
				_, isGiven := resolved.Outputs[name]
				return isDeclared && !isGiven
			})
		}
	}
	var absent []string
	for _, name := range given {
		if _, ok := got[name]; !ok {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		return "", &problem{
			what: fmt.Sprintf("outputs %s are absent", strings.Join(absent, ", ")),
			cure: "give each output a value under the product's own parameters",
		}
	}
	return fmt.Sprintf("%d present", len(given)), nil
}

// remove deletes a stack and what it left. A stack that cannot be deleted because of what lies in it is a finding; it is cleared and
// deleted all the same, so that the next push finds a clean account.
//
// The steps' names end in label, so that those of several stacks can be told apart.
func remove(ctx context.Context, j *journal, stacks Stacks, sweeper Sweeper, p bundle.Product, id, role, label string) {
	gone := j.step("delete"+label, func() (string, error) { return "stack deleted", stacks.Delete(ctx, id, role) })
	if !gone {
		gone = j.step("delete again"+label, func() (string, error) {
			return "stack deleted after clearing what held it", errors.Join(clearStuck(ctx, stacks, sweeper, id), stacks.Delete(ctx, id, role))
		})
	}
	if gone {
		j.step("residue"+label, func() (string, error) { return residue(ctx, stacks, sweeper, p, id) })
	}
}

// clearStuck removes the resources that CloudFormation could not delete: buckets that are not empty.
func clearStuck(ctx context.Context, stacks Stacks, sweeper Sweeper, id string) error {
	left, err := stacks.Leftovers(ctx, id)
	for _, r := range left {
		if r.Status == "DELETE_FAILED" {
			err = errors.Join(err, sweeper.Remove(ctx, r))
		}
	}
	return err
}

// residue removes what outlived a deleted stack, and fails for what the product does not declare under retained.
func residue(ctx context.Context, stacks Stacks, sweeper Sweeper, p bundle.Product, stack string) (string, error) {
	left, err := stacks.Leftovers(ctx, stack)
	if err != nil {
		return "", err
	}
	var undeclared []string
	var failures error
	for _, r := range left {
		if !slices.Contains(p.Retained, r.LogicalID) {
			undeclared = append(undeclared, r.LogicalID+" ("+r.Type+")")
		}
		failures = errors.Join(failures, sweeper.Remove(ctx, r))
	}
	switch {
	case failures != nil:
		return "", failures
	case len(undeclared) > 0:
		return "", &problem{
			what: fmt.Sprintf("the deleted stack left %s behind (removed now)", strings.Join(undeclared, ", ")),
			cure: "let the stack delete them, or declare them under retained: in product.yaml",
			file: "products/" + p.ID + "/product.yaml",
		}
	case len(left) > 0:
		return fmt.Sprintf("%d declared resources swept", len(left)), nil
	}
	return "nothing left", nil
}

// collect turns journals into the evidence of an action, products ordered by id.
func collect(e *evidence.Evidence, journals []*journal, now time.Time) error {
	var broken error
	for _, j := range journals {
		e.Products = append(e.Products, j.product)
		e.Findings = append(e.Findings, j.findings...)
		broken = errors.Join(broken, j.broken)
	}
	slices.SortFunc(e.Products, func(a, b evidence.Product) int { return strings.Compare(a.ID, b.ID) })
	finding.Sort(e.Findings)
	e.Finished = now
	e.Outcome = evidence.Passed
	if len(e.Findings) > 0 {
		e.Outcome = evidence.Findings
	}
	if broken != nil {
		e.Outcome = evidence.Broken
	}
	return broken
}

// parallel is how many products are launched at once: what CloudFormation's request limits of an account bear without retries.
const parallel = 6
