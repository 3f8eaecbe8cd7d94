package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dependencies lists every package that a program links.
func dependencies(t *testing.T, program string) []string {
	t.Helper()
	command := exec.Command("go", "list", "-deps", program)
	command.Dir = "../.."
	output, err := command.Output()
	require.NoError(t, err)
	list := strings.Fields(string(output))
	require.NotEmpty(t, list)
	return list
}

func TestTheCommandNeverLinksTheCDK(t *testing.T) {
	forbidden := regexp.MustCompile(`jsii|aws-cdk-go|constructs-go|^accountfleet/(stacks|constructs)|^accountfleet$`)
	for _, dependency := range dependencies(t, "./cmd/fleet") {
		assert.False(t, forbidden.MatchString(dependency), dependency)
	}
}

func TestTheAppNeverLinksTheCommandsHalf(t *testing.T) {
	forbidden := regexp.MustCompile(`^accountfleet/(cmd|internal/(gate|launch|publish|dossier|cleanse|rehearsal|toolbox|doctor|emulator|cloud)(/|$))`)
	for _, dependency := range dependencies(t, ".") {
		assert.False(t, forbidden.MatchString(dependency), dependency)
	}
}
