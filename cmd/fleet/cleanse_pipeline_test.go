package main

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
)

func TestAPipelinesCleansingDeactivatesKeysOnlyIfTheSettingsAskForIt(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	base, err := cloud.Open(t.Context(), "eu-west-1")
	require.NoError(t, err)
	for choice, want := range map[config.LeakedAccessKeys]bool{config.ReportKeys: false, config.DeactivateKeys: true} {
		s := &config.Settings{Name: "fleet", LeakedAccessKeys: choice, Source: config.Source{Repository: "fleet-catalog"}}
		o, err := cleansePipelineOptions(&IO{Err: io.Discard}, s, base, "e1")
		require.NoError(t, err)
		assert.Equal(t, want, o.Keys != nil, choice)
	}
}
