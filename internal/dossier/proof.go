package dossier

import (
	"fmt"
	"strings"

	"accountfleet/internal/bundle"
	"accountfleet/internal/evidence"
)

// Proof is what one action did with a product.
type Proof struct {
	Action  string
	What    string // for people
	Outcome evidence.Outcome
	Why     string // why it was not run or did not pass
	Steps   []evidence.Step
	Levels  Levels
	Types   []TypeLevel
}

// Levels counts resources by how they were exercised.
type Levels struct{ Launched, Emulated, Modelled int }

// TypeLevel is a resource type and how it was exercised.
type TypeLevel struct {
	Type  string
	Level evidence.Level
	Count int
}

// Gate is a check of Alpha and how much it looked at.
type Gate struct {
	Action, Name, Tool string
	Outcome            evidence.Outcome
	Counted            int
	Unit, Detail       string
}

// exercised are the actions that launch products, in order.
var exercised = []struct{ action, what string }{
	{"Provision", "deployed to the test account"},
	{"IntegrationTests", "TaskCat tests in the test regions"},
	{"Consume", "launched by an end user through Service Catalog, in the gamma account"},
}

// proofs says for every action that launches products what it did with this one; an action that says nothing of it is named too.
func proofs(p bundle.Product, all []evidence.Evidence) []Proof {
	var list []Proof
	for _, action := range exercised {
		proof := Proof{Action: action.action, What: action.what, Outcome: evidence.Broken, Why: "there is no evidence of it"}
		for _, e := range all {
			if e.Action != action.action {
				continue
			}
			for _, skipped := range e.NotRun {
				if strings.Contains(" "+skipped.What+" ", " "+p.ID+" ") {
					proof.Outcome, proof.Why = evidence.Outcome(evidence.NotRun), skipped.Why
				}
			}
			for _, product := range e.Products {
				// a product that was only checked has no resources: its reason stands
				if product.ID == p.ID && product.Version == p.Candidate().Version && len(product.Resources) > 0 {
					proof.fill(product)
				}
			}
		}
		list = append(list, proof)
	}
	return list
}

func (p *Proof) fill(product evidence.Product) {
	p.Outcome, p.Why, p.Steps = evidence.Passed, "", product.Steps
	for _, step := range product.Steps {
		if step.Outcome != evidence.Passed && p.Outcome == evidence.Passed {
			p.Outcome, p.Why = step.Outcome, step.Name+": "+step.Detail
		}
	}
	index := map[TypeLevel]int{}
	for _, r := range product.Resources {
		switch r.Level {
		case evidence.Launched:
			p.Levels.Launched++
		case evidence.Emulated:
			p.Levels.Emulated++
		case evidence.Modelled:
			p.Levels.Modelled++
		}
		key := TypeLevel{Type: r.Type, Level: r.Level}
		i, ok := index[key]
		if !ok {
			i = len(p.Types)
			index[key] = i
			p.Types = append(p.Types, key)
		}
		p.Types[i].Count++
	}
}

// gates are the checks of the actions that do not launch.
func gates(all []evidence.Evidence) []Gate {
	var list []Gate
	for _, e := range all {
		for _, c := range e.Checks {
			list = append(list, Gate{Action: e.Action, Name: c.Name, Tool: c.Tool, Outcome: c.Outcome, Counted: c.Counted, Unit: c.Unit, Detail: c.Detail})
		}
	}
	return list
}

// sum adds the levels of all proofs.
func sum(products []Product) Levels {
	var total Levels
	for _, p := range products {
		for _, proof := range p.Proofs {
			total.Launched += proof.Levels.Launched
			total.Emulated += proof.Levels.Emulated
			total.Modelled += proof.Levels.Modelled
		}
	}
	return total
}

// proofSentence says how the products were exercised, and never more than was.
func proofSentence(page *Page) string {
	total := sum(page.Products)
	var parts []string
	for _, level := range []struct {
		n    int
		what string
	}{
		{total.Launched, "launched on AWS"}, {total.Emulated, "emulated"}, {total.Modelled, "modelled"},
	} {
		if level.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", level.n, level.what))
		}
	}
	if len(parts) == 0 {
		return "No resource was exercised."
	}
	sentence := "Resources exercised: " + strings.Join(parts, ", ")
	if n := len(page.NotRun); n > 0 {
		sentence += fmt.Sprintf("; %d %s not run", n, plural(n, "check or launch was", "checks or launches were"))
	}
	return sentence + "."
}
