//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// catalog is a git working copy of a catalog repository, as an engineer has it.
type catalog struct {
	t   *testing.T
	dir string
}

// seeded are the products of the seed that are pushed here: those of the required services, one of a whole organization and one that an
// organizational unit gets. All of the seed is what make rehearse pushes; here it would only cost time at each push.
var seeded = []string{"guardduty", "security-hub", "config-recorder", "organizational-units", "encrypted-bucket"}

// seed copies part of the repository's seed catalog into a new working copy and commits it.
func seed(t *testing.T) *catalog {
	t.Helper()
	c := &catalog{t: t, dir: t.TempDir()}
	require.NoError(t, os.CopyFS(c.dir, os.DirFS(filepath.Join("..", "catalog"))))
	products, err := os.ReadDir(filepath.Join(c.dir, "products"))
	require.NoError(t, err)
	for _, product := range products {
		if !slices.Contains(seeded, product.Name()) {
			c.remove("products/" + product.Name())
		}
	}
	c.git("init", "--quiet", "--initial-branch", "main")
	c.commit("Seed")
	return c
}

// git runs git in the working copy, under a name of its own.
func (c *catalog) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", c.dir, "-c", "user.name=Engineer", "-c", "user.email=engineer@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(c.t, err, "git %s: %s", strings.Join(args, " "), out)
	return strings.TrimSpace(string(out))
}

// write puts a file of the catalog.
func (c *catalog) write(path, body string) {
	c.t.Helper()
	file := filepath.Join(c.dir, filepath.FromSlash(path))
	require.NoError(c.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(c.t, os.WriteFile(file, []byte(body), 0o644))
}

// remove takes a file or folder away.
func (c *catalog) remove(path string) {
	c.t.Helper()
	require.NoError(c.t, os.RemoveAll(filepath.Join(c.dir, filepath.FromSlash(path))))
}

// commit commits everything and returns the commit's id.
func (c *catalog) commit(message string) string {
	c.t.Helper()
	c.git("add", "--all")
	c.git("commit", "--quiet", "--allow-empty", "--message", message)
	return c.git("rev-parse", "HEAD")
}

// note is a small product with one cheap resource, whose parts a test may change before it is written.
type note struct {
	id, version  string
	portfolios   string
	parameters   string // block under parameters: in product.yaml, with its indentation
	template     string
	tests        string
	feature      string
	changeNotice string
}

// newNote is a product that passes every stage.
func newNote(id, version string) note {
	return note{
		id: id, version: version, portfolios: "[baseline]", changeNotice: "First version",
		template: noteTemplate("hello"),
		tests: `project:
  name: ` + id + `
tests:
  defaults:
    template: template.yaml
    regions: [eu-central-1]
`,
		feature: `Feature: A note holds one value

  Scenario: There is one
    Given the template of product "` + id + `"
    Then there are 1 AWS::SSM::Parameter
    And the output "NoteName" refers to "Note"
`,
	}
}

// noteTemplate is a template with one SSM parameter whose text is by default text.
func noteTemplate(text string) string {
	return `AWSTemplateFormatVersion: "2010-09-09"
Description: Note - one value that others can read
Parameters:
  Text:
    Type: String
    Default: ` + text + `
    Description: The value.
Resources:
  Note:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Ref Text
Outputs:
  NoteName:
    Description: Name of the parameter
    Value: !Ref Note
`
}

// add writes a note into the catalog.
func (c *catalog) add(n note) {
	c.t.Helper()
	folder := "products/" + n.id + "/"
	manifest := fmt.Sprintf(`name: Note %s
description: One value that others can read
owner: Platform team
support:
  email: platform@example.com
version: %s
notes: %s
portfolios: %s
scope: account
`, n.id, n.version, n.changeNotice, n.portfolios)
	if n.parameters != "" {
		manifest += "parameters:\n" + n.parameters
	}
	c.write(folder+"product.yaml", manifest)
	c.write(folder+"template.yaml", n.template)
	c.write(folder+".taskcat.yml", n.tests)
	c.write(folder+"features/"+n.id+".feature", n.feature)
}
