// Package hooks runs the gates of fleet check where git asks: before a commit, on its message, and before a push.
//
// Install (install.go) writes a folder of small scripts into the repository's private git folder and points core.hooksPath there, which
// holds in every worktree. Each script passes on to the hook that was there before; those of Names then start Run (run.go), which looks
// at what git is about to record or send, never at the working tree: staged content is the tree that the index would make (staged.go),
// a push is every object that the remote lacks (push.go), and a catalog that passed before is not judged again (passed.go). Broken is
// refused like a finding, and says so. Hooks help the engineer who wants help: who skips them by --no-verify meets the same gates in the
// pipeline. Start at Install and Run.
package hooks

// The hooks that check something. A merge without conflicts asks pre-merge-commit instead of pre-commit.
const (
	PreCommit      = "pre-commit"
	PreMergeCommit = "pre-merge-commit"
	CommitMessage  = "commit-msg"
	PrePush        = "pre-push"
)

// Names lists the hooks that check something.
func Names() []string { return []string{PreCommit, PreMergeCommit, CommitMessage, PrePush} }

// passedOn are git's other hooks of a working repository: each is passed on where it existed.
var passedOn = []string{
	"applypatch-msg", "pre-applypatch", "post-applypatch", "prepare-commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge",
	"post-rewrite", "pre-auto-gc", "post-index-change", "reference-transaction", "sendemail-validate", "pre-receive", "update",
	"post-receive", "post-update", "push-to-checkout", "proc-receive", "p4-changelist", "p4-prepare-changelist", "p4-post-changelist",
	"p4-pre-submit",
}
