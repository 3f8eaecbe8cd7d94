package rehearsal

import "time"

// EventKind says what happened.
type EventKind int

// What an observer is told, in the order in which it happens.
const (
	StepStarted   EventKind = iota // preparing: a deployment, a push
	StepEnded                      //
	StageStarted                   //
	StageEnded                     //
	ActionStarted                  //
	ActionEnded                    //
	Note                           // something worth saying
)

// Event is one step of progress, for people who wait.
type Event struct {
	Kind    EventKind
	Stage   string
	Action  string // action, or the name of a step
	Outcome Outcome
	Text    string
	Log     string // log file, where there is one
	Elapsed time.Duration
}
